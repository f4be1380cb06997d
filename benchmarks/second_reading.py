"""Delivered files read by other programs than the pipeline's readers, to hold raw's cells against.

Each reading gives rows by their numbers, as the pipeline counts them; a row is what its cells are called and hold.
None stands for a file, a row or a cell that the other program cannot say anything about.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import duckdb
import openpyxl

Reading = Mapping[int, Mapping[str, str | None] | None]
# What editions of GB18030 decode otherwise, and what is no character at all: said of them is nothing.
_UNSURE = re.compile("[\ufffd\ue78d-\ue864\u1e3f\ufe10-\ufe19\u9fb4-\u9fbb\U0010f000-\U0010ffff\0]")
_LAX = re.compile(r",\s*([}\]])")


def second_reading(content: bytes, batch: Mapping[str, Any], scratch: str) -> Reading | None:
    """What another program reads in a file that the pipeline took for `batch["format"]`."""
    try:
        match batch["format"]:
            case "csv":
                return _csv(content, batch["encoding"], batch["delimiter"])
            case "jsonl":
                return _json_lines(content, batch["encoding"])
            case "parquet":
                return _parquet(content, scratch)
            case "xlsx":
                return _workbook(content)
    except Exception:  # whatever another program gives up on
        return None
    return None


def _text(content: bytes, encoding: str) -> str:
    return content.decode(encoding, "replace").removeprefix("\ufeff")


def _csv(content: bytes, encoding: str, delimiter: str) -> Reading:
    records = csv.reader(io.StringIO(_text(content, encoding), newline=""), delimiter=delimiter)
    numbered = [(number, record) for number, record in enumerate(records, 1) if record]
    (_, header), *rows = numbered
    return {number: _row(header, cells) for number, cells in rows}


def _row(header: list[str], cells: list[str]) -> dict[str, str | None] | None:
    if len(cells) != len(header) or _UNSURE.search("".join(cells)):
        return None
    return dict(zip(header, cells, strict=True))


def _json_lines(content: bytes, encoding: str) -> Reading:
    lines = _text(content, encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {number: _members(line) for number, line in enumerate(lines, 1) if line.strip(" \t\n")}


def _members(line: str) -> dict[str, str | None] | None:
    if _UNSURE.search(line):
        return None
    for spelling in (line, _LAX.sub(r"\1", line)):
        try:
            found = json.loads(spelling, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        return {key: _cell(value) for key, value in found.items()} if isinstance(found, dict) else None
    return None


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else value if isinstance(value, str) else "…"


def _parquet(content: bytes, scratch: str) -> Reading:
    with open(scratch, "wb") as file:
        file.write(content)
    with duckdb.connect() as connection:
        names = [row[0] for row in connection.execute("DESCRIBE FROM read_parquet(?)", [scratch]).fetchall()]
        casts = ", ".join('CAST("' + name.replace('"', '""') + '" AS VARCHAR)' for name in names)
        rows = connection.execute(f"SELECT {casts} FROM read_parquet(?)", [scratch]).fetchall()
    return {number: dict(zip(names, cells, strict=True)) for number, cells in enumerate(rows, 1)}


def _workbook(content: bytes) -> Reading:
    sheet = openpyxl.load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
    (_, header), *rows = [
        (number, cells)
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1)
        if any(cell is not None for cell in cells)
    ]
    names = [str(cell) for cell in header]
    return {number: {name: str(cell or "") for name, cell in zip(names, cells, strict=True)} for number, cells in rows}
