"""Contributions to social insurance that persons and their employers have paid, from the tax authority's tickets."""

import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, latest, model

NONE = "无"
PERIOD = ("id_number", "levy_item", "period_from", "period_to")


def counted(tickets: ir.Table) -> ir.Table:
    """The tickets that count: all but negative ones whose original was never delivered for the same person."""
    return tickets.anti_join(without_original(tickets), "ticket_number")


def without_original(tickets: ir.Table) -> ir.Table:
    """Negative tickets that name no original, or one that is not there among the same person's positive ones."""
    negative = tickets.filter(tickets.amount_paid < 0)
    originals = tickets.filter(tickets.amount_paid >= 0).select(corrects_ticket="ticket_number", id_number="id_number")
    return negative.anti_join(originals, ["id_number", "corrects_ticket"])


@model(
    title="社会保险缴费",
    key=PERIOD,
    affected={"social_insurance_payment": "id_number"},
    columns={
        "amount_due": "应缴费额合计（元）",
        "amount_paid": "实缴费额合计（元）",
        "late_fee": "滞纳金合计（元）",
        "tickets": "票证数",
        "corrections": "其中更正票数",
    },
    returns=Returned(("person.residence_region", "person.household_region", "insured_region")),
)
def payment(social_insurance_payment: ir.Table) -> ir.Table:
    """What was paid to each insurance for a person and period, corrections taken off.

    One row per id_number, levy_item (as insurance_type) and period, months as yyyyMM. Amounts are the sums in yuan of
    all tickets; a negative ticket without its original is not summed, `correction_without_original` finds it. What
    else the row says, its base and employer among it, is of the positive ticket that came last.
    Source: 2024-19 第十三条（六）; 社保法 第八十六条.
    """
    tickets = counted(social_insurance_payment)
    negative = (tickets.amount_paid < 0).fill_null(False)
    summed = tickets.group_by(list(PERIOD)).agg(
        amount_due=tickets.amount_due.sum().cast("decimal(24,2)"),
        amount_paid=tickets.amount_paid.sum().cast("decimal(24,2)"),
        late_fee=tickets.late_fee.sum().cast("decimal(24,2)"),
        tickets=tickets.count(),
        corrections=negative.cast("int64").sum(),
    )
    positive = tickets.filter(~negative)
    last = latest(positive, key=PERIOD, order=("paid_on", *DELIVERED)).select(
        *PERIOD, "base", "rate", "employer_code", "employer_name", "paid_on", "insured_region"
    )
    both = summed.left_join(last, list(PERIOD))
    return both.drop(*(f"{name}_right" for name in PERIOD))
