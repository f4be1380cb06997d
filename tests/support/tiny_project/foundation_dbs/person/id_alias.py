"""Other forms under which a person's number was delivered."""

import ibis.expr.types as ir

from pipelines.modelling import FormsOf, Returned, model


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
