"""Annual figures of organisations, each with the source that it comes from."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.economy.figures import (
    FIGURES,
    NAMES,
    REPORT,
    REPORTED,
    TAX,
    TITLES,
    industries,
    newest,
    paid,
    placed,
)
from pipelines.modelling import Returned, model

SECRECY = "征管法 第八条"
SOURCES = {f"{name}_source": f"{title}来源" for name, title in {**NAMES, **TITLES}.items() if name != "year"}


@model(
    title="主体年度经济数据",
    key=("credit_code", "year"),
    affected={
        "enterprise_annual_report": "credit_code",
        "tax_summary": "credit_code",
        "legal_entity": "credit_code",
    },
    columns={**TITLES, **SOURCES},
    returns=Returned("region", withhold={"tax_paid": SECRECY}),
)
def entity_year(enterprise_annual_report: ir.Table, tax_summary: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """What is known of each organisation and year: staff, assets, revenue, profit and tax, in yuan and persons.

    One row per credit code and year of which there is an annual report or a tax record; each figure has its source
    beside it. Of a report that was filed again the newer version stands. tax_paid is what was paid of the periods that
    begin in the year, by the tax authority's records, else the total that the organisation reported. The region is that
    of the register, else of the tax office; the industry, a division of GB/T 4754, is that of the year's newest tax
    record, else of the newest of all: no register has one. undisclosed lists the figures that the filer keeps from the
    public (公示条例 第九条): they are shared between agencies and never opened, see disclosed_year.
    Source: 2023-plan（八）; 公示条例 第八条.
    """
    reports = enterprise_annual_report.select(
        "credit_code",
        *REPORTED,
        "tax_total",
        "operating_state",
        "holding_type",
        "reported_on",
        "undisclosed",
        year="report_year",
    )
    taxes = paid(tax_summary)
    both = ["credit_code", "year"]
    keys = reports.select(*both).union(taxes.select(*both), distinct=True)
    rows = _beside(_beside(keys, reports), taxes)
    trades = industries(tax_summary)
    rows = _beside(rows, newest(trades, "industry", "credit_code", "year"))
    rows = rows.left_join(newest(trades, "industry", "credit_code"), "credit_code").drop("credit_code_right")
    known = placed(rows, tax_summary, legal_entity).mutate(
        tax_paid=ibis.coalesce(rows.paid, rows.tax_total),
        tax_paid_source=ibis.cases(
            (rows.paid.notnull(), TAX), (rows.tax_total.notnull(), REPORT), else_=ibis.null("string")
        ),
        industry=ibis.coalesce(rows["_credit_code_year"], rows["_credit_code"]),
    )
    return known.select(
        *both,
        "region",
        "region_source",
        "industry",
        *FIGURES,
        "tax_paid_source",
        "operating_state",
        "holding_type",
        "reported_on",
        "undisclosed",
        industry_source=_source(known.industry, TAX),
        **{f"{name}_source": _source(known[name], REPORT) for name in REPORTED},
    )


def _beside(rows: ir.Table, other: ir.Table) -> ir.Table:
    return rows.left_join(other, ["credit_code", "year"]).drop("credit_code_right", "year_right")


def _source(value: ir.Value, source: str) -> ir.StringValue:
    return ibis.ifelse(value.notnull(), ibis.literal(source), ibis.null("string"))
