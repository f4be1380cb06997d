"""Which rows stand in each register once every file is in, and which keys its agency has withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulation.contracts import OPERATION, contract
from simulation.table import Table

# Agencies write Beijing time.
_OFFSET = "+08:00"
INSTANTS = ("datetime", "birth_time")  # elements
_AT_RECEIPT = "9999"  # later than every moment that a file states


@dataclass(frozen=True)
class Standing:
    """The latest accepted row of each key: those that stand, and those that withdraw their key."""

    table: Table
    rows: list[int]
    withdrawn: list[int]

    def values(self, name: str) -> list[str | None]:
        """A column of the rows that stand, nothing as None."""
        column = self.table.column(name)
        return [column[row] or None for row in self.rows]

    def moments(self) -> list[str | None]:
        """The version of each row that stands."""
        version = contract(self.table.source).version
        return self.values(version) if version else [None] * len(self.rows)

    def warnings(self) -> list[tuple[str, ...]]:
        """The warnings that the rows that stand were planted with."""
        planted: dict[int, tuple[str, ...]] = {}
        for mark in self.table.marks:
            if mark.outcome == "flag":
                planted[mark.row] = (*planted.get(mark.row, ()), mark.rule)
        return [planted.get(row, ()) for row in self.rows]

    def columns(self) -> dict[str, list[str | None]]:
        """Every declared column of the rows that stand; instants with their offset."""
        layout = contract(self.table.source)
        names = [name for name in (*layout.headers, *layout.split) if name != OPERATION]
        columns = {name: self.values(name) for name in names}
        instants = [name for name in names if layout.elements[name] in INSTANTS]
        return columns | {name: [moment and moment + _OFFSET for moment in columns[name]] for name in instants}

    def withdrawn_keys(self) -> dict[str, list[str | None]]:
        """The keys that were withdrawn."""
        key = contract(self.table.source).key
        return {name: [self.table.column(name)[row] for row in self.withdrawn] for name in key}


def standing(table: Table) -> Standing:
    """The row of each key that counts: of several versions the latest, of equal ones the row that came last.

    A version from the future loses against every other; a row without one is as new as its receipt.
    """
    version = contract(table.source).version
    moments: list[str | None] = table.column(version) if version else [None] * len(table)
    latest: dict[tuple[str | None, ...], int] = {}
    for row, key in enumerate(_keys(table)):
        if row not in table.rejected:
            held = latest.get(key)
            if held is None or _rank(table, moments, row) >= _rank(table, moments, held):
                latest[key] = row
    gone = {row for row in latest.values() if row in table.withdrawing}
    return Standing(table, [row for row in latest.values() if row not in gone], sorted(gone))


def _rank(table: Table, moments: list[str | None], row: int) -> tuple[bool, str]:
    return row not in table.from_future, moments[row] or _AT_RECEIPT


def _keys(table: Table) -> Iterable[tuple[str | None, ...]]:
    return zip(*(table.column(name) for name in contract(table.source).key), strict=True)
