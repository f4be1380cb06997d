"""What is planted in a source about people that is held against the household register and the registered deaths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.among import Among
from simulation.checksums import id_number
from simulation.planting import Count, Planting
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.vocabulary import SEX
from simulation.world.names import with_lookalikes
from simulation.world.people import Mask

# Of a register the row that becomes one of somebody else, and the day on which that person died.
OfDead = Callable[[Table, int, int], None]


def rename(table: Table, row: int, name: str) -> None:
    """Another name, and so another match key."""
    table.change(row, "person_name", name)
    table.due["person_key"][row] = name_key(name)


def key_again(table: Table, row: int, at: int) -> None:
    """The match key of a name as it is sent."""
    table.due["person_key"][row] = name_key(table.sent["person_name"][row])


def rows_holding(register: Register, *columns: str, count: int | None = None, also: Mask | None = None) -> list[int]:
    """Rows with something in each of the columns, in which nothing is planted yet; `also` is by subject."""
    rows = len(register.of)
    mask = np.logical_and.reduce([[bool(value) for value in register.table.sent[name][:rows]] for name in columns])
    return register.of.choose(mask if also is None else mask & also[np.array(register.about[0])], count)


def at_home(register: Register) -> Mask:
    """Whose household is in the autonomous region."""
    return ~register.of.world.people.outsider


def plain(register: Register) -> Mask:
    """Of whom the first registers say what is so."""
    mask = np.zeros(len(register.of.world.people), dtype=bool)
    mask[register.of.world.plain_people] = True
    return mask


def another_name(among: Among) -> Planting:
    """Finding: another name than the household register's. The truth finds it, as all that depends on registers."""

    def plant(register: Register) -> None:
        for row in register.rows(max(register.each, 3), among(register)):
            rename(register.table, row, f"查{register.table.sent['person_name'][row][1:]}嘎")
            register.table.accept(row, "name_unlike_household")

    return Planting(plant)


def variant_name(among: Among) -> Planting:
    """The same name in variant characters: nothing is found."""

    def plant(register: Register) -> None:
        for row in register.rows(also=among(register)):
            name = with_lookalikes(register.table.sent["person_name"][row])
            register.table.put(row, "person_name", name, name)
            register.table.accept(row, "name_lookalike")

    return Planting(plant)


def number_of_nobody(among: Among) -> Planting:
    """Finding: a good number that the household register has not."""

    def plant(register: Register) -> None:
        taken = set(register.of.world.people.id_number)
        for row in register.rows(max(register.each, 3), among(register)):
            old = register.table.sent["id_number"][row]
            others = (id_number(f"{old[:14]}{sequence:03}") for sequence in range(int(old[14:17]) % 2, 990, 2))
            register.table.change(row, "id_number", next(number for number in others if number not in taken))
            register.table.accept(row, "number_unknown_to_household")

    return Planting(plant)


def of_the_dead(become: OfDead, kind: str, count: Count | None = None) -> Planting:
    """Finding: records of people who died; `become` writes them, told the day of death."""

    def plant(register: Register) -> None:
        people, table = register.of.world.people, register.table
        dead = [at for at in register.of.world.plain_people if people.died[at] >= 0]
        rows = register.rows(count(register.each) if count else 2 * register.each + 2)
        for at, row in enumerate(rows):
            person = dead[at * 3 % len(dead)]
            identify(table, row, people.id_number[person], people.name[person], people.sex[person])
            become(table, row, int(people.died[person]))
            table.accept(row, kind)

    return Planting(plant)


def identify(table: Table, row: int, number: str, name: str, sex: str) -> None:
    """Let the row be about somebody else."""
    table.change(row, "id_number", number)
    rename(table, row, name)
    table.put(row, "sex", SEX[sex][0], sex)
