"""Rows above the header: titles and captions of spreadsheets that people made for reading."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipelines.readers import Problem, UnreadableFile
from pipelines.readers.text import open_text
from pipelines.storage.scratch import Scratch

MOST = 5
_ROW = re.compile(rb"<(?:\w+:)?row\b(?:[^>]*/>|[^>]*>.*?</(?:\w+:)?row>)", re.DOTALL)
_NUMBER = re.compile(rb'^[^>]*\br="([0-9]+)"')
_CELL = re.compile(rb"<(?:\w+:)?[vt]\b[^>]*>[^<]")
_SHEET = re.compile(r"xl/worksheets/[^/]+[.]xml", re.IGNORECASE)
_PEEK = 1024 * 1024


@contextmanager
def without_first_row(path: Path) -> Iterator[tuple[Path, int]]:
    """A copy of a CSV or XLSX file, of the same name, without its first row that holds anything; and that row's number.

    Rows of a workbook keep their numbers. Raises UnreadableFile where there is no such row.
    """
    with Scratch() as folder:
        copy = Path(folder) / path.name
        yield copy, (_workbook if zipfile.is_zipfile(path) else _text)(path, copy)


def _text(path: Path, copy: Path) -> int:
    _, text = open_text(path)
    chunks = iter(text)
    start = next(chunks, b"").decode("utf-8", "replace")
    lines = io.StringIO(start, newline="")
    records = csv.reader(lines)
    first: list[str] = []
    while not any(cell.strip(" \t;|，") for cell in first):
        first = next(records, ["end"])
    with copy.open("wb") as below:
        below.write(start[lines.tell() :].encode())
        for chunk in chunks:
            below.write(chunk)
    return records.line_num - sum(cell.count("\n") for cell in first)


def _workbook(path: Path, copy: Path) -> int:
    """Every sheet loses its first row: which one is read is for the reader to say."""
    numbers: list[int] = []
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as below:
        for entry in package.infolist():
            with package.open(entry) as content, below.open(entry.filename, "w", force_zip64=True) as written:
                if _SHEET.fullmatch(entry.filename):
                    numbers += _sheet(content, written)
                shutil.copyfileobj(content, written)
    if not numbers:
        raise UnreadableFile(Problem(path.name, "no sheet holds a row", "deliver the workbook with its rows"))
    return numbers[0]


def _sheet(content: IO[bytes], written: IO[bytes]) -> list[int]:
    start = content.read(_PEEK)
    rows = (row for row in _ROW.finditer(start) if _CELL.search(row[0]))
    if not (row := next(rows, None)):
        written.write(start)
        return []
    written.write(start[: row.start()] + start[row.end() :])
    number = _NUMBER.search(row[0])
    return [int(number[1]) if number else 1]
