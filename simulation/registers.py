"""The registers of legal entities side by side."""

from __future__ import annotations

import numpy as np

from simulation.entities import Entities, found
from simulation.population import Mask, People
from simulation.source import About
from simulation.sources import sources_about
from simulation.subjects import Subjects
from simulation.table import Table
from simulation.truth import Truth
from simulation.world import World

MARKET_FEWEST, CIVIL_FEWEST = 250, 150


class Registers(Subjects):
    """Entities, the tables about them, and who has nothing planted yet; row n of the check list is entity n."""

    @property
    def entities(self) -> Entities:
        return self.world.entities

    @property
    def market(self) -> Table:
        return self["market_entity"].table

    @property
    def civil(self) -> Table:
        return self["civil_organisation"].table

    @property
    def check(self) -> Table:
        return self["credit_code_check"].table

    def in_market(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of the market's register, which are the entities' numbers too; `also` is by entity."""
        return self["market_entity"].rows(count, also)

    def in_civil(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of the civil organisations' register; add `first_civil` for the entity."""
        return self["civil_organisation"].rows(count, also)

    def representative(self, entity: int) -> str:
        """The number of whoever stands for an entity."""
        first = self.entities.market
        table, row = (self.market, entity) if entity < first else (self.civil, entity - first)
        return str(table.column("representative_id")[row])

    def sound(self) -> list[tuple[str, str]]:
        """Code and name of every entity in whose records nothing is planted."""
        entities = self.entities
        return [(entities.credit_code[at], entities.name[at]) for at in np.flatnonzero(self.free).tolist()]


def make_registers(rng: np.random.Generator, people: int, heads: People, each: int, truth: Truth) -> Registers:
    """Registers for a population, still without a defect."""
    entities = found(rng, max(people // 20, MARKET_FEWEST), max(people // 200, CIVIL_FEWEST), heads)
    registers = Registers(rng, World(heads, entities, people), len(entities), each, truth)
    for source in sources_about(About.ORGANISATIONS):
        registers.add(source)
    return registers
