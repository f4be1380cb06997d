"""机关、事业单位、群团: one row per public institution; those of the second kind have a certificate for five years."""

from __future__ import annotations

import numpy as np

from simulation.among import of_kind
from simulation.defects import amounts, codes, dates
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.periods import reversed_period, too_long
from simulation.planting import Written, accepted, flagged, on
from simulation.registrations import columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.vocabulary import FUNDING_SOURCE, INSTITUTION_TYPE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso_days
from simulation.world.drawing import pick_of
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import People
from simulation.world.places import counties

INSTITUTION = "事业"
KINDS = {"11": "机关", "12": INSTITUTION, "13": "群团"}
ENDINGS = {"11": "局", "12": "服务中心", "13": "联合会"}
TYPED = {kind: f"^{begin}" for begin, kind in KINDS.items()}


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "委机构编制委员会办公室", _name, usual="12")


def _name(number: int, begin: str, region: str) -> str:
    return f"{counties()[region]}{brand(number)}{ENDINGS[begin]}"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Capital in ten thousands of yuan, as plain numbers."""
    organisations = world.organisations
    count = len(organisations)
    certified = [kind == INSTITUTION for kind in organisations.kind]
    begun = rng.integers(day_number("2022-01-01"), day_number("2025-12-31"), count)
    capital = rng.integers(3, 900, count).tolist()
    source = pick_of(rng, list(FUNDING_SOURCE), count)
    sent = columns_of_all(rng, world, "委机构编制委员会办公室") | {
        "entity_type": [INSTITUTION_TYPE[kind][0] for kind in organisations.kind],
        "business_scope": ["为社会提供公益服务"] * count,
        "registered_capital": [f"{amount}.5" for amount in capital],
        "funding_source": [FUNDING_SOURCE[code][0] for code in source],
        "sponsor": [counties()[code] + "人民政府" for code in organisations.region],
        "registration_number": _where(certified, [f"事证第1{n:011}号" for n in rng.permutation(count).tolist()]),
        "valid_from": _where(certified, iso_days(begun)),
        "valid_to": _where(certified, iso_days(begun + 5 * 365)),
        "administrative_rank": pick_of(rng, ["正科级", "副科级", "正处级", ""], count),
        "staff_quota": list(map(str, rng.integers(3, 90, count).tolist())),
        "registered_region": list(organisations.region),
    }
    due = due_of_all(world) | {
        "entity_type": list(organisations.kind),
        "registered_capital": [f"{amount}5000.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
        "funding_source": list(source),
    }
    return Table("public_institution", sent, due, parts(count)), list(range(count))


def _where(certified: list[bool], values: list[str]) -> list[str]:
    return [value if has else "" for has, value in zip(certified, values, strict=True)]


of_certified = of_kind(INSTITUTION)
PLAN = (
    *planted_in_all("^1[123]", TYPED, count="staff_quota", among=of_certified),
    on("entity_type", codes.another_code("type_unlike_code", INSTITUTION_TYPE), rules=["code_fits_type"]),
    on("entity_type", codes.other_label(INSTITUTION_TYPE, 1, 0, code_itself=True)),
    on("funding_source", codes.other_label(FUNDING_SOURCE, 1, 0, code_itself=True)),
    on("funding_source", codes.unlisted("社会捐赠")),
    on("registered_capital", accepted("capital_wan", Written("1,200", "12000000.0000"), Written("0.35", "3500.0000"))),
    on("registered_capital", amounts.CAPITAL_UNREADABLE),
    on("registered_capital", amounts.CAPITAL_OF_NOTHING),
    *(
        on(column, flagged("certificate_missing", "", due=None), among=of_certified, rules=[rule])
        for column, rule in (
            ("registration_number", "certificate_number_given"),
            ("valid_from", "certificate_begin_given"),
            ("valid_to", "certificate_end_given"),
        )
    ),
    on("registration_number", WITH_MARKS, among=of_certified),
    on("valid_from", dates.WITH_SLASHES, among=of_certified),
    on("valid_to", dates.unreadable("2026-02-30", "五年"), among=of_certified, rules=["certificate_end_given"]),
    reversed_period("valid_from", "valid_to", "validity_in_order", of_certified),
    too_long("valid_from", "valid_to", "validity_within_five_years", among=of_certified),
)
SOURCE = Source(
    name="public_institution",
    title="机关事业单位",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".xlsx"),
    records=records,
    drift=("事业单位名称", "法定代表人", "事业单位法人证书号", "有效期自", "有效期至", "cd_operation", "cd_time"),
    plan=PLAN,
    found=found,
)
