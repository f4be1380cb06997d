"""社会组织登记: one row per civil organisation."""

from __future__ import annotations

import numpy as np

from simulation.among import number_born_before
from simulation.defects import addresses, amounts, credit_codes, dates, files, names, nothing, regions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.planting import on, once
from simulation.source import About, Format, Source
from simulation.table import MAIN, Table
from simulation.vocabulary import ENTITY_STATE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days, moments
from simulation.world.drawing import mobile_numbers, street_addresses
from simulation.world.names import FIELDS, MOJIBAKE
from simulation.world.places import CITIES

PHASE = 1


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """All of them in one file."""
    people, organisations = world.people, world.organisations
    first = organisations.market
    count = len(organisations) - first
    region = organisations.region[first:]
    capital = rng.integers(1, 50, count).tolist()
    founded = organisations.founded[first:]
    sent = {
        "credit_code": organisations.credit_code[first:],
        "entity_name": organisations.name[first:],
        "registration_number": organisations.registration_number[first:],
        "entity_type": organisations.kind[first:],
        "representative_name": [people.name[at] for at in organisations.head[first:]],
        "representative_id": [people.id_number[at] for at in organisations.head[first:]],
        "established_on": iso_days(founded),
        "registered_capital": [f"{amount}万元人民币" for amount in capital],
        "business_scope": [f"{FIELDS[at % len(FIELDS)]}交流；公益服务" for at in range(count)],
        "supervisor": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "registrar": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in organisations.state[first:]],
        "registered_region": region,
        "registered_address": street_addresses(rng, region),
        "valid_from": iso_days(np.full(count, day_number("2023-01-01"))),
        "valid_to": iso_days(np.full(count, day_number("2027-12-31"))),
        "phone": mobile_numbers(rng, count),
        "updated_at": moments(rng, count, PHASE),
    }
    due: dict[str, list[str | None]] = {
        "state": list(organisations.state[first:]),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("civil_organisation", sent, due, [MAIN] * count), list(range(first, len(organisations)))


PLAN = (
    on("credit_code", credit_codes.LOWER_CASE, 102, count=once),
    on("credit_code", credit_codes.FULL_WIDTH, 104, count=once),
    on("credit_code", credit_codes.SPACED, 106, count=once),
    on("credit_code", credit_codes.WRONG_CHECK_DIGIT, 111),
    on("registered_capital", amounts.CAPITAL_UNREADABLE, 122),
    on("entity_name", names.mojibake(MOJIBAKE[2] + "协会"), 133),
    on("representative_id", ids.FIFTEEN_DIGITS, 143, among=number_born_before("representative_id", "2000")),
    on("representative_id", nothing.NULL_TOKEN, 144),
    on("valid_to", dates.NO_END_IN_WORDS, 152),
    on("established_on", dates.WITH_SLASHES, 155),
    on("established_on", dates.implausible("established_before_1900", "1880-01-01"), 156),
    on("registered_region", regions.TOLD_BY_CREDIT_CODE, 161),
    on("registered_address", addresses.STREET_LOST, 165),
    on("credit_code", WITH_MARKS, 303),
    on("representative_id", WITH_MARKS, 304),
    on(["valid_to", "established_on"], dates.YEAR_ONE_MEANS_NOTHING, 311),
    on("entity_name", names.NOT_LEGIBLE, 313),
)
SOURCE = Source(
    name="civil_organisation",
    title="社会组织",
    about=About.ORGANISATIONS,
    form=Format(".xlsx"),
    records=records,
    drift=("组织名称", "组织类型", "成立日期", "开办资金"),
    phase=PHASE,
    plan=PLAN,
    odd_files=(files.headers_swapped(1),),
)
