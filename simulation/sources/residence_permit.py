"""居住证: people who live elsewhere than they are registered."""

from __future__ import annotations

import numpy as np

from simulation.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.drawing import addresses, phones, pick_of
from simulation.regions import counties
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.world import World

PHASE = 1


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Prolonged year by year by most of their holders; the others were over long ago."""
    people, members = world.people, world.moved
    count = len(members)
    live = pick_of(rng, list(counties()), count)
    issued = rng.integers(day_number("2019-01-01"), day_number("2026-06-01"), count)
    # Most of them run for as long as anyone will try this.
    over = (rng.random(count) < 0.2) & (issued + 365 < AS_OF_DAY - 30)
    valid_to = np.where(over, issued + 365, day_number("2068-12-31"))
    serial = rng.permutation(count)
    sent = {
        "permit_number": [f"J{code}{world.number:04}{n:06}" for code, n in zip(live, serial, strict=True)],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "household_region": [people.region[at] for at in members],
        "residence_region": live,
        "residence_address": addresses(rng, live),
        "residence_reason": pick_of(rng, ["务工", "经商", "就学", "投靠亲属", "其他"], count),
        "phone": phones(rng, count),
        "issuer": [counties()[code] + "公安局" for code in live],
        "issued_on": iso_days(issued),
        "valid_from": iso_days(issued),
        "valid_to": iso_days(valid_to),
        "updated_at": moments(rng, count, PHASE, ("2024-07-01", "2026-06-29")),
    }
    return Table("residence_permit", sent, {}, parts(count)), members


SOURCE = Source(
    name="residence_permit",
    title="居住证",
    about=About.PEOPLE,
    form=Format(".xlsx"),
    records=records,
    drift=(
        "居住证号",
        "居住地行政区划代码",
        "居住地址",
        "手机号码",
    ),
    phase=PHASE,
)
