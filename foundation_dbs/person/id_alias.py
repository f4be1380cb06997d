"""Other forms under which a person's number was delivered."""

import ibis.expr.types as ir

from pipelines.modelling import AppearancesOf, Returned, model


@model(
    title="身份号码别名",
    key=("alias", "source", "column"),
    inputs={"appearances": AppearancesOf("id_number")},
    affected={"appearances": "alias"},
    columns={"alias": "原号（15位）", "id_number": "公民身份号码", "times": "出现次数"},
    returns=Returned("person.residence_region"),
)
def id_alias(appearances: ir.Table) -> ir.Table:
    """15-digit numbers that were delivered and the 18-digit number that each stands for: one person.

    One row per alias and the source column that it came in. Source: GB 11643-1999.
    """
    other = appearances.filter(appearances["alias"].notnull())
    return other.group_by("alias", "source", "column", id_number=other["value"]).agg(times=other.count())
