"""统一代码校核: every credit code that was issued, with the state and name it was issued for."""

from __future__ import annotations

import numpy as np

from simulation.among import held_by
from simulation.defects import codes
from simulation.defects.identifiers import WITH_MARKS
from simulation.planting import on
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days, moments
from simulation.world.places import counties

PHASE = 2


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Row n is about organisation n."""
    organisations = world.organisations
    count = len(organisations)
    checked = iso_days(np.full(count, day_number("2026-03-15")) + rng.integers(0, 30, count))
    sent = {
        "credit_code": list(organisations.credit_code),
        "entity_name": list(organisations.name),
        "entity_type": list(organisations.kind),
        "code_issuer": [
            counties()[code] + ("市场监督管理局" if at < organisations.market else organisations.issuer)
            for at, code in enumerate(organisations.region)
        ],
        "code_issued_on": iso_days(organisations.founded),
        "state": list(organisations.state),
        "check_result": ["一致"] * count,
        "checked_on": checked,
        "updated_at": moments(rng, count, PHASE),
        "operation": [""] * count,
    }
    return Table("credit_code_check", sent, {}, parts(count)), list(range(count))


PLAN = (
    on("credit_code", WITH_MARKS, 305, among=held_by("market_entity"), start=1),
    on("state", codes.FULL_WIDTH_OR_PADDED, 307, among=held_by("market_entity")),
)
SOURCE = Source(
    name="credit_code_check",
    title="统一代码校核",
    about=About.ORGANISATIONS,
    form=Format(".txt", "gb18030", delimiter="|", line_end="\r\n"),
    records=records,
    drift=("社会信用代码", "名称"),
    phase=PHASE,
    plan=PLAN,
)
