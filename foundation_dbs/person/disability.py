"""Certificates of disability of persons."""

import functools
import operator

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Graded, Returned, model

# GB/T 26341: an id number, then one digit each of kind and grade.
ID_NUMBER = 18
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
WITHHELD = "PIPL 第二十八条（医疗健康信息为敏感个人信息）"


def id_in_number(disability_registration: ir.Table) -> ir.StringValue:
    """The id number that the holder had when the certificate was numbered."""
    return disability_registration.disability_number.substr(0, ID_NUMBER)


def changed(disability_registration: ir.Table) -> ir.Table:
    """The certificates that were numbered when the holder had another good id number."""
    numbered = id_in_number(disability_registration)
    others = disability_registration.filter(numbered != disability_registration.id_number)
    return others.filter(_has_check_digit(id_in_number(others)))


def _has_check_digit(number: ir.StringValue) -> ir.BooleanValue:
    """Whether the 18th character is that of GB 11643 (MOD 11-2)."""
    weighted = [number.substr(place, 1).try_cast("int64") * weight for place, weight in enumerate(WEIGHTS)]
    check = ibis.literal(CHECKS).substr((functools.reduce(operator.add, weighted) % 11).cast("int32"), 1)
    return check == number.substr(17, 1)


@model(
    title="残疾人证",
    key=("id_number", "disability_number"),
    affected={"disability_registration": "id_number"},
    columns={
        "valid_from": "有效期起",
        "valid_to": "有效期止",
        "is_current": Graded("是否现行", "internal"),
    },
    returns=Returned(
        ("person", "household_region"), withhold={"impaired_part": WITHHELD, "disability_cause": WITHHELD}
    ),
)
def disability(disability_registration: ir.Table) -> ir.Table:
    """Each certificate of disability that a person was ever given.

    One row per id_number and number of the certificate. It is valid from the day on which it was issued to the day
    that stands on it, or to that of the next certificate of the person where that comes earlier; whether it is in force
    state says. is_current: of a person's certificates the one that was issued last. Source: 2024-19 第十三条（八）.
    """
    issued = disability_registration
    by_issue = ibis.window(
        group_by="id_number", order_by=[issued[name].asc(nulls_first=True) for name in ("issued_on", *DELIVERED)]
    )
    held = issued.mutate(_next_on=issued.issued_on.lead().over(by_issue))
    is_replaced = held["_next_on"].notnull() & (held.valid_to.isnull() | (held["_next_on"] < held.valid_to))
    return held.select(
        "id_number",
        "disability_number",
        "person_name",
        "household_region",
        "disability_kind",
        "disability_grade",
        "impaired_part",
        "disability_cause",
        "guardian_name",
        "guardian_document",
        "guardian_relation",
        "issuer",
        "state",
        valid_from="issued_on",
        valid_to=ibis.ifelse(is_replaced, held["_next_on"], held.valid_to),
        is_current=held["_next_on"].isnull(),
    )
