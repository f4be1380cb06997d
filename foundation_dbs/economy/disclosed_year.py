"""What organisations let the public see of their annual reports."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.economy.figures import TITLES
from pipelines.modelling import Returned, model

# Figures that a filer may keep from the public (公示条例 第九条), as the list reported_figure calls them.
OPTIONAL = (
    "staff",
    "total_assets",
    "liabilities",
    "equity",
    "revenue",
    "main_revenue",
    "total_profit",
    "net_profit",
    "tax_total",
)
GUARANTEES = "guarantees"
LISTED = "|".join((*OPTIONAL, GUARANTEES))


@model(
    title="企业年报公示数据",
    key=("credit_code", "year"),
    affected={"enterprise_annual_report": "credit_code", "legal_entity": "credit_code"},
    columns={**TITLES, "has_undisclosed": "是否有不公示项目"},
    returns=Returned("region"),
)
def disclosed_year(enterprise_annual_report: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """Each annual report with the figures that its filer discloses, in yuan and persons: this may be opened.

    One row per credit code and year. A figure that the filer keeps from the public is NULL; where what the filer wrote
    cannot be read, none is shown. Source: 公示条例 第九条.
    """
    reports = enterprise_annual_report
    kept = reports.undisclosed.fill_null("")
    is_read = kept.re_search(f"^((?:{LISTED})(?:;(?:{LISTED}))*)?$")
    columns = {**{name: name for name in OPTIONAL}, GUARANTEES: "has_guarantees"}
    shown = {
        column: ibis.ifelse(is_read & ~kept.re_search(f"(^|;){listed}(;|$)"), reports[column], None)
        for listed, column in columns.items()
    }
    registered = legal_entity.select(_code="credit_code", region="registered_region")
    rows = reports.select(
        "credit_code",
        "entity_name",
        "reported_on",
        "operating_state",
        year="report_year",
        **shown,
        has_undisclosed=kept != "",
    )
    return rows.left_join(registered, rows.credit_code == registered["_code"]).drop("_code")
