"""What a reader of Chinese reads on a page: its text without code, names and what is marked as English."""

from __future__ import annotations

import html
import re

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"\b[A-Za-z]+(?:[ ,;:]+[A-Za-z]+){3,}")
NOT_READ = re.compile(r'<(style|code|pre)\b.*?</\1>|<span lang="en">.*?</span>|<title>.*?</title>', re.DOTALL)
NAMES = re.compile(r"Great Expectations|Data Docs")


def english_sentences(text: str) -> list[str]:
    """Four words of English, or more, in a row."""
    return SENTENCE.findall(NAMES.sub("…", text))


def read_text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "\n", NOT_READ.sub("", page)))
