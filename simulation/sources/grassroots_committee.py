"""基层群众性自治组织: one row per committee of villagers or residents."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, dates, nothing
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.periods import reversed_period, too_long
from simulation.defects.records import damaged
from simulation.planting import Planting, flagged, on
from simulation.registrations import columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.vocabulary import COMMITTEE_TYPE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import People
from simulation.world.places import counties, village_code

# By the first two characters of codes. Which of them is whose is not certain: no rule tells it.
VILLAGERS, RESIDENTS = "嘎查村", "居"
KINDS = {"54": VILLAGERS, "55": RESIDENTS}


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "民政局", _name)


def _name(number: int, begin: str, region: str) -> str:
    if KINDS[begin] == RESIDENTS:
        return f"{counties()[region]}{brand(number)}社区居民委员会"
    return f"{counties()[region]}{brand(number)}{['嘎查', '村民'][number % 2]}委员会"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """All of them elected in the same years."""
    organisations = world.organisations
    count = len(organisations)
    begun = rng.integers(day_number("2021-01-01"), day_number("2022-12-31"), count)
    households = rng.integers(60, 900, count)
    sent = columns_of_all(rng, world, "民政局") | {
        "entity_type": [COMMITTEE_TYPE[kind][0] for kind in organisations.kind],
        "village": [
            village_code(number, region, 200 if kind == VILLAGERS else 1)
            for number, (kind, region) in enumerate(zip(organisations.kind, organisations.region, strict=True))
        ],
        "term": ["第十一届"] * count,
        "term_from": iso_days(begun),
        "term_to": iso_days(begun + 5 * 365),
        "party_secretary": [world.people.name[at] for at in organisations.head],
        "households": list(map(str, households.tolist())),
        "inhabitants": list(map(str, (households * 3).tolist())),
        "groups": list(map(str, rng.integers(1, 12, count).tolist())),
        "valid_to": iso_days(begun + 5 * 365 + 60),
    }
    due = due_of_all(world) | {
        "entity_type": list(organisations.kind),
        "registered_region": [code[:6] for code in sent["village"]],
    }
    return Table("grassroots_committee", sent, due, parts(count)), list(range(count))


def _several_in_a_village(register: Register) -> None:
    """Finding `several_active_committees`: the one before was never cancelled."""
    table, organisations = register.table, register.of.world.organisations
    states, kinds = np.array(organisations.state), np.array(organisations.kind)
    chosen = register.rows(2 * register.each, (states == "1") & (kinds == VILLAGERS))
    for first, other in zip(chosen[::2], chosen[1::2], strict=False):
        _in_village_of(table, other, table.sent["village"][first])
        for row in (first, other):
            register.of.truth.finding("legal_entity", "several_active_committees", organisations.credit_code[row])


def _after_a_cancelled_one(register: Register) -> None:
    """No finding: the committee before was cancelled."""
    table, states = register.table, np.array(register.of.world.organisations.state)
    kinds = np.array(register.of.world.organisations.kind)
    for row, other in zip(
        register.rows(also=(states == "1") & (kinds == VILLAGERS)),
        register.rows(also=(states == "3") & (kinds == VILLAGERS)),
        strict=False,
    ):
        _in_village_of(table, other, table.sent["village"][row])
        table.accept(other, "committee_cancelled_before")


def _in_village_of(table: Table, row: int, village: str) -> None:
    table.change(row, "village", village)
    table.due["registered_region"][row] = village[:6]


def _of_another_kind(code: str) -> str:
    return _elsewhere(code, "001" if code[9] in "23" else "201")


def _virtual(code: str) -> str:
    return _elsewhere(code, "401")


def _elsewhere(code: str, place: str) -> str:
    """A place of a township that has no other."""
    return code[:6] + code[9:] + place


PLAN = (
    *planted_in_all("^5[45]", count="groups"),
    on("village", flagged("village_of_another_kind", _of_another_kind), rules=["village_fits_type"]),
    on("village", flagged("village_virtual", _virtual), rules=["village_fits_type"]),
    on("village", WITH_MARKS),
    on("village", nothing.required("无")),
    on("entity_type", codes.other_label(COMMITTEE_TYPE, 1, 2, 3, code_itself=True), every=True),
    on("entity_type", codes.unlisted("业主委员会")),
    on("term_from", dates.ANY_SPELLING, every=True),
    on("term_to", dates.NO_END_IN_WORDS),
    on("term_to", dates.unreadable("2026-02-30", "届满")),
    on("valid_to", dates.NINES),
    reversed_period("term_from", "term_to", "term_in_order"),
    too_long("term_from", "term_to", "term_within_five_years"),
    Planting(_several_in_a_village),
    Planting(_after_a_cancelled_one),
    damaged(Broken.TOO_MANY_CELLS),
    damaged(Broken.UNDECODABLE),
)
SOURCE = Source(
    name="grassroots_committee",
    title="村居委会",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".csv", "gb18030"),
    records=records,
    drift=("组织名称", "村居代码", "主任姓名", "dsc_biz_operation", "dsc_biz_timestamp"),
    reordered=True,
    plan=PLAN,
    found=found,
)
