"""What shows when a record of schooling or a certificate is held against the household register, the dead, and age.

Each of them is a finding, which the truth works out in the end from what all registers then say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simulation.among import Among
from simulation.checksums import id_number
from simulation.planting import Planting
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.vocabulary import ETHNICITY, SEX
from simulation.world.calendar import day_number, iso
from simulation.world.people import Mask, People

# Writes the numbers of a row that hold its person's id number.
Number = Callable[[Table, int], None]
# Writes the day of what the row is about, as the file says it.
Dated = Callable[[Table, int, int], None]


def name(table: Table, row: int, written: str) -> None:
    """Another name, and what it is compared by."""
    table.change(row, "person_name", written)
    table.due["name_key"][row] = name_key(written)


def give(table: Table, row: int, people: People, at: int, number: Number) -> None:
    """The record becomes one about another person."""
    table.change(row, "id_number", people.id_number[at])
    name(table, row, people.name[at])
    table.put(row, "sex", SEX[people.sex[at]][0], people.sex[at])
    if "ethnicity" in table.sent:
        table.put(row, "ethnicity", ETHNICITY[people.ethnicity[at]][0], people.ethnicity[at])
    number(table, row)


def _dead(register: Register) -> list[int]:
    people = register.of.world.people
    return np.flatnonzero(~people.alive).tolist()


def in_force_after_death(
    number: Number, among: Among, kind: str = "in_force_after_death", dated: Dated | None = None
) -> Planting:
    """The holder died; not every certificate of death is fit to be believed, so there are more rows than elsewhere.

    What is `dated` was given a year before.
    """

    def plant(register: Register) -> None:
        dead, people = _dead(register), register.of.world.people
        for at, row in enumerate(register.rows(2 * register.each + 2, among(register))):
            person = dead[(at * 7 + row) % len(dead)]
            give(register.table, row, people, person, number)
            if dated:
                dated(register.table, row, int(people.died[person]) - 365)
            register.table.accept(row, kind)

    return Planting(plant)


def after_death(number: Number, dated: Dated, over: tuple[str, Sequence[str]], among: Among | None = None) -> Planting:
    """Something was given to somebody a hundred days after their death; `over` is a state out of force."""

    def plant(register: Register) -> None:
        dead, table, people = _dead(register), register.table, register.of.world.people
        for at, row in enumerate(register.rows(2 * register.each + 2, among and among(register))):
            person = dead[(at * 11 + row) % len(dead)]
            give(table, row, people, person, number)
            dated(table, row, int(people.died[person]) + 100)
            table.put(row, "state", over[1][0], over[0])
            table.accept(row, "given_after_death")

    return Planting(plant)


def too_young(dated: Dated, among: Among, days: int = 300) -> Planting:
    """Somebody was given something so many days after birth."""

    def plant(register: Register) -> None:
        for row in register.rows(also=among(register)):
            born = register.table.sent["id_number"][row][6:14]
            dated(register.table, row, day_number(f"{born[:4]}-{born[4:6]}-{born[6:]}") + days)
            register.table.accept(row, "age_impossible")

    return Planting(plant)


def another_name(among: Among | None = None) -> Planting:
    """The record has the name of somebody else."""

    def plant(register: Register) -> None:
        names = register.of.world.people.name
        for row in register.rows(also=among and among(register)):
            own = str(register.table.due["name_key"][row])
            name(register.table, row, next(other for other in names if name_key(other) != own))
            register.table.accept(row, "name_unlike_household")

    return Planting(plant)


def another_number(number: Number, among: Among | None = None) -> Planting:
    """A good number that nobody has, of the same birthday and sex."""

    def plant(register: Register) -> None:
        known = set(register.of.world.people.id_number)
        for row in register.rows(also=among and among(register)):
            own = register.table.sent["id_number"][row]
            others = (id_number(f"{own[:14]}{(int(own[14:17]) + more) % 980:03}") for more in range(2, 900, 2))
            register.table.change(row, "id_number", next(other for other in others if other not in known))
            number(register.table, row)
            register.table.accept(row, "id_unlike_household")

    return Planting(plant)


def on_day(*columns: str) -> Dated:
    """The day in each of the columns."""

    def dated(table: Table, row: int, day: int) -> None:
        for column in columns:
            table.change(row, column, iso(day))

    return dated


def of_state(*states: str) -> Among:
    """Whose record is in one of the states."""
    return having("state", *states)


def having(column: str, *values: str) -> Among:
    """Whose record has one of the values; the mask is by row."""

    def mask(register: Register) -> Mask:
        return np.array([value in values for value in register.table.column(column)[: register.subjects]])

    return mask


def ending(column: str, end: str) -> Among:
    """Whose value in the column ends so; the mask is by row."""

    def mask(register: Register) -> Mask:
        return np.array([str(value).endswith(end) for value in register.table.column(column)[: register.subjects]])

    return mask


def holding(column: str, part: str) -> Among:
    """Whose value in the column has the part in it; the mask is by row."""

    def mask(register: Register) -> Mask:
        return np.array([part in str(value) for value in register.table.column(column)[: register.subjects]])

    return mask
