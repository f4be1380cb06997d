"""电子证照: first versions of licences, held by some people and by organisations that are in good order."""

from __future__ import annotations

import numpy as np

from simulation.calendar import moments
from simulation.licenses import ORGANISATION, Holder, draw_license
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.world import World

LICENSES_FEWEST = 300


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for twenty people."""
    holders, count = _holders(world), max(world.total // 20, LICENSES_FEWEST)
    chosen = rng.integers(0, len(holders), count).tolist()
    rows = [draw_license(rng, holders[at], f"F{number:09}") for number, at in enumerate(chosen)]
    sent = {column: [row[column] for row in rows] for column in rows[0]}
    sent["updated_at"] = moments(rng, count)
    due: dict[str, list[str | None]] = {
        "state": ["01"] * count,
        "holder_code_type": [holders[at].code_type for at in chosen],
    }
    return (Table("e_license", sent, due, parts(count)),)


def _holders(world: World) -> list[Holder]:
    people = world.people
    grown = np.flatnonzero(people.adult & people.alive & ~people.outsider).tolist()
    holders = [Holder(people.id_number[at], people.name[at]) for at in grown]
    return holders + [Holder(code, name, ORGANISATION) for code, name in world.employers]


SOURCE = Source(
    name="e_license",
    title="电子证照",
    about=About.ANYONE,
    form=Format(".jsonl"),
    records=records,
    drift=("电子证照标识", "颁发机构", "持证主体名称"),
)
