"""What a score says: one line per kind of outcome and per table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class OutcomeScore:
    """Due: what the truth asks for. Found: what the lake says. Right: both.

    `outcome` is a kind of outcome, counted in rows, or a table, counted in values (in rows, where the truth says no
    more than which rows are due).
    """

    outcome: str
    due: int
    found: int
    right: int
    note: str = ""

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else float(self.due == 0)

    @property
    def recall(self) -> float:
        return self.right / self.due if self.due else 1.0

    @property
    def perfect(self) -> bool:
        return self.due == self.found == self.right


@dataclass(frozen=True)
class Score:
    """One line per kind of outcome and per table; `unscored` are the tables about which the truth says nothing."""

    outcomes: tuple[OutcomeScore, ...]
    unscored: tuple[str, ...] = ()

    @property
    def perfect(self) -> bool:
        return all(outcome.perfect for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        rows = [
            asdict(outcome) | {"precision": outcome.precision, "recall": outcome.recall} for outcome in self.outcomes
        ]
        return {"perfect": self.perfect, "outcomes": rows, "unscored": list(self.unscored)}
