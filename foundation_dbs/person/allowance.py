"""Allowances that people live on, month by month, put together into the times in which they stayed the same."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, model

OF = ("id_number", "certificate_number")
SAME = ("state", "allowance_type", "allowance_region", "household_amount", "covered_members")


@model(
    title="最低生活保障",
    key=(*OF, "valid_from"),
    affected={"minimum_living_allowance": "member_id"},
    columns={
        "valid_from": "状况起始日",
        "valid_to": "状况截止日（空为当前）",
        "last_paid_in": "最近发放年月",
        "is_current": "是否当前状况",
    },
    returns=Returned(
        ("person.residence_region", "person.household_region", "allowance_region"),
    ),
)
def allowance(minimum_living_allowance: ir.Table) -> ir.Table:
    """How somebody's household was supported, and from when to when nothing of it changed.

    One row per id_number of a member, certificate_number and valid_from. Months in a row with the same state, kind,
    region, amount and number of covered members are one row; a month without payment ends it. valid_from is the first
    day of its first month, valid_to the last day of its last one, empty in the current row, the last of a certificate:
    last_paid_in says how far that one has been delivered. Amounts are yuan a month for the household.
    Source: 2024-19 第十三条（六）; 社会救助暂行办法 第十三条.
    """
    months = minimum_living_allowance.rename(id_number="member_id").select(
        *OF, "paid_in", "household_relation", *SAME, month=_count_of(minimum_living_allowance.paid_in)
    )
    in_order = ibis.window(group_by=list(OF), order_by="paid_in")
    goes_on = ibis.and_(
        months.month == months.month.lag().over(in_order) + 1,
        *(months[name].identical_to(months[name].lag().over(in_order)) for name in SAME),
    )
    marked = months.mutate(_begins=(~goes_on.fill_null(False)).cast("int64"))
    so_far = ibis.cumulative_window(group_by=list(OF), order_by="paid_in")
    numbered = marked.mutate(_time=marked["_begins"].sum().over(so_far))
    times = numbered.group_by([*OF, "_time"]).agg(
        first_paid_in=numbered.paid_in.min(),
        last_paid_in=numbered.paid_in.max(),
        household_relation=numbered.household_relation.max(),
        **{name: numbered[name].max() for name in SAME},
    )
    last = times["_time"].max().over(ibis.window(group_by=list(OF)))
    known = times.mutate(is_current=times["_time"] == last)
    ended_on = _first_day(known.last_paid_in) + ibis.interval(months=1) - ibis.interval(days=1)
    return known.select(
        *OF,
        "household_relation",
        *SAME,
        "last_paid_in",
        "is_current",
        valid_from=_first_day(known.first_paid_in),
        valid_to=ibis.ifelse(known.is_current, ibis.null("date"), ended_on.cast("timestamp").date()),
    )


def _count_of(month: ir.StringValue) -> ir.IntegerValue:
    """Months since the year 0."""
    return month.substr(0, 4).try_cast("int64") * 12 + month.substr(4, 2).try_cast("int64")


def _first_day(month: ir.StringValue) -> ir.DateValue:
    return (month.substr(0, 4) + "-" + month.substr(4, 2) + "-01").try_cast("date")
