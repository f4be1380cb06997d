"""农村集体经济组织: one row per rural collective, with its assets in ten thousands of yuan and its land in mu."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, dates
from simulation.planting import Planting, Written, accepted, flagged, on
from simulation.registrations import columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import COLLECTIVE_TYPE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import People
from simulation.world.places import counties, village_code

KINDS = {"N1": "组", "N2": "村", "N3": "乡镇"}
TYPED = {kind: f"^{begin}" for begin, kind in KINDS.items()}
MU_OF_A_HECTARE = 15


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "农牧局", _name)


def _name(number: int, begin: str, region: str) -> str:
    return (
        f"{counties()[region]}{brand(number)}{'股份' if begin == 'N2' else ''}经济合作{'总' if begin == 'N3' else ''}社"
    )


def _square_metres(mu: int) -> str:
    """Of a multiple of three: fifteen mu are a hectare."""
    return f"{mu // 3 * 2000}.00"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Land in multiples of three hectares, a third or more of it pasture."""
    organisations = world.organisations
    count = len(organisations)
    assets, operating = rng.integers(400, 3000, count).tolist(), rng.integers(20, 300, count).tolist()
    land = (rng.integers(100, 4000, count) * 3 * MU_OF_A_HECTARE).tolist()
    pasture = [mu // 9 * 3 for mu in land]
    sent = columns_of_all(rng, world, "农牧局") | {
        "entity_type": [COLLECTIVE_TYPE[kind][0] for kind in organisations.kind],
        "village": [village_code(number, region, 200) for number, region in enumerate(organisations.region)],
        "members": list(map(str, rng.integers(400, 3000, count).tolist())),
        "households": list(map(str, rng.integers(60, 400, count).tolist())),
        "shares": [f"{n}.50" for n in rng.integers(400, 3000, count).tolist()],
        "total_assets": [f"{amount}.5" for amount in assets],
        "operating_assets": [str(amount) for amount in operating],
        "collective_land": list(map(str, land)),
        "pasture": list(map(str, pasture)),
        "code_issued_on": iso_days(rng.integers(day_number("2019-01-01"), day_number("2025-12-31"), count)),
    }
    due = due_of_all(world) | {
        "entity_type": list(organisations.kind),
        "registered_region": [code[:6] for code in sent["village"]],
        "total_assets": [f"{amount}5000.00" for amount in assets],
        "operating_assets": [f"{amount}0000.00" for amount in operating],
        "collective_land": [_square_metres(mu) for mu in land],
        "pasture": [_square_metres(mu) for mu in pasture],
    }
    return Table("rural_collective", sent, due, parts(count)), list(range(count))


def _land_in_hectares(register: Register) -> None:
    table = register.table
    for row in register.rows():
        hectares = int(table.sent["collective_land"][row]) // MU_OF_A_HECTARE
        table.put(row, "collective_land", str(hectares), _square_metres(hectares))
        table.flag(row, "land_in_hectares", "pasture_within_land")


PLAN = (
    *planted_in_all("^N[123]", TYPED, count="households"),
    on("entity_type", codes.another_code("type_unlike_code", COLLECTIVE_TYPE), rules=["code_fits_type"]),
    on("entity_type", codes.other_label(COLLECTIVE_TYPE, 1, 0, code_itself=True)),
    on(
        "total_assets",
        accepted("amount_wan", Written("8,500.25", "85002500.00"), Written("１２００", "12000000.00")),
        every=True,
    ),
    on("total_assets", flagged("amount_unreadable", "若干", checks=["form"], due=None)),
    on("operating_assets", flagged("amount_negative", Written("-5", "-50000.00"), checks=["not_negative"])),
    on(
        "total_assets",
        flagged("amount_in_yuan", Written("35050000", "350500000000.00")),
        rules=["total_assets_in_wan"],
    ),
    on(
        "operating_assets",
        flagged("amount_in_yuan", Written("12000000", "120000000000.00")),
        rules=["operating_assets_in_wan", "operating_within_total"],
    ),
    on(
        "operating_assets",
        flagged("operating_more_than_all", Written("9000", "90000000.00")),
        rules=["operating_within_total"],
    ),
    Planting(_land_in_hectares),
    on("pasture", accepted("area_mu", Written("1,200.5", "800333.33"), Written("0.5", "333.33")), every=True),
    on("pasture", flagged("area_unreadable", "3000亩", "-20", checks=["form"], due=None), every=True),
    on("village", flagged("village_form", lambda code: code[:9], checks=["form"])),
    on("code_issued_on", dates.ANY_SPELLING, every=True),
    on("code_issued_on", dates.in_future()),
)
SOURCE = Source(
    name="rural_collective",
    title="农村集体经济组织",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".xlsx"),
    records=records,
    drift=("组织名称", "资产总额(万元)", "理事长", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
    found=found,
)
