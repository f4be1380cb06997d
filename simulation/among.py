"""Whom a defect is fit for: masks over the subjects of a register, or over its rows where each is about two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.subjects import Register
from simulation.world.calendar import AS_OF_DAY, day_number
from simulation.world.names import lookalikes
from simulation.world.people import Mask

Among = Callable[[Register], Mask]


def adult(register: Register) -> Mask:
    return register.of.world.people.adult


def any_row(register: Register) -> Mask:
    return np.ones(register.subjects, dtype=bool)


def held_nowhere_else(register: Register) -> Mask:
    """Of whom no other source has records."""
    return register.of.only(register.source.name)


def held_by(*sources: str) -> Among:
    """Of whom these sources have records too."""
    return lambda register: register.of.within(*sources)


def born_before(day: str) -> Among:
    return lambda register: register.of.world.people.born < day_number(day)


def born_within(first: str, end: str) -> Among:
    return lambda register: born_before(end)(register) & ~born_before(first)(register)


def both_born_before(day: str) -> Among:
    """Couples; the mask is by row."""
    born_so = born_before(day)
    return lambda register: np.logical_and.reduce([born_so(register)[role] for role in register.about])


def with_x(register: Register) -> Mask:
    """Whose id number ends in X."""
    return np.char.endswith(np.array(register.of.world.people.id_number), "X")


def without_x(register: Register) -> Mask:
    return ~with_x(register)


def with_lookalikes(register: Register) -> Mask:
    """Whose name has characters that others look like."""
    signs = lookalikes()
    return np.array([any(sign in signs for sign in name) for name in register.of.world.people.name])


def mongolian(register: Register) -> Mask:
    return np.array(register.of.world.people.ethnicity) == "02"


def of_kind(*kinds: str) -> Among:
    """Organisations of these kinds."""
    return lambda register: np.isin(np.array(register.of.world.organisations.kind), kinds)


def both(first: Among, other: Among) -> Among:
    return lambda register: first(register) & other(register)


def number_born_before(column: str, year: str) -> Among:
    """Whose record names somebody by a number, in the column, with an earlier year of birth."""

    def mask(register: Register) -> Mask:
        held = np.zeros(register.subjects, dtype=bool)
        about = register.about[0]
        numbers = register.table.column(column)[: len(about)]
        held[about] = [str(number)[6:10] < year for number in numbers]
        return held

    return mask


def married_once(register: Register) -> Mask:
    """Couples of whom the marriage alone is registered, some time ago."""
    table, (husbands, _) = register.table, register.about
    numbers = register.of.world.people.id_number
    couple_of = {numbers[husband]: at for at, husband in enumerate(husbands)}
    about = [couple_of[husband] for husband in table.sent["husband_id"] if husband in couple_of]
    times = np.bincount(np.array(about, dtype=np.int64), minlength=len(husbands))
    days = np.array([day_number(day) for day in table.sent["registered_on"][: len(husbands)]])
    return (times == 1) & (days + 900 <= AS_OF_DAY)
