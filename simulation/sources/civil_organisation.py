"""社会组织登记: one row per civil organisation."""

from __future__ import annotations

import numpy as np

from simulation.calendar import day_number, iso_days, moments
from simulation.drawing import addresses, phones
from simulation.names import FIELDS
from simulation.regions import CITIES
from simulation.source import About, Format, Source
from simulation.table import MAIN, Table
from simulation.vocabulary import (
    ENTITY_STATE,
)
from simulation.world import World

PHASE = 1


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """All of them in one file."""
    people, entities = world.people, world.entities
    first = entities.market
    count = len(entities) - first
    region = entities.region[first:]
    capital = rng.integers(1, 50, count).tolist()
    founded = entities.founded[first:]
    sent = {
        "credit_code": entities.credit_code[first:],
        "entity_name": entities.name[first:],
        "entity_type": entities.kind[first:],
        "representative_name": [people.name[at] for at in entities.head[first:]],
        "representative_id": [people.id_number[at] for at in entities.head[first:]],
        "established_on": iso_days(founded),
        "registered_capital": [f"{amount}万元人民币" for amount in capital],
        "business_scope": [f"{FIELDS[at % len(FIELDS)]}交流；公益服务" for at in range(count)],
        "supervisor": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "registrar": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in entities.state[first:]],
        "registered_region": region,
        "registered_address": addresses(rng, region),
        "valid_from": iso_days(np.full(count, day_number("2023-01-01"))),
        "valid_to": iso_days(np.full(count, day_number("2027-12-31"))),
        "phone": phones(rng, count),
        "updated_at": moments(rng, count, PHASE),
    }
    due: dict[str, list[str | None]] = {
        "state": list(entities.state[first:]),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("civil_organisation", sent, due, [MAIN] * count), list(range(first, len(entities)))


SOURCE = Source(
    name="civil_organisation",
    title="社会组织",
    about=About.ORGANISATIONS,
    form=Format(".xlsx"),
    records=records,
    drift=(
        "组织名称",
        "组织类型",
        "成立日期",
        "开办资金",
    ),
    phase=PHASE,
)
