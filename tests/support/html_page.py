"""An HTML page as a test reads it: links, loads, headings, tables and text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


@dataclass
class Page(HTMLParser):
    """What a page holds, as a browser would find it."""

    path: Path
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    language: str | None = None
    texts: list[str] = field(default_factory=list)
    headers_without_scope: int = 0
    _cell: list[str] | None = None
    _caption: list[str] | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        if tag in ("link", "script", "img", "iframe", "source", "object"):
            self.loads.append(attributes.get("href") or attributes.get("src") or attributes.get("data") or tag)
        if tag == "html":
            self.language = attributes.get("lang")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append({"caption": None, "rows": []})
        if tag == "caption":
            self._caption = []
        if tag == "tr":
            self.tables[-1]["rows"].append([])
        if tag in ("th", "td"):
            self._cell = []
            self.headers_without_scope += tag == "th" and "scope" not in attributes

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._cell is not None:
            self.tables[-1]["rows"][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        if tag == "caption" and self._caption is not None:
            self.tables[-1]["caption"] = "".join(self._caption).strip()
            self._caption = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        for open_part in (self._cell, self._caption):
            if open_part is not None:
                open_part.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def table(self, first_header: str, *headers: str) -> list[dict[str, str]]:
        """Rows of the first table with these headers, by header."""
        for table in self.tables:
            head, *rows = table["rows"]
            if head[0] == first_header and set(headers) <= set(head):
                return [dict(zip(head, row, strict=True)) for row in rows if len(row) == len(head)]
        raise AssertionError(f"{self.path.name} has no table {first_header}, {headers}")
