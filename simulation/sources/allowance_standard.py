"""最低生活保障标准: what each banner pays at most for a person and month, in towns and in the country, year by year."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, nothing, regions
from simulation.defects.amounts import THOUSANDS
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import Later, deleted, later_on, unknown_flag
from simulation.planting import Planting, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import ALLOWANCE_TYPE
from simulation.world.block import World
from simulation.world.calendar import moments
from simulation.world.places import counties

LAST_YEAR, THIS_YEAR, LONG_AGO = "202401", "202601", "202001"
TOWN, COUNTRY = "110", "120"


def standard(region: str, kind: str, month: str) -> int:
    """Yuan for a person and month that a banner has in force; a third of them set it anew for the year."""
    place = list(counties()).index(region)
    first = (900 if kind == TOWN else 600) + place % 10 * 10
    return first + 50 if month >= THIS_YEAR and place % 3 == 0 else first


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Today's standards, and behind them old ones, in which alone anything is planted."""
    rows = [
        (region, kind, month)
        for region in counties()
        for kind in (TOWN, COUNTRY)
        for month in (LAST_YEAR, THIS_YEAR, LONG_AGO)
        if month != THIS_YEAR or list(counties()).index(region) % 3 == 0
    ]
    rows.sort(key=lambda row: row[2] == LONG_AGO)
    count = len(rows)
    sent = {
        "region": [region for region, _, _ in rows],
        "allowance_type": [ALLOWANCE_TYPE[kind][at % 2] for at, (_, kind, _) in enumerate(rows)],
        "effective_in": [month if at % 2 else f"{month[:4]}-{month[4:]}" for at, (_, _, month) in enumerate(rows)],
        "monthly_standard": [f"{standard(*row)}.00" for row in rows],
        "document_number": [f"民发{month[:4]}-{at}号" for at, (_, _, month) in enumerate(rows)],
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "allowance_type": [kind for _, kind, _ in rows],
        "effective_in": [month for _, _, month in rows],
    }
    kept = [month != LONG_AGO for _, _, month in rows]
    return (Table("allowance_standard", sent, due, parts(count), meant={"kept": kept}),)


def _keep_standards(register: Register) -> None:
    register.of.free[np.array(register.table.meant["kept"][: register.subjects])] = False


PLAN = (
    Planting(_keep_standards),
    on("region", regions.NEVER_ONE),
    on("region", nothing.required("无")),
    on("allowance_type", codes.unlisted("临时救助")),
    on("effective_in", quarantined("month_unreadable", "今年", checks=["form"])),
    on("monthly_standard", THOUSANDS, every=True),
    on("monthly_standard", flagged("amount_negative", "-600.00", checks=["not_negative"])),
    on("monthly_standard", flagged("amount_unreadable", "若干", checks=["form"], due=None)),
    repetition(),
    contradiction("document_number", "民发另号"),
    later_on(Later(deleted), Later(unknown_flag())),
)
SOURCE = Source(
    name="allowance_standard",
    title="低保标准",
    about=About.ANYONE,
    form=Format(".csv", "utf-8-sig"),
    records=records,
    drift=("区划代码", "保障标准"),
    plan=PLAN,
)
