"""What follows of marriage registrations."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, finding, latest, model

STATE = {"1": "20", "2": "40"}
LEGAL_AGE = {"husband": 22, "wife": 20}


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


@finding(
    title="结婚登记时未达法定婚龄",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
)
def marriage_under_age(marriage_registration: ir.Table) -> ir.Table:
    """A marriage was registered before one of the spouses had reached the legal age on that day."""
    day = marriage_registration.registered_on.strftime("%Y%m%d").cast("int64")
    found = []
    for spouse, years in LEGAL_AGE.items():
        born = marriage_registration[f"{spouse}_id"].substr(6, 8).try_cast("int64")
        young = marriage_registration.filter(day < born + years * 10_000)
        found.append(_at_fault(young, f"{spouse}_id"))
    return ibis.union(*found)


@finding(
    title="婚姻登记日期晚于死亡日期",
    affected={"marriage_registration": ["husband_id", "wife_id"], "person": "id_number"},
)
def marriage_after_death(marriage_registration: ir.Table, person: ir.Table) -> ir.Table:
    """A marriage was registered after one of the two had died."""
    dead = person.filter(person.died_on.notnull()).select(dead_id="id_number", died_on="died_on")
    found = []
    for spouse in LEGAL_AGE:
        both = marriage_registration.inner_join(dead, marriage_registration[f"{spouse}_id"] == dead.dead_id)
        found.append(_at_fault(both.filter(both.registered_on > both.died_on), f"{spouse}_id"))
    return ibis.union(*found)


def _at_fault(rows: ir.Table, subject: str) -> ir.Table:
    return rows.select(
        subject=rows[subject], source=ibis.literal("marriage_registration"), batch=rows["_batch"], row=rows["_row"]
    )
