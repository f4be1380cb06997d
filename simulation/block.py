"""A block of people with all their records, and the choice of whom a defect is planted on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulation.insurance import insurance, insured
from simulation.person_sources import couples, death, household, marriage, permit
from simulation.population import Mask, People
from simulation.table import Table
from simulation.truth import Truth

ABSENT = -1


@dataclass
class Block:
    """People, the tables about them, and where each person stands in the tables."""

    rng: np.random.Generator
    people: People
    household: Table
    permit: Table
    insurance: Table
    death: Table
    marriage: Table
    couples: tuple[list[int], list[int]]
    row: dict[str, NDArray[np.int64]]  # source → person → first row
    times_insured: NDArray[np.int64]
    number: int
    each: int
    truth: Truth
    free: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        self.free = np.ones(len(self.people), dtype=bool)

    def within(self, *sources: str) -> Mask:
        """Who has records in all of the sources."""
        held = np.ones(len(self.people), dtype=bool)
        for source in sources:
            held &= self.row[source] != ABSENT
        return held

    def only(self, source: str) -> Mask:
        """Who has records in this source alone."""
        return self.within(source) & ~np.logical_or.reduce(
            [self.row[other] != ABSENT for other in self.row if other != source]
        )

    def choose(self, mask: Mask, count: int | None = None) -> list[int]:
        """Some people in whose records nothing is planted yet, as many as each kind gets."""
        candidates = np.flatnonzero(mask & self.free)
        chosen = self.rng.choice(candidates, min(count or self.each, len(candidates)), replace=False)
        self.free[chosen] = False
        return [int(at) for at in chosen]

    def rows(self, source: str, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of a source whose people have nothing planted yet."""
        mask = self.within(source) if also is None else self.within(source) & also
        return [int(self.row[source][at]) for at in self.choose(mask, count)]

    def weddings(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of first marriages of couples in whose records nothing is planted yet."""
        husbands, wives = self.couples
        able = self.free[husbands] & self.free[wives]
        if also is not None:
            able &= also
        candidates = np.flatnonzero(able)
        chosen = self.rng.choice(candidates, min(count or self.each, len(candidates)), replace=False)
        for at in chosen:
            self.free[[husbands[at], wives[at]]] = False
        return [int(at) for at in chosen]


def make_block(
    rng: np.random.Generator,
    people: People,
    employers: list[tuple[str, str]],
    number: int,
    each: int,
    truth: Truth,
) -> Block:
    """All records about a block of people, still without a defect."""
    everyone = np.arange(len(people))
    registered = everyone[~people.outsider].tolist()
    wanted = max(len(people) * 8 // 100, min(len(people) // 2, 240))
    movers = everyone[people.adult & people.alive & ~people.outsider]
    outsiders = everyone[people.outsider]
    moved = rng.choice(movers, min(max(wanted - len(outsiders), 0), len(movers)), replace=False)
    permitted = sorted([*outsiders.tolist(), *moved.tolist()])
    dead = everyone[~people.alive].tolist()
    # Not everyone marries here, so that defects find people without a marriage too.
    pairs = couples(people, (rng.random(len(people)) < 0.7) & ~people.outsider)
    insurance_table, insured_people = insurance(rng, people, insured(rng, people), employers)
    tables = {
        "household_registration": (household(rng, people, registered), registered),
        "residence_permit": (permit(rng, people, permitted, number), permitted),
        "social_insurance": (insurance_table, insured_people),
        "death_registration": (death(rng, people, dead, number), dead),
        "marriage_registration": (marriage(rng, people, pairs, number), [*pairs[0]]),
    }
    rows = {source: _first_rows(about, len(people)) for source, (_, about) in tables.items()}
    rows["marriage_registration"][pairs[1]] = np.arange(len(pairs[1]))
    return Block(
        rng=rng,
        people=people,
        household=tables["household_registration"][0],
        permit=tables["residence_permit"][0],
        insurance=insurance_table,
        death=tables["death_registration"][0],
        marriage=tables["marriage_registration"][0],
        couples=pairs,
        row=rows,
        times_insured=np.bincount(insured_people, minlength=len(people)),
        number=number,
        each=each,
        truth=truth,
    )


def _first_rows(about: list[int], people: int) -> NDArray[np.int64]:
    rows = np.full(people, ABSENT, dtype=np.int64)
    rows[about[::-1]] = np.arange(len(about))[::-1]
    return rows
