"""工会法人: one row per trade union, most of them of enterprises and civil organisations that go on."""

from __future__ import annotations

import numpy as np

from simulation.defects import credit_codes, dates
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.periods import reversed_period
from simulation.defects.records import damaged
from simulation.planting import Planting, flagged, on
from simulation.registrations import columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import People
from simulation.world.places import counties

KINDS = {"81": "工会"}


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "总工会", _name)


def _name(number: int, begin: str, region: str) -> str:
    return f"{counties()[region]}{brand(number)}工会委员会"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """More staff than members, more members than migrants among them."""
    organisations, hosts = world.organisations, world.employers
    count = len(organisations)
    elected = rng.integers(day_number("2023-01-01"), day_number("2025-12-31"), count)
    sent = columns_of_all(rng, world, "总工会") | {
        "parent_union": [counties()[code] + "总工会" for code in organisations.region],
        "host_name": [hosts[at % len(hosts)][1] for at in range(count)],
        "host_code": [hosts[at % len(hosts)][0] for at in range(count)],
        "staff": list(map(str, rng.integers(2000, 4000, count).tolist())),
        "members": list(map(str, rng.integers(1300, 2000, count).tolist())),
        "migrant_members": list(map(str, rng.integers(0, 1000, count).tolist())),
        "established_on": iso_days(organisations.founded),
        "term_to": iso_days(elected + 5 * 365),
        "valid_to": iso_days(elected + 5 * 365 + 30),
        "registered_region": list(organisations.region),
    }
    return Table("trade_union", sent, due_of_all(world), parts(count)), list(range(count))


def _host_ended(register: Register) -> None:
    """Finding `union_of_ended_host`."""
    world = register.of.world
    active = np.array(world.organisations.state) == "1"
    for at, row in enumerate(register.rows(also=active)):
        code, name = world.ended[at % len(world.ended)]
        register.table.change(row, "host_code", code)
        register.table.change(row, "host_name", name)
        register.of.truth.finding("legal_entity", "union_of_ended_host", world.organisations.credit_code[row])


def _host_ended_with_it(register: Register) -> None:
    """No finding: the union was cancelled too."""
    world = register.of.world
    cancelled = np.array(world.organisations.state) == "3"
    for at, row in enumerate(register.rows(also=cancelled)):
        code, name = world.ended[at % len(world.ended)]
        register.table.change(row, "host_code", code)
        register.table.change(row, "host_name", name)
        register.table.accept(row, "union_ended_with_host")


PLAN = (
    *planted_in_all("^81", count="migrant_members"),
    Planting(_host_ended),
    Planting(_host_ended_with_it),
    on("host_code", credit_codes.WRONG_CHECK_DIGIT),
    on("host_code", WITH_MARKS),
    on("members", flagged("members_more_than_staff", "8888"), rules=["members_within_staff"]),
    on("migrant_members", flagged("migrants_more_than_members", "8888"), rules=["migrants_within_members"]),
    on("established_on", dates.ANY_SPELLING, every=True),
    on("established_on", dates.YEAR_ONE_MEANS_NOTHING),
    on("term_to", dates.NO_END_IN_WORDS),
    on("valid_to", dates.unreadable("2026-02-30", "五年")),
    reversed_period("established_on", "term_to", "term_in_order"),
    damaged(Broken.UNDECODABLE),
)
SOURCE = Source(
    name="trade_union",
    title="工会法人",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".txt", "gb18030", delimiter="|", line_end="\r\n"),
    records=records,
    drift=("工会名称", "工会主席", "工会主席身份证号", "所在单位名称", "cd_operation", "cd_time"),
    plan=PLAN,
    found=found,
)
