"""One simulation from beginning to end: people, entities, their files, and the truth about both."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from simulation.block import Block, make_block
from simulation.delivery import Landing
from simulation.due import EntitiesDue, licenses_due, people_due
from simulation.odd_files import deliver_odd_files
from simulation.plant_entities import plant_entities
from simulation.plant_entity_relations import deliver_swapped_file, plant_entity_relations
from simulation.plant_entity_values import plant_entity_values
from simulation.plant_events import plant_events
from simulation.plant_ids import plant_ids
from simulation.plant_licenses import plant_licenses
from simulation.plant_marriages import plant_marriages
from simulation.plant_names import plant_names
from simulation.plant_records import plant_records
from simulation.plant_relations import plant_relations
from simulation.plant_spellings import plant_spellings
from simulation.plant_values import plant_values
from simulation.plant_versions import plant_versions
from simulation.population import Numbers, draw_numbers, settle
from simulation.registers import Registers, make_registers
from simulation.source import About
from simulation.sources import sources_about
from simulation.standing import Standing, standing
from simulation.subjects import OwnRows
from simulation.truth import Truth
from simulation.world import World

FEWEST = 500
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
        landing = Landing(out / "landing", truth)
        staff: Counter[str] = Counter()
        for number, some in enumerate(_blocks(numbers)):
            say(f"writing block {number + 1} of {-(-people // BLOCK)}")
            rng = np.random.default_rng([seed, 1, number])
            count = len(some.first17)
            settled = settle(rng, some, max(count * 15 // 1000, min(count // 5, 120)))
            each = _each(people, count)
            if not number:
                heads = np.random.default_rng([seed, 2])
                registers = make_registers(heads, people, settled, each, truth)
                entities = _entities(registers, landing)
            world = World(settled, registers.entities, people, number, registers.sound())
            if not number:
                _licenses(np.random.default_rng([seed, 3]), world, each, landing)
            block = make_block(rng, world, each, truth)
            staff += _people(block, landing, [] if number else entities.registers)
        entities.finish(staff)


def _each(people: int, count: int) -> int:
    """How often each kind is planted in a block of `count` people."""
    return 1 if people < 2_000 else max(3, count // 10_000)


def _blocks(numbers: Numbers) -> list[Numbers]:
    total = len(numbers.born)
    edges = np.linspace(0, total, -(-total // BLOCK) + 1).astype(int).tolist()
    return [Numbers(numbers.first17[a:b], numbers.born[a:b], numbers.outsider[a:b]) for a, b in pairwise(edges)]


def _entities(registers: Registers, landing: Landing) -> EntitiesDue:
    """The legal entities' files and truth."""
    plant_entities(registers)
    plant_entity_relations(registers)
    plant_entity_values(registers)
    tables = [registers.market, registers.civil, registers.check]
    for table in tables:
        landing.deliver(table, 0)
    deliver_swapped_file(registers, landing)
    return EntitiesDue(registers.truth, [standing(table) for table in tables])


def _licenses(rng: np.random.Generator, world: World, each: int, landing: Landing) -> None:
    """The e-licences of some people and of organisations that are in good order."""
    for source in sources_about(About.ANYONE):
        register = OwnRows(rng, world, source, each, landing.truth)[source.name]
        plant_licenses(register)
        landing.deliver(register.table, 0)
        licenses_due(landing.truth, standing(register.table))


def _people(block: Block, landing: Landing, elsewhere: Sequence[Standing]) -> Counter[str]:
    """A block's files and truth; gives how many people each employer has insured."""
    # First what only few people and couples are fit for.
    plant_marriages(block)
    plant_relations(block)
    plant_ids(block)
    plant_names(block)
    plant_events(block)
    plant_versions(block)
    plant_spellings(block)
    plant_values(block)
    plant_records(block)
    tables = [block.household, block.permit, block.insurance, block.death, block.marriage]
    for table in tables:
        landing.deliver(table, block.number)
    if block.number == 0:
        deliver_odd_files(block, landing)
    return people_due(block.truth, [standing(table) for table in tables], elsewhere)
