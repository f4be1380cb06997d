"""People or organisations with the records that sources hold of them, and on whom a defect is planted next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulation.source import Source
from simulation.table import Table
from simulation.truth.writing import Truth
from simulation.world.block import World
from simulation.world.calendar import SNAPSHOT, moments
from simulation.world.people import Mask

ABSENT = -1


class Subjects:
    """Subjects by number; nothing is planted twice on one of them."""

    def __init__(self, rng: np.random.Generator, world: World, count: int, each: int, truth: Truth) -> None:
        """`each` is how often every kind of defect is planted."""
        self.rng = rng
        self.world = world
        self.each = each
        self.truth = truth
        self.free: Mask = np.ones(count, dtype=bool)
        self.registers: dict[str, Register] = {}

    def __getitem__(self, source: str) -> Register:
        return self.registers[source]

    def __len__(self) -> int:
        return len(self.free)

    def add(self, source: Source) -> None:
        """The source's records, still without a defect."""
        table, *about = source.records(self.rng, self.world)
        self.registers[source.name] = Register(self, source, table, about)

    def within(self, *sources: str) -> Mask:
        """Who has records in all of the sources."""
        held = np.ones(len(self), dtype=bool)
        for source in sources:
            held &= self[source].row != ABSENT
        return held

    def only(self, source: str) -> Mask:
        """Who has records in this source alone."""
        others = [register.row != ABSENT for name, register in self.registers.items() if name != source]
        return self.within(source) & ~np.logical_or.reduce(others)

    def untouched(self, state: str) -> list[tuple[str, str]]:
        """Code and name of the organisations in that state in whose records nothing is planted."""
        entities = self.world.organisations
        free = np.flatnonzero(self.free).tolist()
        return [(entities.credit_code[at], entities.name[at]) for at in free if entities.state[at] == state]

    def choose(self, mask: Mask, count: int | None = None) -> list[int]:
        """Some subjects in whose records nothing is planted yet, as many as each kind gets."""
        candidates = np.flatnonzero(mask & self.free)
        chosen = self.rng.choice(candidates, min(count or self.each, len(candidates)), replace=False)
        self.free[chosen] = False
        return [int(at) for at in chosen]


class OwnRows(Subjects):
    """Each record is a subject by itself, whoever it is about: what is planted in it concerns no other source."""

    def __init__(self, rng: np.random.Generator, world: World, source: Source, each: int, truth: Truth) -> None:
        table, *about = source.records(rng, world)
        super().__init__(rng, world, len(table), each, truth)
        self.registers[source.name] = OwnRegister(self, source, table, about or [list(range(len(table)))])
        self._order = rng.permutation(len(table))

    def choose(self, mask: Mask, count: int | None = None) -> list[int]:
        chosen = self._order[(mask & self.free)[self._order]][: count or self.each]
        self.free[chosen] = False
        return [int(at) for at in chosen]


class Register:
    """A source's records, and which subject each is about: in one role, or in two, as husband and wife are."""

    def __init__(self, of: Subjects, source: Source, table: Table, about: Sequence[list[int]]) -> None:
        self.of = of
        self.source = source
        self.table = table
        self.about = about
        self.row = np.full(self.subjects, ABSENT, dtype=np.int64)
        for role in about:
            # The first row of each.
            self.row[role[::-1]] = np.arange(len(role))[::-1]

    @property
    def subjects(self) -> int:
        """How many subjects a row could be about."""
        return len(self.of)

    @property
    def each(self) -> int:
        return self.of.each

    def rows(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows whose subjects have nothing planted yet; `also` is by subject, or by row where a row is about two."""
        if len(self.about) > 1:
            return self._rows_about_several(count, also)
        mask = self.row != ABSENT
        return [int(self.row[at]) for at in self.of.choose(mask if also is None else mask & also, count)]

    def _rows_about_several(self, count: int | None, also: Mask | None) -> list[int]:
        free = self.of.free
        able = np.logical_and.reduce([free[role] for role in self.about])
        candidates = np.flatnonzero(able if also is None else able & also)
        chosen = self.of.rng.choice(candidates, min(count or self.each, len(candidates)), replace=False)
        for role in self.about:
            free[np.array(role, dtype=np.int64)[chosen]] = False
        return [int(at) for at in chosen]

    def times(self) -> NDArray[np.int64]:
        """How many rows are about each subject."""
        return np.bincount(self.about[0], minlength=len(self.of))

    def moments(self, count: int, window: tuple[str, str] = SNAPSHOT) -> list[str]:
        """As many distinct moments of update."""
        return moments(self.of.rng, count, self.source.phase, window)


class OwnRegister(Register):
    """The register of a source whose rows are subjects by themselves, and are about those of the world all the same."""

    @property
    def subjects(self) -> int:
        return 1 + max(max(role, default=-1) for role in self.about)

    def rows(self, count: int | None = None, also: Mask | None = None) -> list[int]:
        """Rows in which nothing is planted yet; `also` is as in any register."""
        if also is not None and len(self.about) == 1:
            also = also[self.about[0]]
        return self.of.choose(np.ones(len(self.of), dtype=bool) if also is None else also, count)
