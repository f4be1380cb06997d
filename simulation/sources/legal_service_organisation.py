"""法律服务机构: one row per law firm, notary office, or other; half of them have their licence's number written in."""

from __future__ import annotations

import numpy as np

from simulation.defects import amounts, codes, dates
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import damaged
from simulation.planting import Written, accepted, flagged, on
from simulation.registrations import columns_of_all, due_of_all, planted_in_all
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.vocabulary import LEGAL_SERVICE_FORM, LEGAL_SERVICE_TYPE
from simulation.world.block import World
from simulation.world.calendar import iso_days
from simulation.world.drawing import pick_of
from simulation.world.names import brand
from simulation.world.organisations import Organisations, found_others
from simulation.world.people import Mask, People
from simulation.world.places import counties

KINDS = {"31": "律所", "32": "公证", "33": "基层法服", "34": "鉴定", "35": "仲裁"}
TYPED = {kind: f"^{begin}" for begin, kind in KINDS.items()}


def found(rng: np.random.Generator, people: People, total: int) -> Organisations:
    return found_others(rng, KINDS, people, total, "司法局", _name)


def _name(number: int, begin: str, region: str) -> str:
    return f"{counties()[region]}{brand(number)}{LEGAL_SERVICE_TYPE[KINDS[begin]][0]}"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Licences that are numbered by the organisation's code."""
    organisations = world.organisations
    count = len(organisations)
    form = pick_of(rng, list(LEGAL_SERVICE_FORM), count)
    assets = rng.integers(10, 300, count).tolist()
    sent = columns_of_all(rng, world, "司法局") | {
        "entity_type": [LEGAL_SERVICE_TYPE[kind][0] for kind in organisations.kind],
        "organisation_form": [LEGAL_SERVICE_FORM[code][0] for code in form],
        "registration_number": [code if at % 2 else "" for at, code in enumerate(organisations.credit_code)],
        "approval_number": [f"内司发〔2020〕{n + 1}号" for n in rng.permutation(count).tolist()],
        "approved_on": iso_days(organisations.founded),
        "issued_on": iso_days(organisations.founded + 30),
        "supervisor": [counties()[code] + "司法局" for code in organisations.region],
        "practitioners": list(map(str, rng.integers(3, 60, count).tolist())),
        "business_scope": ["法律咨询、诉讼代理"] * count,
        "registered_capital": [str(amount) for amount in assets],
        "inspection_result": pick_of(rng, ["合格", "基本合格"], count),
        "registered_region": list(organisations.region),
    }
    due = due_of_all(world) | {
        "entity_type": list(organisations.kind),
        "organisation_form": list(form),
        "registered_capital": [f"{amount}0000.0000" for amount in assets],
        "capital_currency": ["CNY"] * count,
    }
    return Table("legal_service_organisation", sent, due, parts(count)), list(range(count))


def with_number(register: Register) -> Mask:
    return np.arange(register.subjects) % 2 == 1


def without_number(register: Register) -> Mask:
    return ~with_number(register)


def _of_old(code: str) -> str:
    """A licence of seventeen digits, as they were before codes."""
    return f"2{code[2:8]}{code[8:16]}12"


PLAN = (
    *planted_in_all("^3[1-5]", TYPED, count="practitioners", among=without_number),
    on("entity_type", codes.another_code("type_unlike_code", LEGAL_SERVICE_TYPE), rules=["code_fits_type"]),
    on("entity_type", codes.other_label(LEGAL_SERVICE_TYPE, 1, 0, code_itself=True)),
    on("organisation_form", codes.other_label(LEGAL_SERVICE_FORM, 1, 0, code_itself=True)),
    on("organisation_form", codes.unlisted("公司制")),
    on(
        "registration_number",
        flagged("license_number_of_old", _of_old),
        among=with_number,
        rules=["license_number_is_code"],
    ),
    on("registration_number", WITH_MARKS, among=with_number),
    on("approval_number", WITH_MARKS),
    on("approved_on", dates.ANY_SPELLING, every=True),
    on("issued_on", dates.in_future()),
    on("approved_on", dates.implausible("approved_before_1900", "1880-01-01")),
    on("issued_on", dates.YEAR_ONE_MEANS_NOTHING),
    on(
        "registered_capital", accepted("capital_wan", Written("1,200", "12000000.0000"), Written("30.5", "305000.0000"))
    ),
    on("registered_capital", amounts.CAPITAL_UNREADABLE),
    damaged(Broken.TOO_FEW_CELLS),
)
SOURCE = Source(
    name="legal_service_organisation",
    title="法律服务机构",
    about=About.OTHER_ORGANISATIONS,
    form=Format(".csv", "utf-8-sig", line_end="\r\n"),
    records=records,
    drift=("机构名称", "类别", "许可证号", "设立资产(万元)", "主任姓名", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
    found=found,
)
