"""What a source module of the simulation says: whose records it holds, how its files are written, what is planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from simulation.contracts import contract
from simulation.table import Table

if TYPE_CHECKING:
    from simulation.defects.files import OddFile
    from simulation.planting import Planting
    from simulation.truth.against_register import Known
    from simulation.truth.standing import Standing
    from simulation.truth.writing import Truth
    from simulation.world.organisations import Organisations
    from simulation.world.people import People


@dataclass(frozen=True)
class Format:
    """How the bytes of a source's files are written."""

    suffix: str
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"


class About(Enum):
    """Whose records a source holds, and so how often they are made."""

    PEOPLE = "people, block by block"
    ORGANISATIONS = "organisations, once"
    OTHER_ORGANISATIONS = "organisations of which another register holds none, once"
    ANYONE = "records of their own about anyone, once"


# The rows of a source and, for each role in which somebody stands in them, which subject of the world that is.
Records = Callable[[np.random.Generator, Any], tuple[Table, *tuple[list[int], ...]]]


@dataclass(frozen=True)
class Source:
    """A source by its contract's name; its files are named after `title`.

    `drift` are the other headers (aliases of the contract) in the files of some offices, whose columns are `reordered`
    too. `records` makes its rows from the world, still without a defect, and `plan` is what is planted in them;
    `odd_files` come beside those of the first block. `due` writes tables that follow from this source alone, beside
    its own; `held_against`, of a source about people, those that follow from it and others about them, and findings.
    Sources of one `phase` (0 to 3) may claim the same moment for one subject, so those that feed the same golden record
    differ in it. A source about other organisations says in `found` which there are, of so many people in all: the
    check list holds them too, by a file of their own.
    """

    name: str
    title: str
    about: About
    form: Format
    records: Records
    drift: tuple[str, ...] = ()
    reordered: bool = False
    phase: int = 0
    plan: tuple[Planting, ...] = ()
    odd_files: tuple[OddFile, ...] = ()
    due: Callable[[Truth, Standing], None] | None = None
    held_against: Callable[[Truth, Known], None] | None = None
    found: Callable[[np.random.Generator, People, int], Organisations] | None = None

    def layout(self, *, drifted: bool = False) -> dict[str, str]:
        """Column → header, in file order."""
        if not drifted:
            return contract(self.name).headers
        spelled = contract(self.name).drifted(self.drift)
        names = list(spelled)
        if self.reordered:
            names = names[3:] + names[:3]
        return {name: spelled[name] for name in names}
