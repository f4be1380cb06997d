"""The rows of one source as sent and as due, with what was planted in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from simulation.contracts import contract

KEEP = object()
# Files of a source: most records, those of offices whose headers drift, later ones, without a version, a handful.
MAIN, DRIFTED, LATER, UNDATED, SPORADIC = 0, 1, 2, 3, 4
ENOUGH_FOR_TWO_FILES = 200


class Broken(Enum):
    """Ways in which a record is damaged as a record, whatever its values."""

    TOO_MANY_CELLS = "too many"
    TOO_FEW_CELLS = "too few"
    UNDECODABLE = "undecodable"
    NO_JSON = "no json"


class Cell(Enum):
    """Cells of a workbook that hold no value."""

    UNCALCULATED = "a formula without a stored value"
    ERROR = "#N/A"


@dataclass(frozen=True)
class Mark:
    """An outcome due for one row."""

    outcome: str
    row: int
    kind: str
    rule: str = ""


@dataclass
class Table:
    """Columns by physical name: `sent` as written to the file, `due` (where it differs) as standard must hold it."""

    source: str
    sent: dict[str, list[Any]]
    due: dict[str, list[str | None]]
    part: list[int]
    marks: list[Mark] = field(default_factory=list)
    rejected: set[int] = field(default_factory=set)
    broken: dict[int, Broken] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)
    withdrawing: set[int] = field(default_factory=set)  # rows that delete their key
    from_future: set[int] = field(default_factory=set)  # rows whose version is later than anyone can know
    meant: dict[str, list[Any]] = field(default_factory=dict)  # what is known of the rows and no file says
    old_forms: dict[tuple[int, str], str] = field(default_factory=dict)  # row and column → number as it was before 1999

    def __len__(self) -> int:
        return len(self.part)

    @property
    def version(self) -> str:
        """The column by which rows of a key are told older from newer; ValueError where the contract names none."""
        if version := contract(self.source).version:
            return version
        raise ValueError(f"{self.source} has no version in its contract: no row of it can be planted as a later one")

    def put(self, row: int, column: str, sent: Any, due: Any = KEEP) -> None:
        """Write `sent` into the file; `due` is what standard must then hold, if it changes."""
        if due is not KEEP:
            self._own_due(column)[row] = due
        elif column not in self.due:
            self._own_due(column)
        self.sent[column][row] = sent

    def _own_due(self, column: str) -> list[str | None]:
        if self.due.get(column) is None or self.due[column] is self.sent[column]:
            self.due[column] = list(self.sent[column])
        return self.due[column]

    def change(self, row: int, column: str, value: str) -> None:
        """Another plain value, sent as it is due."""
        self.put(row, column, value, value)

    def copy_row(self, row: int) -> int:
        """Send the same record once more at the end of its file; gives the new row."""
        for column in (
            *self.sent.values(),
            *self.meant.values(),
            *(due for name, due in self.due.items() if due is not self.sent.get(name)),
        ):
            column.append(column[row])
        self.part.append(self.part[row])
        return len(self) - 1

    def accept(self, row: int, kind: str) -> None:
        """An oddity that must come through unflagged."""
        self.marks.append(Mark("accept", row, kind))

    def flag(self, row: int, kind: str, *rules: str) -> None:
        """Broken warnings: the row passes."""
        self.marks += [Mark("flag", row, kind, rule) for rule in rules]

    def quarantine(self, row: int, kind: str, *rules: str) -> None:
        """Broken rules, at least one of them critical: the row is kept out."""
        self.rejected.add(row)
        self.marks += [Mark("quarantine", row, kind, rule) for rule in rules]

    def mark(self, outcome: str, row: int, kind: str, *rules: str) -> None:
        """The outcome by its name: accept, flag or quarantine."""
        match outcome:
            case "accept":
                self.accept(row, kind)
            case "flag":
                self.flag(row, kind, *rules)
            case _:
                self.quarantine(row, kind, *rules)

    def damage(self, row: int, how: Broken, rule: str) -> None:
        """The record itself cannot be read."""
        self.broken[row] = how
        self.quarantine(row, f"row_{how.name.lower()}", rule)

    def leave_out(self, row: int) -> None:
        """The record is never delivered."""
        self.absent.add(row)
        self.rejected.add(row)

    def rows_by_part(self) -> Iterator[tuple[int, list[int]]]:
        """The rows of each file, in the order in which they are written."""
        parts: dict[int, list[int]] = {}
        for row, part in enumerate(self.part):
            if row not in self.absent:
                parts.setdefault(part, []).append(row)
        yield from sorted(parts.items())

    def column(self, name: str) -> list[str | None]:
        """A column as standard must hold it."""
        return self.due.get(name, self.sent.get(name, []))


def parts(count: int) -> list[int]:
    """Two files: three in ten records come from an office whose headers differ; few records come in one file."""
    if count < ENOUGH_FOR_TWO_FILES:
        return [MAIN] * count
    return (np.arange(count) >= count * 7 // 10).astype(int).tolist()
