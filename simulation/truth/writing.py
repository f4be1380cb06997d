"""The truth files: every outcome due, every table due, and the rows due to each city."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from simulation.table import Table
from simulation.world.places import city_of

OUTCOME_COLUMNS = ["outcome", "source", "file", "row", "kind", "rule", "database", "subject", "attribute"]


class Truth:
    """Writes `truth/` while the files are being written.

    A table due lies at `<its place in the lake>.csv`: the columns that it is known by, and nothing as an empty cell.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: list[Any] = []
        self._outcomes = self._open("outcomes", OUTCOME_COLUMNS)
        self._tables: dict[str, pacsv.CSVWriter] = {}
        self.conflicts: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.findings: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)

    def __enter__(self) -> Truth:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in (*self._files, *self._tables.values()):
            file.close()

    def _open(self, name: str, header: list[str]) -> Any:
        file = (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
        self._files.append(file)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        return writer

    def rows(self, table: Table, file: str, rows: list[int], first: int) -> None:
        """The outcomes due for one file's rows, the first of which has the number `first`."""
        numbers = {row: at for at, row in enumerate(rows, first)}
        for mark in table.marks:
            if mark.row in numbers:
                number = numbers[mark.row]
                self._outcomes.writerow([mark.outcome, table.source, file, number, mark.kind, mark.rule, "", "", ""])

    def file(self, outcome: str, source: str, file: str, kind: str, rule: str = "") -> None:
        """An outcome due for a whole file."""
        self._outcomes.writerow([outcome, source, file, "", kind, rule, "", "", ""])

    def conflict(self, database: str, subject: str, attribute: str, kind: str) -> None:
        """Sources that disagree on an attribute."""
        self.conflicts[database].add((subject, attribute))
        self._outcomes.writerow(["conflict", "", "", "", kind, "", database, subject, attribute])

    def finding(self, database: str, rule: str, subject: str, kind: str | None = None, *, rows: int = 1) -> None:
        """A rule across tables that is broken, by so many rows at fault."""
        self.findings[database][rule, subject] += rows
        self._outcomes.writerow(["finding", "", "", "", kind or rule, rule, database, subject, ""])

    def forget(self, database: str) -> None:
        """The block is done: what was planted in it is needed no more."""
        self.conflicts[database].clear()
        self.findings[database].clear()

    def check_conflicts(self, database: str, found: set[tuple[str, str]]) -> None:
        """The simulation must have planted every disagreement that its own records show, and no other."""
        planted = self.conflicts[database]
        if planted != found:
            raise AssertionError(f"{database}: not as planted: {sorted(planted ^ found)[:5]}")

    def table(self, place: str, columns: Mapping[str, Sequence[str | None]]) -> None:
        """More rows of a table due, which lies at `place` in the lake."""
        part = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        if place not in self._tables:
            path = self.folder / f"{place}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._tables[place] = pacsv.CSVWriter(path, part.schema)
        self._tables[place].write_table(part)

    def returned(self, place: str, regions: Iterable[str | None], columns: Mapping[str, Sequence[str | None]]) -> None:
        """Which of the rows belong to a city, by the region of each: `columns` are those that the rows are known by."""
        cities = [city_of(region) for region in regions]
        due = pa.array([city is not None for city in cities])
        rows = pa.table(
            {"city": pa.array(cities, pa.string())} | {n: pa.array(v, pa.string()) for n, v in columns.items()}
        )
        part = rows.filter(due)
        self.table(f"returns/{place}", {name: part.column(name) for name in part.column_names})
