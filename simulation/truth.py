"""The truth files: every outcome due, the golden records due, and the rows due to each city."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from simulation.regions import CITIES, city_of
from simulation.table import Table

OUTCOME_COLUMNS = ["outcome", "source", "file", "row", "kind", "rule", "database", "subject", "attribute"]


class Truth:
    """Writes `truth/` while the files are being written."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: list[Any] = []
        self._outcomes = self._open("outcomes", OUTCOME_COLUMNS)
        self._golden: dict[str, Any] = {}
        self._returns: dict[str, Counter[str]] = {}
        self.conflicts: set[tuple[str, str, str]] = set()

    def __enter__(self) -> Truth:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._write_returns()
        for file in self._files:
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
        self.conflicts.add((database, subject, attribute))
        self._outcomes.writerow(["conflict", "", "", "", kind, "", database, subject, attribute])

    def finding(self, database: str, rule: str, subject: str, kind: str | None = None) -> None:
        """A rule across tables that is broken."""
        self._outcomes.writerow(["finding", "", "", "", kind or rule, rule, database, subject, ""])

    def check_conflicts(self, database: str, found: set[tuple[str, str]]) -> None:
        """The simulation must have planted every disagreement that its own records show, and no other."""
        planted = {(subject, attribute) for planted_in, subject, attribute in self.conflicts if planted_in == database}
        if planted != found:
            raise AssertionError(f"{database}: not as planted: {sorted(planted ^ found)[:5]}")
        self.conflicts -= {(database, *pair) for pair in planted}

    def golden(self, table: str, header: list[str], records: Iterable[list[str | None]], scope: str) -> None:
        """Golden records due; `scope` is the attribute that says which city gets the record."""
        if table not in self._golden:
            self._golden[table] = self._open(f"golden_{table}", header)
            self._returns[table] = Counter()
        at = header.index(scope)
        for record in records:
            self._golden[table].writerow(record)
            city = city_of(record[at])
            if city:
                self._returns[table][city] += 1

    def _write_returns(self) -> None:
        writer = self._open("returns", ["city", "table", "rows"])
        for city in CITIES:
            for table in sorted(self._returns):
                writer.writerow([city, table, self._returns[table][city]])
