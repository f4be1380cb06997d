"""Defects of two days between which a time must lie that is not too long."""

from __future__ import annotations

from simulation.among import Among
from simulation.defects.dates import day_before, shifted
from simulation.planting import Planting
from simulation.subjects import Register


def reversed_period(first: str, last: str, rule: str, among: Among | None = None) -> Planting:
    """It ends before it begins."""

    def plant(register: Register) -> None:
        for row in register.rows(also=among and among(register)):
            register.table.change(row, last, day_before(register.table.sent[first][row], 10))
            register.table.flag(row, "period_reversed", rule)

    return Planting(plant)


def too_long(first: str, last: str, rule: str, years: int = 5, among: Among | None = None) -> Planting:
    """It ends some days after the year in which it must; and one that ends on the last day is good."""

    def plant(register: Register) -> None:
        for at, row in enumerate(register.rows(2 * register.each, among and among(register))):
            begun = register.table.sent[first][row]
            end = f"{int(begun[:4]) + years}{begun[4:]}"
            if at % 2:
                register.table.change(row, last, end)
                register.table.accept(row, "period_just_long_enough")
            else:
                register.table.change(row, last, shifted(20)(end))
                register.table.flag(row, "period_too_long", rule)

    return Planting(plant)
