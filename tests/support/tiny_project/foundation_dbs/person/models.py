"""What follows of the sources and the golden record of persons."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, FormsOf, Returned, latest, model

STATE = {"1": "20", "2": "40"}


@model(
    title="身份号码别名",
    key=("alias", "source", "column"),
    inputs={"forms": FormsOf("id_number")},
    affected={"forms": "alias"},
    columns={"alias": "原号（15位）", "id_number": "公民身份号码"},
    returns=Returned("person"),
)
def id_alias(forms: ir.Table) -> ir.Table:
    """15-digit numbers that were ever delivered, and the number that each stands for."""
    return forms.select("alias", "source", "column", "first_received_at", id_number=forms["value"])


@model(
    title="死亡登记",
    key="id_number",
    affected={"death_registration": "id_number"},
    returns=Returned("person", withhold={"place_of_death": "PIPL 第二十八条"}),
)
def death(death_registration: ir.Table) -> ir.Table:
    """The death of each person, by the certificate that was received last."""
    standing = latest(death_registration, key="id_number", order=DELIVERED)
    return standing.select("id_number", "died_on", "place_of_death", "certificate_number", "issued_on")


@model(
    title="婚姻状况",
    key="id_number",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
    columns={"id_number": "公民身份号码", "spouse_id": "配偶身份证件号", "state": "婚姻状况代码"},
    returns=Returned("person"),
)
def marriage(marriage_registration: ir.Table) -> ir.Table:
    """The marital state of either spouse, by the latest event."""
    events = _spouse(marriage_registration, "husband", "wife").union(_spouse(marriage_registration, "wife", "husband"))
    last = latest(events, key="id_number", order=("registered_on", *DELIVERED))
    return last.select("id_number", "state", "spouse_id", "registered_on", "registration_number")


def _spouse(registrations: ir.Table, holder: str, other: str) -> ir.Table:
    return registrations.select(
        *DELIVERED,
        id_number=registrations[f"{holder}_id"],
        state=registrations.marriage_event.cases(*STATE.items(), else_=ibis.null("string")),
        spouse_id=registrations[f"{other}_id"],
        registered_on=registrations.registered_on,
        registration_number=registrations.registration_number,
    )
