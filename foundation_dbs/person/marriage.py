"""Marital state of persons, from marriage registrations."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, is_id_number, latest, model

# GB/T 2261.2: 20 married, 40 divorced. An annulled marriage (5) counts as never entered: 10.
STATE = {"1": "20", "2": "40", "3": "20", "4": "40", "5": "10"}


@model(
    title="婚姻状况",
    key="id_number",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
    columns={
        "id_number": "公民身份号码",
        "spouse_id": "配偶身份证件号",
        "spouse_name": "配偶姓名",
        "state": "婚姻状况代码（GB/T 2261.2）",
    },
    returns=Returned("person.residence_region"),
)
def marriage(marriage_registration: ir.Table) -> ir.Table:
    """Marital state of each person who was ever registered, both spouses: the latest event wins.

    One row per id_number; state is a code of GB/T 2261.2. The spouse is that of the latest event, divorced or not; a
    spouse known by a passport or another document stands there with its number, and has no row.
    Source: 2024-19 第十三条（三）.
    """
    events = _spouse(marriage_registration, "husband", "wife").union(_spouse(marriage_registration, "wife", "husband"))
    return latest(events, key="id_number", order=["registered_on", "registration_number"])


def _spouse(registrations: ir.Table, one: str, other: str) -> ir.Table:
    registrations = registrations.filter(is_id_number(registrations[f"{one}_id"]))
    return registrations.select(
        id_number=registrations[f"{one}_id"],
        state=registrations.marriage_event.cases(*STATE.items(), else_=ibis.null("string")),
        spouse_id=registrations[f"{other}_id"],
        spouse_name=registrations[f"{other}_name"],
        registered_on=registrations.registered_on,
        registration_number=registrations.registration_number,
    )
