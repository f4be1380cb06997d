"""How a source's plan is said and carried out: which defect is planted in which column, on whom, how often, when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulation.source import About
from simulation.subjects import Register, Subjects
from simulation.table import KEEP, Table
from simulation.world.people import Mask

AS_SENT = object()
# What a plan adds to a defect's own rules: business rules, where they depend on the row as a function of it.
Rules = Sequence[str] | Callable[[Table, int], Sequence[str]]


class Written(NamedTuple):
    """What stands in the file, and what standard must hold of it."""

    sent: Any
    due: str | None


@dataclass(frozen=True)
class Defect:
    """What happens to a value, and what must become of its row: accept, flag or quarantine.

    `sent` are spellings that take turns from row to row: a value, a `Written`, or a function that gives one of what is
    sent (`of_due`: of what is due). `due` is what standard must hold: by default what it was, AS_SENT, or None.
    `checks` become the rules `<column>.<check>`; `also_checks` those of one spelling alone, by its place. `shows` tells
    whether a value gives the defect away. `old_form`: what is sent is an id number's form of before 1999. `beside` does
    what the defect means for other columns.
    """

    kind: str
    outcome: str
    sent: Sequence[Any] = ()
    checks: tuple[str, ...] = ()
    due: Any = KEEP
    of_due: bool = False
    also_checks: dict[int, tuple[str, ...]] = field(default_factory=dict)
    shows: Callable[[str], bool] | None = None
    old_form: bool = False
    beside: Callable[[Table, int, int], None] | None = None

    def strike(self, table: Table, row: int, column: str, at: int = 0, rules: Rules = ()) -> None:
        """Plant it, as the number `at` of its kind."""
        own = [*self.checks, *(self.also_checks.get(at % len(self.sent), ()) if self.sent else ())]
        broken = [*(f"{column}.{check}" for check in own), *(rules(table, row) if callable(rules) else rules)]
        if self.outcome != "accept" and not broken:
            raise ValueError(
                f"{self.kind} in {table.source}.{column} breaks no rule: give the plan's entry its `rules`"
            )
        if self.sent:
            self.respell(table, row, column, at)
        if self.beside:
            self.beside(table, row, at)
        table.mark(self.outcome, row, self.kind, *broken)

    def respell(self, table: Table, row: int, column: str, at: int = 0) -> None:
        """Write the spelling number `at`, and tell nobody."""
        spelling = self.sent[at % len(self.sent)]
        held = table.column(column) if self.of_due else table.sent[column]
        value = spelling(held[row]) if callable(spelling) else spelling
        sent, due = value if isinstance(value, Written) else (value, value if self.due is AS_SENT else self.due)
        table.put(row, column, sent, due)
        if self.old_form:
            table.old_forms[row, column] = sent


def accepted(kind: str, *sent: Any, **options: Any) -> Defect:
    """An oddity that must come through unflagged."""
    return Defect(kind, "accept", sent, **options)


def flagged(kind: str, *sent: Any, checks: Sequence[str] = (), due: Any = AS_SENT, **options: Any) -> Defect:
    """A broken warning: the row passes, with the value as it is sent."""
    return Defect(kind, "flag", sent, tuple(checks), due, **options)


def quarantined(kind: str, *sent: Any, checks: Sequence[str] = (), **options: Any) -> Defect:
    """A broken critical rule: the row is kept out."""
    return Defect(kind, "quarantine", sent, tuple(checks), **options)


@dataclass(frozen=True)
class Planting:
    """An entry of a source's plan.

    `turn` orders the entries of all sources that share a random generator and choose among the same subjects: those for
    whom few are fit come first, and every later one depends on whom the earlier ones took. A source with a generator of
    its own needs none: its entries follow each other as they are listed.
    """

    plant: Callable[[Register], None]
    turn: int = 0


@dataclass(frozen=True)
class Relation:
    """What is planted in several sources at once, in its turn among the plans of the sources about these."""

    about: About
    plant: Callable[[Subjects], None]
    turn: int = 0


# How many rows, of how often every kind is planted.
Count = Callable[[int], int]


def at_least(fewest: int) -> Count:
    return lambda each: max(each, fewest)


def twice(each: int) -> int:
    return 2 * each


def exactly(count: int) -> Count:
    return lambda each: count


once = exactly(1)


def on(
    column: str | Sequence[str],
    defect: Defect,
    turn: int = 0,
    *,
    count: Count | None = None,
    every: bool = False,
    among: Callable[[Register], Mask] | None = None,
    rules: Rules = (),
    start: int = 0,
) -> Planting:
    """The defect in a column (of several: in one after another), as often as every kind or by `count`.

    `every`: so often that each spelling comes at least once; `start` is the first spelling's place; `among` are the
    subjects that are fit for it; `rules` are broken beside the defect's own.
    """
    columns = [column] if isinstance(column, str) else column

    def plant(register: Register) -> None:
        wanted = max(register.each, len(defect.sent)) if every else count and count(register.each)
        rows = _rows(register, wanted, among and among(register), defect, columns[0])
        for at, row in enumerate(rows, start):
            defect.strike(register.table, row, columns[at % len(columns)], at, rules)

    return Planting(plant, turn)


def _rows(register: Register, count: int | None, also: Mask | None, defect: Defect, column: str) -> list[int]:
    if defect.shows is None:
        return register.rows(count, also)
    candidates = register.rows(3 * register.each, also)
    return [row for row in candidates if defect.shows(register.table.sent[column][row])][: register.each]


def carry_out(subjects: Subjects, relations: Iterable[Relation]) -> None:
    """Plant everything that the plans of the subjects' sources and the relations say, in its turn."""
    planned = [
        (planting.turn, planting.plant, register)
        for register in subjects.registers.values()
        for planting in register.source.plan
    ]
    steps = [*planned, *((relation.turn, relation.plant, subjects) for relation in relations)]
    for _, plant, on_whom in sorted(steps, key=lambda step: step[0]):
        plant(on_whom)
