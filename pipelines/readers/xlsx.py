"""XLSX: the sheet that has the declared headers, every cell as text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declarations.contract import Contract
from pipelines.readers import header as headers
from pipelines.readers.cells import Column, assemble, json_objects
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile

BATCH_ROWS = 65_536
_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ERRORS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}
_UNPACKED_LIMIT = 4 * 1024**3


class XlsxDelivery(Delivery):
    """One sheet of a workbook. Rows are numbered as Excel shows them; empty rows are skipped.

    A number of more than 15 digits comes as Excel holds it: what Excel has rounded away is gone.
    """

    format = "xlsx"

    def __init__(self, path: Path, contract: Contract) -> None:
        _check_package(path)
        try:
            book = fastexcel.read_excel(path)
            sheets = {name: _Sheet(book, name) for name in book.sheet_names}
        except fastexcel.FastExcelError as error:
            raise _damaged(path.name) from error
        filled = {name: sheet for name, sheet in sheets.items() if sheet.header}
        if not filled:
            raise UnreadableFile(
                Problem(path.name, "no sheet of the workbook holds anything", "deliver the workbook with its rows")
            )
        name = max(filled, key=lambda one: headers.recognised(filled[one].header, contract))
        self._sheet = filled[name]
        super().__init__(path, contract, self._sheet.header)
        self._matched = headers.match(path.name, self.header, contract)
        unknown = self._matched.unknown
        self._matched = headers.Matched(
            self._matched.columns, {at: key for at, key in unknown.items() if self.header[at] or self._sheet.filled(at)}
        )
        headers.note_unknown(self, [self.header[at] for at in self._matched.unknown])
        self._note_other_sheets([one for one in filled if one != name], name)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        table, unknown = self._sheet.rows, self._matched.unknown
        numbers = np.arange(table.num_rows) + self._sheet.header_row + 1
        for start in range(0, table.num_rows, BATCH_ROWS):
            columns: list[Column] = table.slice(start, BATCH_ROWS).columns
            filled = _any_filled(columns)
            columns = [column.filter(filled) for column in columns]
            rows = pa.array(numbers[start : start + BATCH_ROWS], pa.int64()).filter(filled)
            extra = json_objects(list(unknown.values()), [columns[at] for at in unknown]) if unknown else None
            yield assemble(self.schema, rows, {n: columns[at] for n, at in self._matched.columns.items()}, extra)

    def _note_other_sheets(self, others: list[str], name: str) -> None:
        if others:
            self.note(
                f"only the sheet {name} is read; the sheets {', '.join(others)} hold rows too",
                "deliver one table per file, or remove the other sheets",
            )


class _Sheet:
    """A sheet's header (its first row that is not empty) and what follows."""

    def __init__(self, book: fastexcel.ExcelReader, name: str) -> None:
        # skip_rows=0: the default drops empty rows at the beginning, and row numbers would not be Excel's.
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        table = _with_errors(*sheet.to_arrow_with_errors())
        filled: list[int] = []
        if table.num_columns:
            filled = np.flatnonzero(_any_filled(table.columns).to_numpy(zero_copy_only=False))[:1].tolist()
        place = filled[0] if filled else 0
        self.header_row = place + 1
        self.header = [column[place].as_py() or "" for column in table.columns] if filled else []
        self.rows = table.slice(place + 1)

    def filled(self, position: int) -> bool:
        return self.rows.column(position).null_count < self.rows.num_rows


def _with_errors(table: pa.RecordBatch, errors: fastexcel.CellErrors | None) -> pa.RecordBatch:
    """Cells that hold an error come as NULL: give them the text that Excel shows."""
    by_column: dict[int, dict[int, str]] = {}
    for error in errors.errors if errors else []:
        row, column = error.offset_position
        shown = next((text for name, text in _ERRORS.items() if f"({name})" in error.detail), "#ERROR")
        by_column.setdefault(column, {})[row] = shown
    for at, cells in by_column.items():
        column = table.column(at).to_numpy(zero_copy_only=False)
        column[list(cells)] = list(cells.values())
        table = table.set_column(at, table.schema.field(at), pa.array(column, pa.string()))
    return table


def _any_filled(columns: list[Column]) -> Column:
    filled = pc.is_valid(columns[0])
    for column in columns[1:]:
        filled = pc.or_(filled, pc.is_valid(column))
    return filled


def _check_package(path: Path) -> None:
    """Refuse, each with its own message, what is no readable XLSX package."""
    with path.open("rb") as content:
        start = content.read(512).lstrip()
        if start.startswith(_OLE2):
            content.seek(0)
            raise _old_or_encrypted(path.name, _holds(content.read(64 * 1024 * 1024)))
    if not start.startswith(b"PK"):
        raise UnreadableFile(
            Problem(
                path.name,
                "the file is no Excel workbook, whatever its suffix says"
                + (" (it is a web page or XML)" if start.startswith(b"<") else ""),
                "open it in Excel and save it as .xlsx, or deliver text as .csv",
            )
        )
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path.name) from error
    if "xl/workbook.xml" not in {entry.filename.lower() for entry in entries}:
        raise UnreadableFile(
            Problem(path.name, "the file is a ZIP archive, no Excel workbook", "unpack it and deliver what is in it")
        )
    if sum(entry.file_size for entry in entries) > _UNPACKED_LIMIT:
        raise UnreadableFile(
            Problem(path.name, "the workbook unpacks to more than 4 GB", "deliver such tables as CSV or Parquet")
        )


def _holds(content: bytes) -> bool:
    return _ENCRYPTED in content


def _old_or_encrypted(file: str, encrypted: bool) -> UnreadableFile:
    if encrypted:
        return UnreadableFile(
            Problem(file, "the workbook is protected by a password", "remove the password in Excel and send it again")
        )
    return UnreadableFile(
        Problem(file, "the file is in the old Excel format (.xls)", "open it in Excel, save it as .xlsx and send that")
    )


def _damaged(file: str) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file,
            "the workbook is damaged or truncated",
            "compare its size with the sender's, check that Excel opens it, and send it again",
        )
    )
