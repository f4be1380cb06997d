"""居住证: people who live elsewhere than they are registered."""

from __future__ import annotations

import numpy as np

from simulation.among import born_before, both, held_by, held_nowhere_else, without_x
from simulation.defects import addresses, dates, names, nothing, phones, regions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, repetition
from simulation.planting import at_least, on, twice
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.world.drawing import mobile_numbers, pick_of, street_addresses
from simulation.world.places import counties

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
        "residence_address": street_addresses(rng, live),
        "residence_reason": pick_of(rng, ["务工", "经商", "就学", "投靠亲属", "其他"], count),
        "phone": mobile_numbers(rng, count),
        "issuer": [counties()[code] + "公安局" for code in live],
        "issued_on": iso_days(issued),
        "valid_from": iso_days(issued),
        "valid_to": iso_days(valid_to),
        "updated_at": moments(rng, count, PHASE, ("2024-07-01", "2026-06-29")),
    }
    return Table("residence_permit", sent, {}, parts(count)), members


PLAN = (
    on("id_number", ids.beyond_the_mainland("household_region"), 301, every=True, among=held_nowhere_else),
    on("id_number", ids.of_foreigners("household_region", "person_name"), 302, among=held_nowhere_else),
    on("id_number", ids.FIFTEEN_DIGITS, 308, among=both(born_before("2000-01-01"), held_by("household_registration"))),
    on("id_number", ids.NUMBER_CELL, 330, among=without_x, rules=["row.digits_lost"]),
    on("residence_address", nothing.WITHOUT_VALUE, 331, count=at_least(2), rules=["row.cell_error"]),
    on("id_number", ids.WRONG_CHECK_DIGIT, 342),
    on("id_number", ids.TOO_SHORT, 344),
    on("id_number", ids.BIRTHDAY_IMPOSSIBLE, 361),
    on("id_number", ids.BIRTHDAY_IN_FUTURE, 363, rules=["issued_after_birth"]),
    on("id_number", ids.BIRTHDAY_BEFORE_1900, 365),
    on("residence_region", nothing.required("—"), 419),
    on("person_name", names.OF_NOBODY, 424, count=at_least(3), start=6),
    on("person_name", names.NOT_LEGIBLE, 425, count=at_least(3), start=6),
    on("residence_address", addresses.READ_AS_LATIN, 431),
    on("issued_on", dates.in_future(), 504),
    on("issued_on", dates.before_birth(), 510, rules=["issued_after_birth"]),
    on("permit_number", WITH_MARKS, 703, count=at_least(2)),
    on("valid_from", dates.YEAR_ONE_MEANS_NOTHING, 713),
    on("issued_on", dates.in_cells("issued_on", "valid_from"), 802),
    on("valid_from", dates.EXCEL_SERIAL, 803),
    on("valid_to", dates.SENTINEL, 806, every=True),
    on("valid_to", dates.NO_END_IN_WORDS, 816),
    on("valid_to", dates.unreadable("2026-02-30", "2024-13-45"), 817),
    dates.validity_reversed("valid_from", "valid_to", 818),
    on("residence_region", regions.AS_NAME, 822, count=twice),
    on("residence_region", regions.LONG_CODE, 823, count=twice),
    on("phone", phones.SEVERAL, 840, every=True),
    on("phone", phones.DUMMY, 841),
    on("phone", phones.TOO_SHORT, 842),
    on("phone", nothing.NULL_TOKEN, 861),
    contradiction("residence_reason", "其他原因", 912),
    repetition(922),
)
SOURCE = Source(
    name="residence_permit",
    title="居住证",
    about=About.PEOPLE,
    form=Format(".xlsx"),
    records=records,
    drift=("居住证号", "居住地行政区划代码", "居住地址", "手机号码"),
    phase=PHASE,
    plan=PLAN,
)
