"""One simulation from beginning to end: people, organisations, their files, and the truth about both."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from simulation.delivery import Landing
from simulation.registers import Registers, plain_people
from simulation.source import About
from simulation.subjects import Subjects
from simulation.truth.certificates import law_offices
from simulation.truth.credentials import schooling
from simulation.truth.due import EntitiesDue, insured_by, people_due
from simulation.truth.economy import economy_due
from simulation.truth.residence import residents_away
from simulation.truth.writing import Truth
from simulation.world.block import Insurance, World, with_lives
from simulation.world.organisations import found
from simulation.world.people import Numbers, People, draw_numbers, settle

FEWEST = 500
MARKET_FEWEST, CIVIL_FEWEST = 250, 150
BLOCK = 100_000


def simulate(people: int, seed: int, out: Path, *, progress: Callable[[str], None] | None = None) -> None:
    """Write `out/landing/<source>/…` and `out/truth/`; the same people and seed give the same files."""
    if people < FEWEST:
        raise ValueError(f"a simulation needs at least {FEWEST} people to plant every kind of defect, not {people}")
    say = progress or (lambda _: None)
    for folder in (out / "landing", out / "truth"):
        shutil.rmtree(folder, ignore_errors=True)
    say("numbering the people")
    numbers = draw_numbers(np.random.default_rng([seed, 0]), people)
    with Truth(out / "truth") as truth:
        registers = Registers(seed, Landing(out / "landing", truth))
        staff: Counter[str] = Counter()
        for number, some in enumerate(_blocks(numbers)):
            say(f"writing block {number + 1} of {-(-people // BLOCK)}")
            rng = np.random.default_rng([seed, 1, number])
            count = len(some.first17)
            settled = settle(rng, some, max(count * 15 // 1000, min(count // 5, 120)))
            each = _each(people, count)
            if not number:
                organisations = _organisations(seed, settled, people, each, truth)
                first = registers.deliver(About.ORGANISATIONS, organisations)
                entities = EntitiesDue(truth, [*first, *registers.deliver_about_others(organisations)])
            world = World(settled, organisations.world.organisations, people, number, _employers(organisations))
            block = Subjects(rng, with_lives(rng, world), count, each, truth)
            standings = registers.deliver(About.PEOPLE, block)
            if not number:
                known = replace(
                    _with_plain(block, organisations, residents_away(standings)),
                    heads=entities.heads,
                    market_heads=entities.market_heads,
                    insured=insured_by(standings),
                    schooling=schooling(standings),
                    law_offices=law_offices(entities.registers),
                )
                elsewhere = [*entities.registers, *registers.deliver_about_anyone(known, each)]
            others = [] if number else elsewhere
            staff += people_due(truth, standings, others, entities.records, entities.meet)
        economy_due(truth, elsewhere, entities.records, staff)
        entities.finish(staff)


def _organisations(seed: int, heads: People, people: int, each: int, truth: Truth) -> Subjects:
    rng = np.random.default_rng([seed, 2])
    entities = found(rng, max(people // 20, MARKET_FEWEST), max(people // 200, CIVIL_FEWEST), heads)
    return Subjects(rng, World(heads, entities, people), len(entities), each, truth)


def _employers(organisations: Subjects) -> list[tuple[str, str]]:
    """Code and name of every organisation in whose records nothing is planted."""
    entities = organisations.world.organisations
    return [(entities.credit_code[at], entities.name[at]) for at in np.flatnonzero(organisations.free).tolist()]


def _with_plain(block: Subjects, organisations: Subjects, away: frozenset[str]) -> World:
    """The world with those of whom every register says what is so: nothing is planted in what is held of them.

    `away` are the numbers of people who are registered apart from their household.
    """
    plain = frozenset(np.flatnonzero(organisations.free).tolist())
    people = [at for at in plain_people(block) if block.world.people.id_number[at] not in away]
    return replace(
        block.world,
        plain_people=people,
        plain_organisations=plain,
        insurances=_insurances(block, frozenset(people)),
    )


def _insurances(block: Subjects, people: frozenset[int]) -> dict[int, list[Insurance]]:
    """What the register of insurances has of these people, in whose records nothing is planted."""
    register, insured = block["social_insurance"], defaultdict[int, list[Insurance]](list)
    table = register.table
    names = ("insurance_type", "state", "contribution_base", "last_paid_on", "employer_code", "employer_name")
    for row, person in enumerate(register.about[0]):
        if int(person) in people:
            kind, state, base, last_paid_on, *employer = (str(table.column(column)[row] or "") for column in names)
            insurance = Insurance(kind, state, base, last_paid_on, (employer[0], employer[1]))
            insured[person].append(insurance)
    return insured


def _each(people: int, count: int) -> int:
    """How often each kind is planted in a block of `count` people."""
    return 1 if people < 2_000 else max(3, count // 10_000)


def _blocks(numbers: Numbers) -> list[Numbers]:
    total = len(numbers.born)
    edges = np.linspace(0, total, -(-total // BLOCK) + 1).astype(int).tolist()
    return [Numbers(numbers.first17[a:b], numbers.born[a:b], numbers.outsider[a:b]) for a, b in pairwise(edges)]
