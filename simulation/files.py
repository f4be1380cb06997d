"""Writing records as the agencies do: CSV of any encoding, XLSX, JSON lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from simulation.source import Format
from simulation.table import Broken, Cell
from simulation.world.names import SINCE_2022

Records = Iterable[tuple[list[Any], Broken | None]]
# Stands for bytes that no encoding knows; written as ASCII, so it never splits a character of two or four bytes.
_NO_CHARACTER = "@@NO@@"
_CREATED = datetime(2026, 6, 30)
_DATES = {"date", "past_date", "end_date"}


def write_csv(path: Path, form: Format, headers: list[str], records: Records) -> None:
    """A delimited file, with records too long, too short or undecodable where so broken."""
    with path.open("wb") as file:
        for block in _csv_blocks(form, headers, records):
            file.write(block)


def _csv_blocks(form: Format, headers: list[str], records: Records) -> Iterable[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=form.delimiter, lineterminator=form.line_end)
    writer.writerow(headers)
    if form.encoding == "utf-8-sig":
        yield b"\xef\xbb\xbf"
    encoding = form.encoding.removesuffix("-sig")
    for cells, broken in records:
        writer.writerow(_broken_cells(cells, broken) if broken else cells)
        if text.tell() > 1 << 22:
            yield _encoded(text, encoding)
    yield _encoded(text, encoding)


def _encoded(text: io.StringIO, encoding: str) -> bytes:
    plain = text.getvalue()
    if encoding == "gb18030":
        # Python's codec is that of 2005.
        for sign, before in SINCE_2022.items():
            plain = plain.replace(sign, before)
    data = plain.encode(encoding)
    text.seek(0)
    text.truncate()
    return data.replace(_NO_CHARACTER.encode(), b"\xff\xff")


def _broken_cells(cells: list[Any], broken: Broken) -> list[Any]:
    if broken is Broken.TOO_MANY_CELLS:
        return [*cells, "1", ""]
    if broken is Broken.TOO_FEW_CELLS:
        return cells[:-3]
    return [cells[0], _NO_CHARACTER, *cells[2:]]


def write_jsonl(path: Path, headers: list[str], records: Records) -> None:
    """One JSON object a line, empty values as null; broken lines are cut off or hold no object."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, (cells, broken) in enumerate(records):
            line = json.dumps(
                {head: cell if cell != "" else None for head, cell in zip(headers, cells, strict=True)},
                ensure_ascii=False,
            )
            if broken:
                line = line[: len(line) // 2] if number % 2 else f"[{number}]"
            file.write(line + "\n")


def write_xlsx(path: Path, headers: list[str], records: Records) -> None:
    """A workbook of text cells; a cell given as a number or a date becomes one."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"created": _CREATED})
        sheet = book.add_worksheet("数据")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, cells in enumerate([headers, *(cells for cells, _ in records)]):
            for at, cell in enumerate(cells):
                if isinstance(cell, Cell):
                    # The formula of a workbook that a program wrote and no spreadsheet has calculated yet.
                    sheet.write_formula(row, at, "=Z1", value=cell.value if cell is Cell.ERROR else "")
                elif isinstance(cell, date):
                    sheet.write_datetime(row, at, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(row, at, cell)
                elif cell != "":
                    sheet.write_string(row, at, cell)


def write_parquet(path: Path, headers: list[str], elements: list[str], columns: list[list[str]]) -> None:
    """Dates as dates and moments as timestamps, as a database exports them."""
    arrays = [_parquet_column(element, values) for element, values in zip(elements, columns, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, names=headers), path)


def _parquet_column(element: str, values: list[str]) -> Any:
    if element in _DATES:
        return pa.array(np.array([value or "NaT" for value in values], dtype="datetime64[D]"))
    if element == "datetime":
        return pa.array(np.array([value.replace(" ", "T") for value in values], dtype="datetime64[us]"))
    return pa.array([value or None for value in values], pa.string())
