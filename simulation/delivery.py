"""Putting tables into the landing zone as files, with the truth about their rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulation.contracts import contract
from simulation.files import write_csv, write_jsonl, write_parquet, write_xlsx
from simulation.sources import sources
from simulation.table import DRIFTED, UNDATED, Table
from simulation.truth.writing import Truth

_DAYS = ["20260401", "20260401", "20260630", "20260630", "20260630"]
_OFFICES = ["", "_旗县", "", "_无更新时间", "_零星"]


class Landing:
    """The folder that agencies deliver to."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        self.folder = folder
        self.truth = truth

    def deliver(self, table: Table, block: int) -> None:
        """One file for each part of the table that has rows."""
        for part, rows in table.rows_by_part():
            name = f"{sources()[table.source].title}_{_DAYS[part]}_{block + 1:03}{_OFFICES[part]}"
            columns = sources()[table.source].layout(drifted=part == DRIFTED)
            if part == UNDATED:
                columns = {column: header for column, header in columns.items() if column != table.version}
            file = self.deliver_file(table, rows, name, columns)
            if part == DRIFTED:
                self.truth.file("accept", table.source, file, "header_drift")

    def deliver_beside(self, table: Table, about: str) -> None:
        """All rows in one file that is named after whom they are about."""
        source = sources()[table.source]
        rows = [row for row in range(len(table)) if row not in table.absent]
        self.deliver_file(table, rows, f"{source.title}_{_DAYS[0]}_{about}", source.layout())

    def deliver_file(self, table: Table, rows: list[int], name: str, columns: dict[str, str]) -> str:
        """One file of the given rows; gives its name."""
        form = sources()[table.source].form
        path = self._path(table.source, name + form.suffix)
        present = {column: header for column, header in columns.items() if column in table.sent}
        headers = list(present.values())
        records = _records(table, rows, list(present))
        match form.suffix:
            case ".xlsx":
                write_xlsx(path, headers, records)
            case ".jsonl":
                write_jsonl(path, headers, records)
            case ".parquet":
                elements = contract(table.source).elements
                cells = [[table.sent[name][row] for row in rows] for name in present]
                write_parquet(path, headers, [elements.get(name, "text") for name in present], cells)
            case _:
                write_csv(path, form, headers, records)
        self.truth.rows(table, path.name, rows, 1 if form.suffix in (".jsonl", ".parquet") else 2)
        return path.name

    def copy(self, source: str, name: str, other: str) -> None:
        """The same bytes under another name."""
        self._path(source, other).write_bytes(self._path(source, name).read_bytes())

    def _path(self, source: str, name: str) -> Path:
        folder = self.folder / source
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name


def _records(table: Table, rows: list[int], columns: list[str]) -> Iterator[Any]:
    cells = [table.sent[column] for column in columns]
    for row in rows:
        yield [values[row] for values in cells], table.broken.get(row)
