"""Defects of whole records: damaged, delivered twice, or contradicting each other."""

from __future__ import annotations

from simulation.among import Among
from simulation.planting import AS_SENT, Count, Defect, Planting, accepted
from simulation.subjects import Register
from simulation.table import Broken

WITH_LINE_BREAK = accepted("cell_with_line_break", "许可项目：食品销售\n一般项目：谷物种植, 牲畜饲养", due=AS_SENT)


def damaged(how: Broken, turn: int = 0, *, count: Count | None = None, among: Among | None = None) -> Planting:
    """Records that cannot be read as such."""
    rule = {Broken.UNDECODABLE: "row.undecodable", Broken.NO_JSON: "row.unreadable"}.get(how, "row.ragged")

    def plant(register: Register) -> None:
        for row in register.rows(count and count(register.each), among and among(register)):
            register.table.damage(row, how, rule)

    return Planting(plant, turn)


def contradiction(column: str, other: str, turn: int = 0) -> Planting:
    """Two records of one key and version that say different things: neither can be believed."""

    def plant(register: Register) -> None:
        for row in register.rows():
            twin = register.table.copy_row(row)
            register.table.put(twin, column, other)
            for each in (row, twin):
                register.table.quarantine(each, "row_contradiction", "row.contradiction")

    return Planting(plant, turn)


def repetition(turn: int = 0) -> Planting:
    """One copy each: of several, all flagged, standard would show only the last."""

    def plant(register: Register) -> None:
        for row in register.rows():
            register.table.flag(register.table.copy_row(row), "row_repeated", "row.repeated")

    return Planting(plant, turn)


def respelt_repetition(*respelt: tuple[str, Defect, int], turn: int = 0, among: Among | None = None) -> Planting:
    """The same record twice, as two programs have written it: columns, how each is spelt, and its first spelling."""

    def plant(register: Register) -> None:
        table = register.table
        for at, row in enumerate(register.rows(also=among and among(register))):
            again = table.copy_row(row)
            for column, spelling, start in respelt:
                spelling.respell(table, again, column, start + at)
            table.flag(again, "row_repeated_in_another_spelling", "row.repeated")

    return Planting(plant, turn)


def several_at_once(values: dict[str, str], *rules: str, turn: int = 0) -> Planting:
    """A record of which several values are wrong."""

    def plant(register: Register) -> None:
        for row in register.rows():
            for column, value in values.items():
                register.table.put(row, column, value)
            register.table.quarantine(row, "several_rules_at_once", *rules)

    return Planting(plant, turn)
