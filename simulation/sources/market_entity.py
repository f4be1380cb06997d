"""经营主体登记: one row per enterprise."""

from __future__ import annotations

import numpy as np

from simulation.calendar import iso_days, moments
from simulation.drawing import addresses, phones
from simulation.names import TRADES
from simulation.regions import counties
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.vocabulary import (
    ENTITY_STATE,
)
from simulation.world import World


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """The capital is spelt as it usually is, in ten thousands of yuan."""
    people, entities = world.people, world.entities
    count = entities.market
    region = entities.region[:count]
    state = entities.state[:count]
    capital = [n * 10 for n in rng.integers(1, 500, count).tolist()]
    sent = {
        "credit_code": entities.credit_code[:count],
        "entity_name": entities.name[:count],
        "entity_type": entities.kind[:count],
        "established_on": iso_days(entities.founded[:count]),
        "registered_capital": [f"{amount}万元" for amount in capital],
        "business_scope": [
            f"{TRADES[at % len(TRADES)]}；货物进出口，技术服务（依法须经批准的项目除外）" for at in range(count)
        ],
        "representative_name": [people.name[at] for at in entities.head[:count]],
        "representative_id": [people.id_number[at] for at in entities.head[:count]],
        "registrar": [counties()[code] + "市场监督管理局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in state],
        "approved_on": iso_days(entities.founded[:count] + 400),
        "valid_to": iso_days(entities.founded[:count] + 30 * 365),
        "phone": phones(rng, count),
        "province": ["内蒙古自治区"] * count,
        "registered_region": region,
        "registered_address": addresses(rng, region),
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "state": list(state),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("market_entity", sent, due, parts(count)), list(range(count))


SOURCE = Source(
    name="market_entity",
    title="经营主体",
    about=About.ORGANISATIONS,
    form=Format(".csv"),
    records=records,
    drift=(
        "名称",
        "成立日期",
        "注册资本",
        "住所",
        "社会信用代码",
        "行政区划",
        "经营状态",
    ),
    reordered=True,
)
