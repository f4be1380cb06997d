"""What the tables of the economy share: figures of annual reports, and what taxes tell of a taxpayer by the way."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.modelling import latest

REPORT, TAX, REGISTER = "enterprise_annual_report", "tax_summary", "legal_entity"
# Figures that only annual reports have.
NAMES: Mapping[str, str] = {
    "staff": "从业人数",
    "female_staff": "女性从业人数",
    "pension_insured": "养老保险参保人数",
    "total_assets": "资产总额",
    "liabilities": "负债总额",
    "equity": "所有者权益",
    "revenue": "营业总收入",
    "main_revenue": "主营业务收入",
    "total_profit": "利润总额",
    "net_profit": "净利润",
}
REPORTED = (*NAMES,)
FIGURES = (*REPORTED, "tax_paid")
MONEY = "decimal(18,2)"
DIVISION = "^[A-T]?([0-9]{2})"  # GB/T 4754: a class begins with its division, which its section's letter may precede
TITLES: Mapping[str, str] = {
    "year": "年度",
    "region": "所在区划代码",
    "industry": "行业大类",
    "tax_paid": "纳税额",
}


def of_year(tax_summary: ir.Table) -> ir.Table:
    """Taxes with the year in which their period begins."""
    return tax_summary.mutate(year=tax_summary.period_from.year().cast("int64"))


def paid(tax_summary: ir.Table) -> ir.Table:
    """What each taxpayer paid of the periods of each year, in yuan: credit_code, year, paid."""
    taxes = of_year(tax_summary)
    return taxes.group_by(["credit_code", "year"]).agg(paid=taxes.paid.sum().cast(MONEY))


def industries(tax_summary: ir.Table) -> ir.Table:
    """The division of GB/T 4754 that each tax record tells of its taxpayer; those that tell none are left out."""
    taxes = of_year(tax_summary)
    known = taxes.mutate(industry=taxes.industry.re_extract(DIVISION, 1).nullif(""))
    return known.filter(known.industry.notnull()).select("credit_code", "year", "period_from", "levy", "industry")


def newest(records: ir.Table, value: str, *key: str) -> ir.Table:
    """The value that the record of the newest period has, per key."""
    return latest(records, key=key, order=("period_from", "levy")).select(*key, **{f"_{'_'.join(key)}": value})


def placed(rows: ir.Table, tax_summary: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """`rows` with the region where the organisation is registered, else where it pays taxes, and the source of that."""
    located = tax_summary.filter(tax_summary.tax_region.notnull())
    taxed = newest(located, "tax_region", "credit_code").rename(_taxed="_credit_code", _taxpayer="credit_code")
    registered = legal_entity.select(_code="credit_code", _registered="registered_region")
    both = rows.left_join(registered, rows.credit_code == registered["_code"])
    both = both.left_join(taxed, both.credit_code == taxed["_taxpayer"])
    source = ibis.cases(
        (both["_registered"].notnull(), REGISTER), (both["_taxed"].notnull(), TAX), else_=ibis.null("string")
    )
    return both.mutate(region=ibis.coalesce(both["_registered"], both["_taxed"]), region_source=source).drop(
        "_code", "_registered", "_taxpayer", "_taxed"
    )
