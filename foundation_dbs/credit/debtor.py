"""Dishonest judgment debtors, each with its subject."""

import ibis.expr.types as ir

from foundation_dbs.credit.resolution import SUBJECT, TITLES, inputs_of, resolved, routes_of
from pipelines.modelling import Returned, model

KEY = ("case_number", "subject_key", "publication_number")
CODES = ("reported_code",)


@model(
    title="失信被执行人",
    key=KEY,
    inputs=inputs_of("dishonest_debtor"),
    affected=routes_of("case_number", CODES),
    columns=TITLES,
    returns=Returned("subject_region"),
)
def debtor(publications: ir.Table, legal_entity: ir.Table, person: ir.Table, names: ir.Table) -> ir.Table:
    """Each entry of the newest list of dishonest judgment debtors, with the organisation or person that it is about.

    One row per case, debtor and publication; the subject is resolved as in licence, by the one column that holds a code
    or document. Who is in the list no longer has no row. Source: 2024-19 第十八条; 最高人民法院关于公布失信被执行人名单
    信息的若干规定 第六条.
    """
    return resolved(publications, KEY, legal_entity, person, names, CODES).select(
        *KEY,
        *SUBJECT,
        "court",
        "basis_number",
        "filed_on",
        "performance",
        "conduct",
        "published_on",
    )
