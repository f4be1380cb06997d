"""What the economy database must hold: figures by organisation and period, sums of them, and what contradicts what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from simulation.truth.credit import LIST, publication_rows
from simulation.truth.derived import Columns
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth

Row = Mapping[str, str | None]
Entities = Mapping[str, Mapping[str, str | None]]
REPORT, TAX, MARKET, REGISTER = "enterprise_annual_report", "tax_summary", "market_entity", "legal_entity"
REPORTED = [
    "staff",
    "female_staff",
    "pension_insured",
    "total_assets",
    "liabilities",
    "equity",
    "revenue",
    "main_revenue",
    "total_profit",
    "net_profit",
]
FIGURES = [*REPORTED, "tax_paid"]
PERSONS = ("staff", "female_staff", "pension_insured")
OPTIONAL = [
    "staff",
    "total_assets",
    "liabilities",
    "equity",
    "revenue",
    "main_revenue",
    "total_profit",
    "net_profit",
    "tax_total",
]
CONCEALABLE = {*OPTIONAL, "guarantees"}
FEWEST_SHOWN = 3
WAGES = "10106"
ABNORMAL, HONOURED, WORST = "abnormal", "honoured", "D"
ACTIVE, CANCELLED = "1", "3"
UNKNOWN = "unknown"


def economy_due(truth: Truth, standings: Iterable[Standing], entities: Entities, staff: Mapping[str, int]) -> None:
    """The tables of the economy database, what of them flows back, and the findings, which are about organisations."""
    by_source = {at.table.source: at for at in standings}
    reports, taxes = _rows(by_source[REPORT]), _rows(by_source[TAX])
    years = _years(reports, taxes, entities)
    regions = [row["region"] for row in years]
    _table(truth, "entity_year", years, ("credit_code", "year"), regions)
    disclosed = [_disclosed(row, entities) for row in reports]
    _table(truth, "disclosed_year", disclosed, ("credit_code", "year"), [row["region"] for row in disclosed])
    _table(truth, "entity_month", _months(taxes))
    cells = _cells(years)
    _table(truth, "industry_region_year", cells, ("region", "industry", "year"), [row["region"] for row in cells])
    market, listings = _rows(by_source[MARKET]), publication_rows(by_source[LIST])
    found = _missing(market, reports, listings)
    of_known = [row for row in reports if row["credit_code"] in entities]
    found += _unlike_insured(of_known, staff)
    found += _unlike_taxed(of_known, taxes)
    found += _after_cancellation(taxes, market)
    found += _honoured_with_worst_grade(taxes, listings)
    for (rule, code), rows in found.items():
        truth.finding("legal_entity", rule, code, rows=rows)


def _rows(standing: Standing) -> list[dict[str, str | None]]:
    columns = standing.columns()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _table(
    truth: Truth,
    name: str,
    rows: Sequence[Row],
    key: Sequence[str] = (),
    regions: Sequence[str | None] = (),
) -> None:
    due: Columns = {column: [row[column] for row in rows] for column in rows[0]}
    truth.table(f"foundation/economy/{name}", due)
    if key:
        truth.returned(f"economy/{name}", regions, {column: due[column] for column in key})


def _years(reports: Sequence[Row], taxes: Sequence[Row], entities: Entities) -> list[Row]:
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    has_amount: set[tuple[str, str]] = set()
    for tax in taxes:
        key = _of(tax)
        paid[key] += Decimal(tax["paid"] or 0)
        if tax["paid"]:
            has_amount.add(key)
    filed = {(str(row["credit_code"]), str(row["report_year"])): row for row in reports}
    trade, of_all, places = _trades(taxes)
    rows: list[Row] = []
    for code, year in {**dict.fromkeys(filed), **dict.fromkeys(paid)}:
        report: Row = filed.get((code, year), {})
        registered, taxed = entities.get(code, {}).get("registered_region"), places.get(code)
        industry = trade.get((code, year)) or of_all.get(code)
        own = f"{paid[code, year]:.2f}" if (code, year) in has_amount else None
        row: dict[str, str | None] = {
            "credit_code": code,
            "year": year,
            "region": registered or taxed,
            "region_source": REGISTER if registered else TAX if taxed else None,
            "industry": industry,
            "industry_source": industry and TAX,
            "tax_paid": own or report.get("tax_total"),
            "tax_paid_source": TAX if own else report.get("tax_total") and REPORT,
        }
        for name in REPORTED:
            row[name] = report.get(name)
            row[f"{name}_source"] = REPORT if row[name] is not None else None
        for name in ("operating_state", "holding_type", "reported_on", "undisclosed"):
            row[name] = report.get(name)
        rows.append(row)
    return rows


def _of(tax: Row) -> tuple[str, str]:
    return str(tax["credit_code"]), str(tax["period_from"])[:4]


def _trades(taxes: Sequence[Row]) -> tuple[dict[tuple[str, str], str], dict[str, str], dict[str, str]]:
    """The newest division by taxpayer and year, and by taxpayer; and where each pays taxes."""
    of_year: dict[tuple[str, str], str] = {}
    of_all: dict[str, str] = {}
    places: dict[str, str] = {}
    for tax in sorted(taxes, key=lambda tax: (str(tax["period_from"]), str(tax["levy"]))):
        code = str(tax["credit_code"])
        if division := re.match("[A-T]?([0-9]{2})", tax["industry"] or ""):
            of_year[_of(tax)] = of_all[code] = division[1]
        if tax["tax_region"]:
            places[code] = str(tax["tax_region"])
    return of_year, of_all, places


def _disclosed(report: Row, entities: Entities) -> Row:
    hidden = {*filter(None, (report["undisclosed"] or "").split(";"))}
    is_read = hidden <= CONCEALABLE
    shown = {name: report[name] if is_read and name not in hidden else None for name in OPTIONAL}
    return {
        "credit_code": report["credit_code"],
        "year": report["report_year"],
        "region": entities.get(str(report["credit_code"]), {}).get("registered_region"),
        "entity_name": report["entity_name"],
        "reported_on": report["reported_on"],
        "operating_state": report["operating_state"],
        **shown,
        "has_guarantees": report["has_guarantees"] if is_read and "guarantees" not in hidden else None,
        "has_undisclosed": "true" if hidden else "false",
    }


def _months(taxes: Sequence[Row]) -> list[Row]:
    names = ("payable", "relieved", "paid", "arrears")
    held: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for tax in taxes:
        held[str(tax["credit_code"]), str(tax["period_from"])[:7]].append(tax)
    return [
        {
            "credit_code": code,
            "month": month,
            **{name: _sum([row[name] for row in some]) for name in names},
            "levies": str(len({row["levy"] for row in some})),
            "source": TAX,
        }
        for (code, month), some in held.items()
    ]


def _sum(amounts: Sequence[str | None]) -> str | None:
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return f"{sum(known, Decimal()):.2f}" if known else None


def _cells(years: Sequence[Row]) -> list[Row]:
    held: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in years:
        held[row["region"] or UNKNOWN, row["industry"] or UNKNOWN, str(row["year"])].append(row)
    rows: list[Row] = []
    for (region, industry, year), some in held.items():
        known = {name: [row[name] for row in some if row[name] is not None] for name in FIGURES}
        cell: dict[str, str | None] = {"region": region, "industry": industry, "year": year}
        cell["is_suppressed"] = "true" if len(some) < FEWEST_SHOWN else "false"
        cell["suppressed"] = ";".join(name for name in FIGURES if 0 < len(known[name]) < FEWEST_SHOWN) or None
        cell["entities"] = None if len(some) < FEWEST_SHOWN else str(len(some))
        for name in FIGURES:
            total = _sum(known[name]) if len(known[name]) >= FEWEST_SHOWN else None
            cell[name] = total.removesuffix(".00") if total and name in PERSONS else total
        rows.append(cell)
    return rows


def _missing(market: Sequence[Row], reports: Sequence[Row], listings: Sequence[Row]) -> Counter[tuple[str, str]]:
    """Enterprises that owe the newest report; all reports were delivered long after they were due."""
    newest = max(str(row["report_year"]) for row in reports)
    filed = {row["credit_code"] for row in reports if row["report_year"] == newest}
    excused = {row["credit_code"] for row in listings if row["list_type"] == ABNORMAL and row["stands"] == "true"}
    return Counter(
        ("annual_report_missing", str(row["credit_code"]))
        for row in market
        if row["state"] == ACTIVE
        and str(row["credit_code"]).startswith("91")
        and row["established_on"]
        and row["established_on"][:4] <= newest
        and row["credit_code"] not in filed | excused
    )


def _unlike_insured(reports: Sequence[Row], staff: Mapping[str, int]) -> Counter[tuple[str, str]]:
    newest: dict[str, Row] = {}
    for row in sorted(reports, key=lambda row: str(row["report_year"])):
        newest[str(row["credit_code"])] = row
    found: Counter[tuple[str, str]] = Counter()
    for code, row in newest.items():
        if row["staff"] is not None:
            own, insured = int(row["staff"]), staff.get(code, 0)
            if abs(own - insured) >= 5 and (own > 2 * insured or insured > 2 * own):
                found["staff_unlike_insured", code] += 1
    return found


def _unlike_taxed(reports: Sequence[Row], taxes: Sequence[Row]) -> Counter[tuple[str, str]]:
    held: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for tax in taxes:
        held[_of(tax)].append(tax)
    found: Counter[tuple[str, str]] = Counter()
    for row in reports:
        some = held.get((str(row["credit_code"]), str(row["report_year"])), [])
        if row["tax_total"] is None or not _cover_the_year(some, str(row["report_year"])):
            continue
        all_paid = Decimal(_sum([tax["paid"] for tax in some]) or 0)
        wages = Decimal(_sum([tax["paid"] for tax in some if tax["levy"] == WAGES]) or 0)
        low, high = sorted((all_paid, all_paid - wages))
        reported = Decimal(row["tax_total"])
        too_little = low - reported > 10_000 and reported < low * 9 / 10
        if too_little or (reported - high > 10_000 and reported > high * 11 / 10):
            found["tax_unlike_reported", str(row["credit_code"])] += 1
    return found


def _cover_the_year(taxes: Sequence[Row], year: str) -> bool:
    begins = any(str(tax["period_from"]).startswith(f"{year}-01") for tax in taxes)
    return begins and any(str(tax["period_to"]) >= f"{year}-12-01" for tax in taxes)


def _after_cancellation(taxes: Sequence[Row], market: Sequence[Row]) -> Counter[tuple[str, str]]:
    ended = {row["credit_code"]: row["approved_on"] for row in market if row["state"] == CANCELLED}
    return Counter(
        ("tax_after_cancellation", str(tax["credit_code"]))
        for tax in taxes
        if (day := ended.get(tax["credit_code"])) and str(tax["period_from"]) > day
    )


def _honoured_with_worst_grade(taxes: Sequence[Row], listings: Sequence[Row]) -> Counter[tuple[str, str]]:
    grades: dict[str | None, str] = {}
    for tax in sorted(taxes, key=lambda tax: (str(tax["period_from"]), str(tax["levy"]))):
        if tax["taxpayer_grade"]:
            grades[tax["credit_code"]] = tax["taxpayer_grade"]
    return Counter(
        ("honoured_with_worst_tax_grade", str(row["credit_code"]))
        for row in listings
        if row["list_type"] == HONOURED and row["stands"] == "true" and grades.get(row["credit_code"]) == WORST
    )
