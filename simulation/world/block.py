"""Who and what exists: people with their lives, and organisations, before anybody has records of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from simulation.world.organisations import Organisations
from simulation.world.people import Mask, People


@dataclass(frozen=True)
class Insurance:
    """An insurance of somebody, by the codes of its kind and state; the employer is its code and name."""

    kind: str
    state: str
    base: str
    last_paid_on: str
    employer: tuple[str, str]


@dataclass(frozen=True)
class World:
    """A block of people, by its number, and all organisations; each is known by its position.

    `employers` are code and name of organisations in whose records nothing is planted; `ended` are such as have been
    cancelled, where a register asks for them apart; `moved` live elsewhere than they are registered; `couples` are
    husbands and wives. `total` counts the people of all blocks. Of plain people and organisations, by their positions,
    every register says what is so. `licenses` are number, holder and state of the e-licences whose holders are known,
    `personal_licenses` number, holder, state and type of those that people hold. `heads` are number and organisation of
    whom registers name as head, `market_heads` the numbers of those who head enterprises that go on, `insured` how many
    people of the block each organisation insures, `insurances` those of plain people. `schooling` is the level of
    education that the household register has of each number, `law_offices` are code, name, kind and head's number of
    law firms and notary offices in order.
    """

    people: People
    organisations: Organisations
    total: int
    number: int = 0
    employers: list[tuple[str, str]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    couples: tuple[list[int], list[int]] = ([], [])
    plain_people: list[int] = field(default_factory=list)
    plain_organisations: frozenset[int] = frozenset()
    licenses: list[tuple[str, str, str]] = field(default_factory=list)
    heads: list[tuple[str, str]] = field(default_factory=list)
    insured: Mapping[str, int] = field(default_factory=dict)
    market_heads: frozenset[str] = frozenset()
    insurances: Mapping[int, Sequence[Insurance]] = field(default_factory=dict)
    schooling: dict[str, str] = field(default_factory=dict)
    law_offices: list[tuple[str, str, str, str]] = field(default_factory=list)
    personal_licenses: list[tuple[str, str, str, str]] = field(default_factory=list)


def with_lives(rng: np.random.Generator, world: World) -> World:
    """The same world once some have moved and married."""
    people = world.people
    everyone = np.arange(len(people))
    wanted = max(len(people) * 8 // 100, min(len(people) // 2, 240))
    movers = everyone[people.adult & people.alive & ~people.outsider]
    outsiders = everyone[people.outsider]
    moved = rng.choice(movers, min(max(wanted - len(outsiders), 0), len(movers)), replace=False)
    # Not everyone marries here, so that defects find people without a marriage too.
    pairs = _couples(people, (rng.random(len(people)) < 0.7) & ~people.outsider)
    everywhere = sorted([*outsiders.tolist(), *moved.tolist()])
    return replace(world, moved=everywhere, couples=pairs)


def _couples(people: People, free: Mask) -> tuple[list[int], list[int]]:
    """Husbands and wives of about the same age, as many as there are."""
    able = people.adult & people.alive & free
    sex = np.array(people.sex)
    by_age = np.argsort(people.born, kind="stable")
    able &= np.array(people.marital) != "10"
    husbands = by_age[able[by_age] & (sex[by_age] == "1")]
    wives = by_age[able[by_age] & (sex[by_age] == "2")]
    pairs = min(len(husbands), len(wives))
    # The younger end of both is paired, so that a surplus of either sex does not pull couples apart in age.
    return husbands[len(husbands) - pairs :].tolist(), wives[len(wives) - pairs :].tolist()
