"""经营主体登记: one row per enterprise."""

from __future__ import annotations

import numpy as np

from simulation.among import number_born_before
from simulation.defects import amounts, codes, credit_codes, dates, names, nothing, phones, regions, versions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import WITH_LINE_BREAK, contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted_by_key_alone, deleted_in_another_spelling, later_on, unknown_flag
from simulation.planting import at_least, exactly, on, twice
from simulation.source import About, Format, Source
from simulation.table import Broken, Table, parts
from simulation.vocabulary import ENTITY_STATE
from simulation.world.block import World
from simulation.world.calendar import iso_days, moments
from simulation.world.drawing import mobile_numbers, street_addresses
from simulation.world.names import TRADES
from simulation.world.places import counties


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """The capital is spelt as it usually is, in ten thousands of yuan."""
    people, organisations = world.people, world.organisations
    count = organisations.market
    region = organisations.region[:count]
    state = organisations.state[:count]
    capital = [n * 10 for n in rng.integers(1, 500, count).tolist()]
    sent = {
        "credit_code": organisations.credit_code[:count],
        "entity_name": organisations.name[:count],
        "registration_number": organisations.registration_number[:count],
        "entity_type": organisations.kind[:count],
        "established_on": iso_days(organisations.founded[:count]),
        "registered_capital": [f"{amount}万元" for amount in capital],
        "business_scope": [
            f"{TRADES[at % len(TRADES)]}；货物进出口，技术服务（依法须经批准的项目除外）" for at in range(count)
        ],
        "representative_name": [people.name[at] for at in organisations.head[:count]],
        "representative_id": [people.id_number[at] for at in organisations.head[:count]],
        "registrar": [counties()[code] + "市场监督管理局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in state],
        "approved_on": iso_days(organisations.founded[:count] + 400),
        "valid_to": iso_days(organisations.founded[:count] + 30 * 365),
        "phone": mobile_numbers(rng, count),
        "province": ["内蒙古自治区"] * count,
        "registered_region": region,
        "registered_address": street_addresses(rng, region),
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "state": list(state),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("market_entity", sent, due, parts(count)), list(range(count))


PLAN = (
    on("credit_code", credit_codes.LOWER_CASE, 101),
    on("credit_code", credit_codes.FULL_WIDTH, 103),
    on("credit_code", credit_codes.SPACED, 105),
    on("credit_code", credit_codes.WRONG_CHECK_DIGIT, 110),
    on("credit_code", credit_codes.NO_CODE, 112),
    on("credit_code", nothing.required("无"), 113),
    on("registered_capital", amounts.CAPITAL_UNIT, 120, count=exactly(len(amounts.CAPITAL))),
    on("registered_capital", amounts.CAPITAL_UNREADABLE, 121),
    on("registered_capital", amounts.CAPITAL_OF_NOTHING, 123),
    on("entity_name", names.PADDED_UNEVENLY, 132),
    on("entity_name", nothing.required("NULL"), 135),
    on("representative_id", ids.WRONG_CHECK_DIGIT, 140),
    on("representative_id", ids.AS_SHOWN_BY_EXCEL, 141),
    on("representative_id", ids.FIFTEEN_DIGITS, 142, among=number_born_before("representative_id", "2000")),
    on("established_on", dates.in_future("established_in_future"), 150),
    on("valid_to", dates.NO_END_IN_WORDS, 151),
    on("valid_to", dates.unreadable("2024-02-30", "三十年", "2024-13-01"), 153),
    on("valid_to", dates.NINES, 154),
    on("registered_region", regions.AS_NAME, 160, count=twice),
    on("registered_region", regions.NEVER_ONE, 162),
    on("phone", phones.ZEROS, 163),
    on("state", codes.other_label(ENTITY_STATE, *range(10)), 164, count=at_least(4)),
    damaged(Broken.TOO_MANY_CELLS, 170),
    damaged(Broken.TOO_FEW_CELLS, 171),
    repetition(172),
    contradiction("business_scope", "一般项目：谷物种植", 173),
    on("business_scope", WITH_LINE_BREAK, 174),
    on("credit_code", WITH_MARKS, 301),
    on("representative_id", WITH_MARKS, 302),
    on("state", codes.FULL_WIDTH_OR_PADDED, 306),
    on("registered_region", codes.FULL_WIDTH, 308),
    on(["valid_to", "established_on"], dates.YEAR_ONE_MEANS_NOTHING, 310),
    on("entity_name", names.OF_NOBODY, 312, count=at_least(2)),
    on("representative_name", names.OF_NOBODY_THOUGH_OPTIONAL, 314),
    later_on(
        Later(deleted_in_another_spelling, at_least(3)),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
        turn=317,
    ),
    versions.in_future_beside_another("registered_address", 319),
    on("approved_on", dates.in_future(), 320),
)
SOURCE = Source(
    name="market_entity",
    title="经营主体",
    about=About.ORGANISATIONS,
    form=Format(".csv"),
    records=records,
    drift=("名称", "成立日期", "注册资本", "住所", "社会信用代码", "行政区划", "经营状态"),
    reordered=True,
    plan=PLAN,
)
