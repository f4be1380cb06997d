"""Other forms under which a person's number was delivered."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.person.disability import changed, id_in_number
from pipelines.modelling import Computed, FormsOf, Returned, model


@model(
    title="身份号码别名",
    key=("alias", "source", "column"),
    inputs={"forms": FormsOf("id_number")},
    affected={"forms": "alias", "disability_registration": Computed(id_in_number)},
    columns={"alias": "原号（15位，或变更前的号码）", "id_number": "公民身份号码"},
    returns=Returned("person"),
)
def id_alias(forms: ir.Table, disability_registration: ir.Table) -> ir.Table:
    """15-digit numbers that were ever delivered, and numbers that persons had before, with the number of today.

    One row per alias and the source column that it came in. One of 15 digits stays when later deliveries give 18; a
    number of before is known by a certificate of disability that still holds it. Source: GB 11643-1999.
    """
    delivered = forms.select("alias", "source", "column", "first_received_at", id_number=forms["value"])
    held = changed(disability_registration)
    held = held.mutate(alias=id_in_number(held))
    before = held.group_by("alias").agg(first_received_at=held["_received_at"].min(), id_number=held.id_number.max())
    return delivered.union(
        before.select(
            "alias",
            "first_received_at",
            "id_number",
            source=ibis.literal("disability_registration"),
            column=ibis.literal("disability_number"),
        ).select(*delivered.columns)
    )
