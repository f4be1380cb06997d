"""Which of the simulated people are whose children: nothing is drawn for it, so that all else stays as it was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.world.calendar import day_number
from simulation.world.people import Mask, People

FIRST_BORN = day_number("1996-03-01")  # certificates of birth are issued since that year
YOUNGEST, OLDEST = 20 * 366, 40 * 365  # days of a parent's age
APART = 700  # days between siblings
ROUNDS = 4  # and so many children at most


@dataclass(frozen=True)
class Family:
    """A child with its mother, and a father where one is known; each by position."""

    child: int
    mother: int
    father: int | None


def families(people: People) -> list[Family]:
    """Children and their parents, who are alive and live where they are registered; siblings are years apart."""
    at_home = ~people.outsider & people.alive
    children = _by_age(people, at_home & (people.born >= FIRST_BORN))
    sex = np.array(people.sex)
    mothers = _parents(people, children, _by_age(people, at_home & (sex == "2")))
    fathers = _parents(people, children, _by_age(people, at_home & (sex == "1")))
    return [
        Family(child, mothers[child], fathers.get(child) if child % 5 else None)
        for child in children
        if child in mothers
    ]


def _by_age(people: People, mask: Mask) -> list[int]:
    """Positions, the oldest first."""
    chosen = np.flatnonzero(mask)
    return chosen[np.argsort(people.born[chosen], kind="stable")].tolist()


def _parents(people: People, children: list[int], adults: list[int]) -> dict[int, int]:
    """Child → parent: in several rounds each child left gets the oldest adult who is of the right age."""
    found: dict[int, int] = {}
    births: dict[int, list[int]] = {adult: [] for adult in adults}
    for _ in range(ROUNDS):
        at = 0
        for child in [child for child in children if child not in found]:
            born = int(people.born[child])
            while at < len(adults) and not _fits(int(people.born[adults[at]]), born, births[adults[at]]):
                if people.born[adults[at]] > born - YOUNGEST:
                    break
                at += 1
            if at < len(adults) and people.born[adults[at]] <= born - YOUNGEST:
                found[child] = adults[at]
                births[adults[at]].append(born)
                at += 1
    return found


def _fits(parent: int, child: int, births: list[int]) -> bool:
    return child - OLDEST <= parent <= child - YOUNGEST and all(abs(child - born) > APART for born in births)
