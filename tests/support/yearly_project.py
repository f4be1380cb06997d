"""A project whose golden record has a key of two parts, enterprise and year, fed by two sources that name it otherwise.

An annual report has a number of its own, so that its row may move to another enterprise or year; a tax row is known by
taxpayer and year. Of the record follow a model, what it claims of the year before, and a rule across the years.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from tests.support.deliveries import Delivered, Row
from tests.support.tiny_project import tiny_project

ELEMENTS = """\
enterprise_code: {title: 企业代码, grade: public, checks: {
  form: {type: expect_column_values_to_match_regex, regex: "^E[0-9]+$", title: 应为企业代码}}}
report_number: {title: 报告编号, grade: public}
fiscal_year: {title: 年度, type: "decimal(4,0)", normalise: decimal, grade: public}
turnover: {title: 营业额, type: "decimal(18,2)", normalise: decimal, grade: internal}
place: {title: 所在地区划代码, normalise: region, grade: public}
changed_at: {title: 更新时间, type: timestamp, normalise: datetime, grade: internal}
"""
CONTRACT = """\
title: {title}
providers: [market_regulation]
system: {title}系统
legal_basis: 2024-19 第十四条（一）
key: {key}
version: changed_at
deletes: {{column: 操作标志, value: D}}
update: daily
sharing: unconditional
openness: none
feeds: {feeds}
columns:
"""
REPORT = CONTRACT.format(title="企业年报", key="report_number", feeds="{record: yearly, rank: 1}") + (
    """\
  报告编号: report_number!
  企业代码: enterprise_code!
  年度: fiscal_year!
  营业额: turnover
  所在地: place
  更新时间: changed_at
"""
)
TAX = CONTRACT.format(
    title="纳税汇总", key="[taxpayer, tax_year]", feeds="{record: yearly, rank: 2, key: [taxpayer, tax_year]}"
) + (
    """\
  纳税人: {name: taxpayer, element: enterprise_code, required: true}
  所属年度: {name: tax_year, element: fiscal_year, required: true}
  应税营业额: {name: turnover, element: turnover}
  应纳税额: {name: tax_due, element: turnover}
  更新时间: changed_at
"""
)
RECORD = """\
title: 企业年度信息
description: One row per enterprise and year.
key: [enterprise_code, fiscal_year]
attributes:
  turnover: {from: [annual_report, tax_summary]}
  tax_due: {from: [tax_summary]}
  place: {from: [annual_report]}
returns: {scope: place, legal_basis: 2024-19 第十八条}
"""
MODELS = '''\
"""What follows of enterprises by year."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import ClaimsOf, Returned, finding, model


@model(
    title="营业额增长",
    key=("enterprise_code", "fiscal_year"),
    affected={"yearly": "enterprise_code"},
    columns={"growth": "较上年增长"},
    returns=Returned("yearly"),
)
def growth(yearly: ir.Table) -> ir.Table:
    """How much the turnover of each enterprise and year is above that of the year before."""
    before = yearly.select("enterprise_code", fiscal_year=yearly.fiscal_year + 1, before=yearly.turnover)
    both = yearly.left_join(before, ["enterprise_code", "fiscal_year"])
    return both.select("enterprise_code", "fiscal_year", growth=both.turnover - both.before)


@model(
    title="最近年度",
    key="enterprise_code",
    affected={"yearly": "enterprise_code"},
    columns={"last_year": "最近年度"},
    returns=Returned("yearly.place"),
)
def last_report(yearly: ir.Table) -> ir.Table:
    """The last year that is known of each enterprise."""
    return yearly.group_by("enterprise_code").agg(last_year=yearly.fiscal_year.max())


@finding(
    title="营业额较上年减少过半",
    inputs={"claims": ClaimsOf("yearly", "turnover")},
    affected={"claims": "key"},
)
def turnover_halved(claims: ir.Table) -> ir.Table:
    """A source gives less than half of what it gave for the year before."""
    before = claims.select("source", "key", fiscal_year=claims.fiscal_year + 1, before=claims["value"])
    both = claims.inner_join(before, ["source", "key", "fiscal_year"])
    halved = both.filter(both["value"] * 2 < both.before)
    return halved.select("source", "batch", "row", subject=halved.key)
'''
# In the lake's two cities, and one outside.
PLACES = ("150102", "150402", "110101")
FIRST_YEAR = 2021


def yearly_project(folder: Path) -> Path:
    """The catalog of the tiny project and nothing but a record by enterprise and year, its sources and what follows."""
    tiny_project(folder)
    for name in ("foundation_dbs", "expectations/person"):
        shutil.rmtree(folder / name)
    files = {
        "catalog/elements/yearly.yml": ELEMENTS,
        "foundation_dbs/economy/sources/annual_report.yml": REPORT,
        "foundation_dbs/economy/sources/tax_summary.yml": TAX,
        "foundation_dbs/economy/yearly.yml": RECORD,
        "foundation_dbs/economy/growth.py": MODELS,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for package in ("foundation_dbs", "foundation_dbs/economy"):
        (folder / package / "__init__.py").touch()
    return folder


def report(number: int, enterprise: int, year: int | str, turnover: int, **cells: str) -> Row:
    """The annual report `number`."""
    return {
        "报告编号": f"R{number}",
        "企业代码": f"E{enterprise}",
        "年度": str(year),
        "营业额": str(turnover),
        "所在地": PLACES[0],
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def tax(enterprise: int, year: int | str, turnover: int, **cells: str) -> Row:
    """What the enterprise declared for the year; a tenth of it is due."""
    return {
        "纳税人": f"E{enterprise}",
        "所属年度": str(year),
        "应税营业额": str(turnover),
        "应纳税额": str(turnover // 10),
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def changes(chance: random.Random, file: int) -> list[Delivered]:
    """Some of a dozen reports, each for any of three enterprises and years, and of their tax rows; some are deleted."""

    def dated() -> Row:
        gone = {"操作标志": "D"} if chance.random() < 0.25 else {}
        return {"更新时间": f"2026-03-{chance.randint(1, 28):02d} {file:02d}:00:00", **gone}

    def reported(number: int) -> Row:
        enterprise, year, turnover = of_a_year()
        return report(number, enterprise, year, turnover, **{"所在地": chance.choice(PLACES), **dated()})

    def taxed() -> Row:
        enterprise, year, turnover = of_a_year()
        return tax(enterprise, year, turnover, **dated())

    def of_a_year() -> tuple[int, int, int]:
        return chance.randint(1, 3), FIRST_YEAR + chance.randrange(3), chance.randint(1, 8)

    taxes = {(row["纳税人"], row["所属年度"]): row for row in (taxed() for _ in range(3))}
    return [
        Delivered(
            "annual_report", f"{file}.csv", [reported(n) for n in chance.sample(range(12), chance.randint(1, 4))]
        ),
        Delivered("tax_summary", f"{file}.csv", [*taxes.values()]),
    ]
