"""A block of people with all their records."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.population import Mask, People
from simulation.source import About
from simulation.sources import sources_about
from simulation.subjects import Subjects
from simulation.table import Table
from simulation.truth import Truth
from simulation.world import World, with_lives


class Block(Subjects):
    """People, the tables about them, and where each person stands in the tables."""

    @property
    def people(self) -> People:
        return self.world.people

    @property
    def number(self) -> int:
        return self.world.number

    @property
    def couples(self) -> tuple[list[int], list[int]]:
        return self.world.couples

    @property
    def household(self) -> Table:
        return self["household_registration"].table

    @property
    def permit(self) -> Table:
        return self["residence_permit"].table

    @property
    def insurance(self) -> Table:
        return self["social_insurance"].table

    @property
    def death(self) -> Table:
        return self["death_registration"].table

    @property
    def marriage(self) -> Table:
        return self["marriage_registration"].table

    @property
    def row(self) -> dict[str, NDArray[np.int64]]:
        return {name: register.row for name, register in self.registers.items()}

    @property
    def times_insured(self) -> NDArray[np.int64]:
        return self["social_insurance"].times()

    def rows(self, source: str, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of a source whose people have nothing planted yet."""
        return self[source].rows(count, also)

    def weddings(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows of first marriages of couples in whose records nothing is planted yet."""
        return self["marriage_registration"].rows(count, also)


def make_block(rng: np.random.Generator, world: World, each: int, truth: Truth) -> Block:
    """All records about a block of people, still without a defect."""
    block = Block(rng, with_lives(rng, world), len(world.people), each, truth)
    for source in sources_about(About.PEOPLE):
        block.add(source)
    return block
