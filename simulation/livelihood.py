"""What sources of payments, allowances, housing funds and dwellings share: whom they are about, what is planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulation.among import Among, both, number_born_before
from simulation.checksums import id_number
from simulation.defects import id_numbers as ids
from simulation.defects import names, nothing
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.publications import keep_special
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import (
    Later,
    deleted,
    deleted_by_key_alone,
    deleted_in_another_spelling,
    later_on,
    unknown_flag,
    updated,
)
from simulation.planting import Defect, Planting, on
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso
from simulation.world.drawing import pick_of
from simulation.world.names import person_names
from simulation.world.people import Mask
from simulation.world.places import ELSEWHERE, counties

SPECIAL = 4  # of each kind of finding
NAME_KEY = "name_key"


def month_of(day: int) -> str:
    """`202605` of a day number."""
    return iso(day)[:7].replace("-", "")


def spelt_month(month: str, at: int) -> str:
    """As one file or another writes it; the first is the month as it is due."""
    year, of_year = month[:4], int(month[4:])
    spellings = (month, f"{year}-{of_year:02}", f"{year}年{of_year}月", f"{year}/{of_year}", f"{month}01")
    return spellings[at % len(spellings)]


@dataclass(frozen=True)
class Person:
    """Whom a row is about: somebody of whom every register says what is so, or somebody of whom none says anything."""

    id_number: str
    name: str
    region: str
    is_known: bool = True


def person(world: World, at: int) -> Person:
    people = world.people
    return Person(people.id_number[at], people.name[at], people.region[at])


def strangers(rng: np.random.Generator, count: int, spread: int) -> list[Person]:
    """Adults from other provinces who work here and are in no register; `spread` tells those of one source apart."""
    born = rng.integers(day_number("1966-01-01"), day_number("1999-12-31"), count).tolist()
    homes, places = pick_of(rng, ELSEWHERE, count), pick_of(rng, list(counties()), count)
    # Sequences from 981 on are nobody's of the world; a region and a day for each number keep them distinct.
    numbers: dict[str, None] = {}
    for at, (home, day) in enumerate(zip(homes, born, strict=True)):
        moved = day
        while (number := id_number(f"{home}{iso(moved).replace('-', '')}{981 + spread * 3 + at % 3}")) in numbers:
            moved += 1
        numbers[number] = None
    names = person_names(rng, np.zeros(count, dtype=bool))
    return [Person(*values, is_known=False) for values in zip(numbers, names, places, strict=True)]


def columns_of(people: Sequence[Person]) -> tuple[dict[str, list[Any]], dict[str, list[str | None]]]:
    """Number and name as they are sent, and the key of the name, which is due."""
    sent: dict[str, list[Any]] = {
        "id_number": [somebody.id_number for somebody in people],
        "person_name": [somebody.name for somebody in people],
    }
    return sent, {NAME_KEY: [name_key(somebody.name) for somebody in people]}


def adults(world: World) -> list[int]:
    """Living people of whom every register says what is so."""
    people = world.people
    return [at for at in world.plain_people if people.died[at] < 0 and people.adult[at]]


def minors(world: World) -> list[int]:
    """Such as are younger than fifteen."""
    born = world.people.born
    return [at for at in world.plain_people if world.people.died[at] < 0 and born[at] + 15 * 365 > AS_OF_DAY]


def dead(world: World) -> list[int]:
    return [at for at in world.plain_people if world.people.died[at] >= 0]


def shared_out(people: list[int], purposes: int) -> list[list[int]]:
    """Some of them for each purpose, nobody for two: SPECIAL for each, or fewer of few."""
    each = min(SPECIAL, len(people) // purposes)
    return [people[at * each : (at + 1) * each] for at in range(purposes)]


def anybody(register: Register) -> Mask:
    return np.ones(register.subjects, dtype=bool)


def by_row(column: str, holds: Callable[[str], bool]) -> Among:
    """Rows in which a column, as standard must hold it, is so."""
    return lambda register: np.array(
        [holds(str(value or "")) for value in register.table.column(column)[: register.subjects]]
    )


def _renamed(name: str) -> Callable[[Table, int, int], None]:
    def beside(table: Table, row: int, at: int) -> None:
        table.due[NAME_KEY][row] = name_key(str(table.column(name)[row]))

    return beside


def _name_missing(name: str) -> Planting:
    def plant(register: Register) -> None:
        table = register.table
        for at, row in enumerate(register.rows()):
            table.put(row, name, ["无", "NULL"][at % 2], None)
            table.due[NAME_KEY][row] = None
            table.quarantine(row, "name_missing", f"{name}.required")

    return Planting(plant)


def _named_otherwise(name: str) -> Planting:
    """Of somebody whom the household register knows, by another name."""

    def plant(register: Register) -> None:
        table = register.table
        known = np.array(table.meant["is_known"][: register.subjects])
        for row in register.rows(also=known):
            table.change(row, name, "欧阳" + str(table.sent[name][row])[-1])
            _renamed(name)(table, row, 0)
            table.accept(row, "name_unlike_household")

    return Planting(plant)


def planted_in_all(
    contradicting: tuple[str, str],
    changing: str,
    *,
    number: str = "id_number",
    name: str = "person_name",
    among: Among = anybody,
    masked: Defect = names.MASKED,
    deletes: bool = True,
) -> tuple[Planting, ...]:
    """What is planted in each of them: in the number and name of whom a row is about, and in whole rows.

    `contradicting` are a column and another value; `changing` names a column of free text, in which later deliveries
    have another one; where `deletes` holds, some rows are deleted by them. `among` are the rows whose number and name
    are those of somebody alone.
    """
    return (
        Planting(keep_special),
        on(number, ids.FIFTEEN_DIGITS, among=both(among, number_born_before(number, "2000"))),
        on(number, ids.FULL_WIDTH_OR_SPACED[0], among=among),
        on(number, ids.FULL_WIDTH_OR_SPACED[3], among=among),
        on(number, WITH_MARKS, among=among),
        on(number, ids.WRONG_CHECK_DIGIT, among=among),
        on(number, ids.BIRTHDAY_IMPOSSIBLE, among=among),
        on(number, nothing.required("无")),
        on(name, names.INNER_SPACE, among=among),
        on(name, replace(masked, beside=_renamed(name)), among=among),
        on(name, names.NOT_LEGIBLE, among=among),
        _name_missing(name),
        _named_otherwise(name),
        repetition(),
        contradiction(*contradicting),
        *((_changed_and_deleted(changing),) if deletes else ()),
    )


def _changed_and_deleted(changing: str) -> Planting:
    return later_on(
        Later(updated(changing, "（变更）")),
        Later(deleted),
        Later(deleted_in_another_spelling),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
    )
