"""The three registers of legal entities side by side, and the choice of whom a defect is planted on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulation.entities import Entities, check_list, civil_register, found, market_register
from simulation.population import Mask, People
from simulation.table import Table
from simulation.truth import Truth

MARKET_FEWEST, CIVIL_FEWEST = 250, 150


@dataclass
class Registers:
    """Entities, the tables about them, and who has nothing planted yet; row n of the check list is entity n."""

    rng: np.random.Generator
    entities: Entities
    market: Table
    civil: Table
    check: Table
    each: int
    truth: Truth
    free: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        self.free = np.ones(len(self.entities), dtype=bool)

    def in_market(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of the market's register, which are the entities' numbers too; `also` is by entity."""
        held = np.arange(len(self.entities)) < self.entities.market
        return self._choose(held if also is None else held & also, count)

    def in_civil(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of the civil organisations' register; add `first_civil` for the entity."""
        first = self.entities.market
        held = np.arange(len(self.entities)) >= first
        return [at - first for at in self._choose(held if also is None else held & also, count)]

    def representative(self, entity: int) -> str:
        """The number of whoever stands for an entity."""
        first = self.entities.market
        table, row = (self.market, entity) if entity < first else (self.civil, entity - first)
        return str(table.column("representative_id")[row])

    def _choose(self, mask: Mask, count: int | None) -> list[int]:
        candidates = np.flatnonzero(mask & self.free)
        chosen = self.rng.choice(candidates, min(count or self.each, len(candidates)), replace=False)
        self.free[chosen] = False
        return [int(at) for at in chosen]

    def sound(self) -> list[tuple[str, str]]:
        """Code and name of every entity in whose records nothing is planted."""
        entities = self.entities
        return [(entities.credit_code[at], entities.name[at]) for at in np.flatnonzero(self.free).tolist()]


def make_registers(rng: np.random.Generator, people: int, heads: People, each: int, truth: Truth) -> Registers:
    """Registers for a population, still without a defect."""
    entities = found(rng, max(people // 20, MARKET_FEWEST), max(people // 200, CIVIL_FEWEST), heads)
    return Registers(
        rng,
        entities,
        market_register(rng, entities, heads),
        civil_register(rng, entities, heads),
        check_list(rng, entities),
        each,
        truth,
    )
