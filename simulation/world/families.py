"""Which of the simulated people are whose children: nothing is drawn for it, so that all else stays as it was drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulation.world.calendar import day_number
from simulation.world.people import Mask, People

FIRST_BORN = day_number("1996-03-01")  # certificates of birth are issued since that year
YOUNGEST, OLDEST = 20 * 366, 38 * 365  # days of a parent's age


@dataclass(frozen=True)
class Family:
    """A child with its mother, and a father where one is known; each by position."""

    child: int
    mother: int
    father: int | None


def families(people: People) -> list[Family]:
    """Children and their parents, who are alive and live where they are registered; nobody has a second child."""
    at_home = ~people.outsider
    children = _by_age(people, at_home & (people.born >= FIRST_BORN) & people.alive)
    able, sex = at_home & people.alive, np.array(people.sex)
    mothers = _parents(people, children, _by_age(people, able & (sex == "2")))
    fathers = _parents(people, children, _by_age(people, able & (sex == "1")))
    return [
        Family(child, mothers[child], fathers.get(child) if child % 5 else None)
        for child in children
        if child in mothers
    ]


def _by_age(people: People, mask: Mask) -> list[int]:
    """Positions, the oldest first."""
    chosen = np.flatnonzero(mask)
    return chosen[np.argsort(people.born[chosen], kind="stable")].tolist()


def _parents(people: People, children: Iterable[int], adults: list[int]) -> dict[int, int]:
    """Child → the oldest of the adults who is left and of the right age."""
    found, at = {}, 0
    for child in children:
        born = int(people.born[child])
        while at < len(adults) and people.born[adults[at]] < born - OLDEST:
            at += 1
        if at < len(adults) and people.born[adults[at]] <= born - YOUNGEST:
            found[child] = adults[at]
            at += 1
    return found
