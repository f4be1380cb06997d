"""宗教活动场所: one row per venue, with the place where it lies."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, dates
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.periods import reversed_period
from simulation.defects.records import damaged
from simulation.planting import Planting, Written, accepted, flagged, on
from simulation.registrations import HEAD, columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.vocabulary import RELIGION, VENUE_TYPE, YES_OR_NO
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days
from simulation.world.drawing import pick_of
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import People
from simulation.world.places import counties

KINDS = {"71": "寺观教堂"}


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "民族事务委员会", _name)


def _name(number: int, begin: str, region: str) -> str:
    return f"{counties()[region]}{brand(number)}{['召', '寺', '清真寺', '教堂'][number % 4]}"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Places in degrees."""
    organisations = world.organisations
    count = len(organisations)
    religion = pick_of(rng, list(RELIGION), count)
    kind, legal = pick_of(rng, list(VENUE_TYPE), count), pick_of(rng, list(YES_OR_NO), count)
    registered = rng.integers(day_number("2006-01-01"), day_number("2022-12-31"), count)
    sent = columns_of_all(rng, world, "民族事务委员会", HEAD) | {
        "registration_number": [f"宗场证字（蒙）F{n:09}号" for n in rng.permutation(count).tolist()],
        "religion": [RELIGION[code][0] for code in religion],
        "school": pick_of(rng, ["藏传佛教", "汉传佛教", ""], count),
        "entity_type": [VENUE_TYPE[code][0] for code in kind],
        "is_legal_person": [YES_OR_NO[code][0] for code in legal],
        "clergy": list(map(str, rng.integers(1, 40, count).tolist())),
        "floor_area": [f"{n}.50" for n in rng.integers(80, 4000, count).tolist()],
        "registered_on": iso_days(registered),
        "valid_to": iso_days(registered + 20 * 365),
        "longitude": [f"{n / 10**6:.8f}" for n in rng.integers(106_000_000, 122_000_000, count).tolist()],
        "latitude": [f"{n / 10**6:.8f}" for n in rng.integers(40_000_000, 46_000_000, count).tolist()],
        "registered_region": list(organisations.region),
    }
    due = due_of_all(world) | {
        "religion": list(religion),
        "entity_type": list(kind),
        "is_legal_person": list(legal),
        "registration_number": [number.replace("（蒙）", "(蒙)") for number in sent["registration_number"]],
    }
    return Table("religious_venue", sent, due, parts(count)), list(range(count))


def _axes_swapped(register: Register) -> None:
    table = register.table
    for row in register.rows():
        longitude, latitude = (table.sent[axis][row] for axis in ("longitude", "latitude"))
        table.change(row, "longitude", latitude)
        table.change(row, "latitude", longitude)
        table.flag(row, "axes_swapped", "longitude.within", "latitude.within")


PLAN = (
    *planted_in_all("^71", count="clergy", head=HEAD),
    on("registration_number", WITH_MARKS),
    on("religion", codes.CODE_ITSELF),
    on("religion", codes.unlisted("民间信仰")),
    on("entity_type", codes.other_label(VENUE_TYPE, 1, 0, code_itself=True)),
    on("is_legal_person", codes.other_label(YES_OR_NO, 1, 2), every=True),
    on(
        "floor_area",
        accepted("area_spelling", Written("1,280.5", "1280.50"), Written("２００", "200.00")),
        every=True,
    ),
    on("floor_area", flagged("area_unreadable", "三间", checks=["form"], due=None)),
    on("floor_area", flagged("area_negative", "-80.00", checks=["not_negative"])),
    on("longitude", flagged("degrees_unreadable", "111°40′", checks=["form"], due=None)),
    Planting(_axes_swapped),
    on("registered_on", dates.in_future(), rules=["validity_in_order"]),
    on("valid_to", dates.NO_END_IN_WORDS),
    on("registered_on", dates.WITH_SLASHES),
    reversed_period("registered_on", "valid_to", "validity_in_order"),
    damaged(Broken.NO_JSON),
)
SOURCE = Source(
    name="religious_venue",
    title="宗教活动场所",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".jsonl"),
    records=records,
    drift=("场所名称", "宗教类别", "场所登记证号", "建筑面积（平方米）", "dsc_biz_timestamp"),
    plan=PLAN,
    found=found,
)
