"""Taxes of organisations by month."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.economy.figures import MONEY, TAX
from pipelines.modelling import model

AMOUNTS = ("payable", "relieved", "paid", "arrears")


@model(
    title="主体月度纳税数据",
    key=("credit_code", "month"),
    affected={"tax_summary": "credit_code"},
    columns={"month": "所属月份", "levies": "征收项目数", "source": "数据来源"},
)
def entity_month(tax_summary: ir.Table) -> ir.Table:
    """What each organisation owed, was let off, paid and still owes of the tax periods that begin in a month, in yuan.

    One row per credit code and month, yyyy-MM; all levies together. A quarter's or a year's tax stands in the month in
    which its period begins. It does not flow back: taxpayers' affairs are secret (征管法 第八条), and whoever needs
    them applies. Source: 2023-plan（八）.
    """
    taxes = tax_summary.mutate(month=tax_summary.period_from.strftime("%Y-%m"))
    counted = taxes.group_by(["credit_code", "month"]).agg(
        **{name: taxes[name].sum().cast(MONEY) for name in AMOUNTS}, levies=taxes.levy.nunique()
    )
    return counted.mutate(source=ibis.literal(TAX))
