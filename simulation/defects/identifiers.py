"""Oddities of numbers of any kind: what spreadsheets and web pages put around them."""

from __future__ import annotations

from collections.abc import Callable

from simulation.planting import accepted

# Excel's mark of text, and directions of writing.
MARKS: list[Callable[[str], str]] = [
    lambda text: "'" + text,
    lambda text: "\u200e" + text,
    lambda text: f"\u202a{text}\u202c",
    lambda text: text + "\u2060",
    lambda text: f"\u202d{text}\u202c",
    lambda text: f" '\u200e{text}",
    lambda text: f"\u202b{text}\u202c",
]
WITH_MARKS = accepted("identifier_with_marks", *MARKS, of_due=True)
