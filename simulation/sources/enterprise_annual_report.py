"""企业年报: one row per enterprise and year; some have not filed, some report other staff or taxes than others know."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from simulation.among import any_row
from simulation.defects import addresses, codes, credit_codes, dates, names, nothing, phones
from simulation.defects.counts import MISSPELT, NOT_NEGATIVE, SPELT
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import (
    UNSTATED,
    Later,
    deleted,
    deleted_by_key_alone,
    deleted_in_another_spelling,
    in_future,
    in_future_beside_another,
    later,
    later_on,
    unknown_flag,
    updated,
)
from simulation.planting import Planting, Written, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.taxation import paid_in, traders
from simulation.vocabulary import HOLDING, OPERATING_STATE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days, moments
from simulation.world.drawing import mobile_numbers, pick_of, street_addresses

YEARS = (2021, 2022, 2023, 2024)
REPORTING = "13"  # categories of codes: enterprises and cooperatives
WAN = 10_000
UNDISCLOSED = (
    ("", None),
    ("资产总额；负债总额", "total_assets;liabilities"),
    ("", None),
    ("纳税总额、净利润", "net_profit;tax_total"),
    ("从业人数,对外担保", "staff;guarantees"),
)
COUNTS = (
    "staff",
    "female_staff",
    "pension_insured",
    "unemployment_insured",
    "medical_insured",
    "injury_insured",
    "maternity_insured",
)
FIGURES = (
    "total_assets",
    "liabilities",
    "equity",
    "revenue",
    "main_revenue",
    "total_profit",
    "net_profit",
    "tax_total",
)
SIGNED = ("equity", "total_profit", "net_profit")
# Which other rule sees that a figure is far too high, and which that it is below zero.
WHEN_HIGH = {column: ["assets_balance"] for column in FIGURES[:3]} | {"main_revenue": ["main_within_revenue"]}
WHEN_NEGATIVE = {column: ["assets_balance"] for column in FIGURES[:3]} | {"revenue": ["main_within_revenue"]}


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Reports of the last years, the newest of which one in twelve has not filed."""
    organisations = world.organisations
    filed = [
        (at, year)
        for at in traders(world)
        for year in YEARS
        if organisations.credit_code[at][1] in REPORTING
        and iso(organisations.founded[at]) <= f"{year}-12-31"
        and not (year == YEARS[-1] and at % 12 == 5)
    ]
    count = len(filed)
    codes_of = [organisations.credit_code[at] for at, _ in filed]
    # So many people as are insured in all blocks, or many more.
    share = world.total / max(len(world.people), 1)
    insured = [int(world.insured.get(code, 0) * share) for code in codes_of]
    staff = [
        people * 2 + 30 if at % 11 == 3 else people + at % 3 for people, (at, _) in zip(insured, filed, strict=True)
    ]
    figures = _figures(rng, codes_of, filed)
    state, holding = pick_of(rng, list(OPERATING_STATE), count), pick_of(rng, list(HOLDING), count)
    hidden = [UNDISCLOSED[at % len(UNDISCLOSED)] for at in range(count)]
    filed_on = [
        day_number(f"{year + 1}-01-05") + day for (_, year), day in zip(filed, rng.integers(0, 170, count), strict=True)
    ]
    sent = {
        "credit_code": codes_of,
        "entity_name": [organisations.name[at] for at, _ in filed],
        "report_year": [str(year) for _, year in filed],
        "reported_on": iso_days(np.array(filed_on, dtype=np.int64)),
        "mail_address": street_addresses(rng, [organisations.region[at] for at, _ in filed]),
        "postcode": ["010010"] * count,
        "phone": mobile_numbers(rng, count),
        "email": [f"nb{at}@example.cn" for at in range(count)],
        "staff": list(map(str, staff)),
        "female_staff": [str(people // 2) for people in staff],
        "operating_state": [OPERATING_STATE[code][0] for code in state],
        "holding_type": [HOLDING[code][0] for code in holding],
        "main_business": ["商品批发与零售"] * count,
        **{name: [_in_wan(amount) for amount in amounts] for name, amounts in figures.items()},
        **{name: list(map(str, insured)) for name in COUNTS[2:]},
        "has_website": [["是", "否"][at % 2] for at in range(count)],
        "has_transferred_shares": ["否"] * count,
        "has_guarantees": [["否", "是"][at % 4 == 0] for at in range(count)],
        "undisclosed": [written for written, _ in hidden],
        "updated_at": moments(rng, count),
        "operation": ["I"] * count,
    }
    due: dict[str, list[str | None]] = {
        **{name: [f"{amount}.00" for amount in amounts] for name, amounts in figures.items()},
        "operating_state": list(state),
        "holding_type": list(holding),
        "undisclosed": [listed for _, listed in hidden],
    }
    return (Table("enterprise_annual_report", sent, due, parts(count)),)


def _figures(rng: np.random.Generator, codes_of: list[str], filed: list[tuple[int, int]]) -> dict[str, list[int]]:
    """In yuan; every fifth organisation owes more than it has, and every fourth has made a loss."""
    count = len(filed)
    steps = rng.integers(100, 60_000, (4, count)).tolist()  # hundreds of yuan
    liabilities = [n * 1_000 for n in steps[0]]
    equity = [
        -(owed // 2_000) * 1_000 if at % 5 == 0 else own * 1_000
        for at, owed, own in zip(range(count), liabilities, steps[1], strict=True)
    ]
    revenue = [n * 1_500 for n in steps[2]]
    profit = [n * (-100 if at % 4 == 0 else 100) for at, n in enumerate(steps[3])]
    reported = [
        paid_in(code, year) * (3 if at % 15 == 7 else 1) for code, (at, year) in zip(codes_of, filed, strict=True)
    ]
    return {
        "total_assets": [owed + own for owed, own in zip(liabilities, equity, strict=True)],
        "liabilities": liabilities,
        "equity": equity,
        "revenue": revenue,
        "main_revenue": [amount // 1_000 * 900 for amount in revenue],
        "total_profit": profit,
        "net_profit": [amount // 400 * 300 for amount in profit],
        "tax_total": reported,
    }


def _in_wan(yuan: int) -> str:
    return f"{Decimal(yuan) / WAN:.2f}"


def _unbalanced(register: Register) -> None:
    """Assets that are two per cent off, or half a per cent, which is let pass."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each)):
        assets = Decimal(table.due["total_assets"][row] or 0) * (Decimal("1.005") if at % 2 else Decimal("1.02"))
        yuan = int(assets) // 100 * 100
        table.put(row, "total_assets", _in_wan(yuan), f"{yuan}.00")
        if at % 2:
            table.accept(row, "assets_nearly_balanced")
        else:
            table.flag(row, "assets_unbalanced", "assets_balance")


def _main_above_all(register: Register) -> None:
    table = register.table
    for row in register.rows():
        yuan = int(Decimal(table.due["revenue"][row] or 0)) + 10_000
        table.put(row, "main_revenue", _in_wan(yuan), f"{yuan}.00")
        table.flag(row, "main_revenue_above_all", "main_within_revenue")


def _amended(table: Table, row: int, at: int, moment: str) -> None:
    """Filed again with another revenue: the newer version stands."""
    copy = later(table, row, "U", moment)
    yuan = int(Decimal(table.due["revenue"][row] or 0)) + 500_000
    table.put(copy, "revenue", _in_wan(yuan), f"{yuan}.00")
    table.accept(copy, "report_filed_again")


def _far_too_high(column: str) -> Planting:
    sent = Written("35050000", "350500000000.00")
    return on(column, flagged("figure_in_yuan", sent, checks=["in_wan"]), rules=WHEN_HIGH.get(column, []))


def _negative(column: str) -> Planting:
    defect = flagged("figure_negative", Written("-99999", "-999990000.00"), checks=["not_negative"])
    return on(column, defect, rules=WHEN_NEGATIVE.get(column, []))


PLAN = (
    on("credit_code", credit_codes.LOWER_CASE),
    on("credit_code", credit_codes.FULL_WIDTH),
    on("credit_code", credit_codes.SPACED),
    on("credit_code", WITH_MARKS),
    on("credit_code", credit_codes.WRONG_CHECK_DIGIT),
    on("credit_code", credit_codes.OF_DEVELOPMENT_ZONE),
    on("credit_code", credit_codes.AROUND_ANOTHER_CHECK),
    on("credit_code", credit_codes.OF_ANOTHER_LENGTH, every=True),
    on("credit_code", nothing.required("无")),
    on("entity_name", names.PADDED_UNEVENLY),
    on("entity_name", nothing.required("NULL")),
    on("entity_name", names.NOT_LEGIBLE),
    on("entity_name", names.WITHOUT_LETTERS, every=True),
    on("entity_name", names.ORGANISATION_MASKED),
    on("report_year", nothing.required("")),
    on("report_year", accepted("year_spelling", lambda year: year + ".0", lambda year: f" {year}　"), every=True),
    on("report_year", quarantined("year_unreadable", "二〇二四", "2024年度", checks=["form"])),
    on("report_year", quarantined("year_implausible", "24", "20244", checks=["plausible"])),
    on("reported_on", dates.ANY_SPELLING, every=True),
    on("reported_on", dates.unreadable("2025-02-30", "五月")),
    on("reported_on", dates.in_future("reported_in_future")),
    on("reported_on", nothing.required("无")),
    on("reported_on", dates.implausible("reported_long_ago", "1899-12-31")),
    on("mail_address", addresses.STREET_LOST),
    on("postcode", flagged("postcode_form", "01001", "呼市", checks=["form"])),
    on("phone", phones.ZEROS),
    on("phone", phones.SEVERAL),
    on("phone", phones.TOO_SHORT),
    on("email", flagged("email_form", "nb.example.cn", "无邮箱", checks=["form"])),
    on("staff", SPELT),
    *(on(column, MISSPELT) for column in COUNTS),
    *(on(column, NOT_NEGATIVE) for column in COUNTS),
    *(_far_too_high(column) for column in FIGURES),
    *(_negative(column) for column in FIGURES if column not in SIGNED),
    *(on(column, flagged("figure_unreadable", "若干", checks=["form"], due=None)) for column in FIGURES),
    on("tax_total", nothing.NULL_TOKEN),
    Planting(_unbalanced),
    Planting(_main_above_all),
    on("operating_state", codes.other_label(OPERATING_STATE, 1, 0, code_itself=True)),
    on("operating_state", codes.unlisted("筹建")),
    on("holding_type", codes.unlisted("混合所有")),
    *(on(column, codes.unlisted("未知")) for column in ("has_website", "has_transferred_shares", "has_guarantees")),
    on("undisclosed", flagged("undisclosed_unlisted", "资产总额;注册资本", checks=["listed"])),
    on("undisclosed", accepted("undisclosed_by_codes", Written("revenue ; equity", "equity;revenue"))),
    on("updated_at", dates.ANY_MOMENT_SPELLING, every=True),
    on("updated_at", dates.MOMENT_UNREADABLE),
    on("updated_at", UNSTATED, rules=["version.stated"]),
    in_future(among=any_row),
    repetition(),
    contradiction("main_business", "谷物种植"),
    later_on(
        Later(_amended),
        Later(updated("main_business", "等")),
        Later(deleted),
        Later(deleted_in_another_spelling),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
    ),
    in_future_beside_another("mail_address"),
)
SOURCE = Source(
    name="enterprise_annual_report",
    title="企业年报",
    about=About.ANYONE,
    form=Format(".csv"),
    records=records,
    drift=("UNISCID", "ANCHEYEAR", "ANCHEDATE", "资产总额(万)", "营业总收入", "cd_operation", "cd_time"),
    plan=PLAN,
)
