"""Where people live apart from their household, from residence registrations and residence permits."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, model

ENDED = "注销"
BEIJING = ibis.interval(hours=8)
KEY = ("id_number", "source", "number")


@model(
    title="居住登记与居住证",
    key=KEY,
    affected={"floating_population_registration": "id_number", "residence_permit": "id_number"},
    columns={
        "source": "登记来源",
        "number": "登记编号或居住证编号",
        "residence_reason": "居住事由",
        "valid_from": "居住起始日期",
        "valid_to": "居住截止日期",
        "is_current": "是否当前居住地",
    },
    returns=Returned("residence_region"),
)
def residence(floating_population_registration: ir.Table, residence_permit: ir.Table) -> ir.Table:
    """Each residence of a person away from the household: a registration, or a permit beside it, from when to when.

    One row per id_number, source and number. A registration runs from its day to the day of leaving; one that was
    cancelled without that, to the day of its last change. A permit runs for its validity. is_current is the residence
    that began last, of those that were not over on the day on which they were received: who asks for another day
    goes by valid_from and valid_to. Source: 2024-19 第十三条（二）; 居住证暂行条例 第二、四条.
    """
    registrations, permits = floating_population_registration, residence_permit
    changed_on = (registrations.updated_at + BEIJING).date()
    cancelled_on = ibis.ifelse(registrations.residence_event == ENDED, changed_on, ibis.null("date"))
    periods = registrations.select(
        "id_number",
        "residence_region",
        "residence_address",
        "residence_reason",
        source=ibis.literal("floating_population_registration"),
        number=registrations.registration_number,
        valid_from=registrations.registered_on,
        valid_to=ibis.coalesce(registrations.left_on, cancelled_on),
        _received_on=_received_on(registrations),
    ).union(
        permits.select(
            "id_number",
            "residence_region",
            "residence_address",
            "residence_reason",
            source=ibis.literal("residence_permit"),
            number=permits.permit_number,
            valid_from=ibis.coalesce(permits.valid_from, permits.issued_on),
            valid_to=permits.valid_to,
            _received_on=_received_on(permits),
        )
    )
    over = (periods.valid_to < periods["_received_on"]).fill_null(False)
    known = periods.mutate(_over=over.cast("int64"))
    last = ibis.window(
        group_by=["id_number", "_over"],
        order_by=[known.valid_from.desc(nulls_first=False), known.source.asc(), known.number.desc()],
    )
    placed = known.mutate(_place=ibis.row_number().over(last))
    return placed.mutate(is_current=(placed["_over"] == 0) & (placed["_place"] == 0)).drop(
        "_received_on", "_over", "_place"
    )


def _received_on(rows: ir.Table) -> ir.DateValue:
    return (rows["_received_at"] + BEIJING).date()
