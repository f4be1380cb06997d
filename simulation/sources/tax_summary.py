"""纳税汇总: one row per taxpayer, levy and period; a few of organisations that had been cancelled before."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from simulation.among import any_row
from simulation.defects import amounts, codes, credit_codes, dates, names, nothing, regions
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.periods import reversed_period
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
)
from simulation.planting import Planting, flagged, on
from simulation.publications import SPECIAL, organisations_in_order
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.taxation import YEARS, taxed_though_ended, taxes, traders
from simulation.vocabulary import LEVY, REGISTRATION_TYPE, TAXPAYER_GRADE
from simulation.world.block import World
from simulation.world.calendar import moments
from simulation.world.drawing import pick_of
from simulation.world.people import Mask
from simulation.world.places import CITIES

# Most trade, so that some cells of an industry and county have organisations enough to be shown.
INDUSTRIES = ("F5211", "52", "F52", "5299", "0611", "C131", "H61")
SPECIAL_GRADE, BEFORE = "D", "B"
AMOUNTS = ("payable", "relieved", "paid", "arrears")


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Taxes of two years of everybody in trade."""
    organisations = world.organisations
    rows = [
        (at, year, tax)
        for at in [*traders(world), *taxed_though_ended(world)]
        for year in YEARS
        for tax in taxes(organisations.credit_code[at], year)
    ]
    count = len(rows)
    trade = [INDUSTRIES[at] for at in rng.integers(0, len(INDUSTRIES), organisations.market).tolist()]
    worst = {*organisations_in_order(world)[:SPECIAL]}
    graded = pick_of(rng, ["A", "B", "M", "C"], organisations.market)
    grades = [(SPECIAL_GRADE if year == YEARS[-1] else BEFORE) if at in worst else graded[at] for at, year, _ in rows]
    kinds = pick_of(rng, list(REGISTRATION_TYPE), organisations.market)
    sent = {
        "credit_code": [organisations.credit_code[at] for at, _, _ in rows],
        "taxpayer_name": [organisations.name[at] for at, _, _ in rows],
        "taxpayer_number": [organisations.credit_code[at] for at, _, _ in rows],
        "registration_type": [REGISTRATION_TYPE[kinds[at]][0] if at % 2 else kinds[at] for at, _, _ in rows],
        "industry": [trade[at] for at, _, _ in rows],
        "tax_office": [CITIES[organisations.region[at][:4] + "00"] + "税务局第一税务所" for at, _, _ in rows],
        "levy": [tax.levy if at % 2 else LEVY[tax.levy][0] for at, _, tax in rows],
        "period_from": [tax.first for _, _, tax in rows],
        "period_to": [tax.last for _, _, tax in rows],
        "tax_base": [f"{tax.payable * 10}.00" for _, _, tax in rows],
        **{name: [f"{getattr(tax, name)}.00" for _, _, tax in rows] for name in AMOUNTS},
        "treasury_level": [["中央", "地方"][at % 2] for at in range(count)],
        "taxpayer_grade": [TAXPAYER_GRADE[grade][0] if at % 2 else grade for at, grade in enumerate(grades)],
        "tax_region": [organisations.region[at] for at, _, _ in rows],
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "registration_type": [kinds[at] for at, _, _ in rows],
        "levy": [tax.levy for _, _, tax in rows],
        "taxpayer_grade": list(grades),
    }
    return (Table("tax_summary", sent, due, parts(count)),)


def _arrears(register: Register) -> None:
    """Arrears that are 100 yuan off, or half a yuan, which is let pass."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each)):
        amount = Decimal(table.sent["arrears"][row]) + (Decimal("0.50") if at % 2 else 100)
        table.change(row, "arrears", f"{amount:.2f}")
        if at % 2:
            table.accept(row, "arrears_nearly_balanced")
        else:
            table.flag(row, "arrears_unbalanced", "arrears_balance")


def _without_relief(register: Register) -> Mask:
    return np.array([amount == "0.00" for amount in register.table.sent["relieved"][: register.subjects]])


def _not_of_traders(register: Register) -> Mask:
    """How codes of individual households are made is not known."""
    return np.array([not code.startswith("92") for code in register.table.sent["credit_code"][: register.subjects]])


def _no_relief(register: Register) -> None:
    """No relief is left empty."""
    table = register.table
    for row in register.rows(also=_without_relief(register)):
        table.put(row, "relieved", "", None)
        table.accept(row, "relief_left_empty")


def _paid_since(table: Table, row: int, at: int, moment: str) -> None:
    """A newer version, in which the arrears are paid."""
    copy = later(table, row, "U", moment)
    paid = Decimal(table.sent["paid"][row]) + Decimal(table.sent["arrears"][row])
    table.change(copy, "paid", f"{paid:.2f}")
    table.change(copy, "arrears", "0.00")
    table.accept(copy, "paid_since")


BALANCE = ["arrears_balance"]
UNREADABLE, NEGATIVE = amounts.UNREADABLE, flagged("amount_negative", "-99500.00", checks=["not_negative"])
PLAN = (
    on("credit_code", credit_codes.LOWER_CASE),
    on("credit_code", credit_codes.FULL_WIDTH),
    on("credit_code", credit_codes.SPACED),
    on("credit_code", WITH_MARKS),
    on("credit_code", credit_codes.WRONG_CHECK_DIGIT),
    on("credit_code", credit_codes.OF_DEVELOPMENT_ZONE),
    on("credit_code", credit_codes.AROUND_ANOTHER_CHECK, among=_not_of_traders),
    on("credit_code", credit_codes.OF_ANOTHER_LENGTH, every=True),
    on("credit_code", nothing.required("无")),
    on("taxpayer_name", names.PADDED_UNEVENLY),
    on("taxpayer_name", nothing.required("NULL")),
    on("taxpayer_name", names.NOT_LEGIBLE),
    on("taxpayer_name", names.WITHOUT_LETTERS, every=True),
    on("taxpayer_name", names.ORGANISATION_MASKED),
    on("taxpayer_number", nothing.NULL_TOKEN),
    on("registration_type", flagged("registration_type_unlisted", "股份公司", "9", checks=["listed"])),
    on("industry", flagged("industry_form", "零售业", "9811", "Z52", checks=["form"])),
    on("tax_office", nothing.required("无")),
    on("levy", nothing.required("")),
    on("levy", flagged("levy_unlisted", "什么费", checks=["listed"])),
    on("period_from", dates.ANY_SPELLING, every=True),
    on("period_from", dates.unreadable("2024-02-30", "一季度")),
    on("period_to", dates.ANY_SPELLING, every=True),
    on("period_to", dates.unreadable("2024-13-31", "年末")),
    reversed_period("period_from", "period_to", "period_in_order"),
    *(on(column, nothing.required("无")) for column in ("period_from", "period_to", "payable", "paid")),
    on("tax_base", amounts.THOUSANDS, every=True),
    on("tax_base", UNREADABLE),
    on("tax_base", NEGATIVE),
    on("payable", UNREADABLE),
    on("payable", NEGATIVE, rules=BALANCE),
    on("relieved", NEGATIVE, rules=BALANCE),
    on("relieved", UNREADABLE, among=_without_relief),
    on("paid", UNREADABLE),
    on("paid", NEGATIVE, rules=BALANCE),
    on("arrears", UNREADABLE),
    on("arrears", NEGATIVE, rules=BALANCE),
    on("arrears", nothing.NULL_TOKEN),
    Planting(_arrears),
    Planting(_no_relief),
    on("taxpayer_grade", codes.unlisted("E")),
    on("taxpayer_grade", codes.other_label(TAXPAYER_GRADE, 1, 0, code_itself=True)),
    on("tax_region", regions.NEVER_ONE),
    on("updated_at", dates.ANY_MOMENT_SPELLING, every=True),
    on("updated_at", dates.MOMENT_UNREADABLE),
    on("updated_at", UNSTATED, rules=["version.stated"]),
    in_future(among=any_row),
    repetition(),
    contradiction("treasury_level", "省级"),
    later_on(
        Later(_paid_since),
        Later(deleted),
        Later(deleted_in_another_spelling),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
    ),
    in_future_beside_another("treasury_level"),
)
SOURCE = Source(
    name="tax_summary",
    title="纳税汇总",
    about=About.ANYONE,
    form=Format(".csv"),
    records=records,
    drift=("社会信用代码", "税种", "税款所属期起", "税款所属期止", "区划代码", "dsc_biz_timestamp"),
    plan=PLAN,
)
