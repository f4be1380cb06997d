"""Entries of the credit lists, each with its subject."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit.resolution import SUBJECT, TITLES, inputs_of, resolved, routes_of
from pipelines.modelling import Returned, model

KEY = ("subject_key", "list_type", "listed_on", "listing_authority")
CODES = ("reported_credit_code", "document")
REMOVED, KEPT = "是", "否"


@model(
    title="信用名单",
    key=KEY,
    inputs=inputs_of("credit_list"),
    affected=routes_of("subject_key", CODES),
    columns={**TITLES, "stands": "是否仍在名单中"},
    returns=Returned("subject_region"),
)
def listing(publications: ir.Table, legal_entity: ir.Table, person: ir.Table, names: ir.Table) -> ir.Table:
    """Each entry of a list of the honoured, watched or seriously dishonest, with whom it is about.

    One row per subject, list, day and listing authority; the subject is resolved as in licence. stands is whether the
    entry was not removed: a day of removal says so where no flag does.
    Source: 2024-19 第十八条; 全国失信惩戒措施基础清单.
    """
    found = resolved(publications, KEY, legal_entity, person, names, CODES)
    known = found.is_removed.isin((REMOVED, KEPT)).fill_null(False)
    removed = ibis.ifelse(known, found.is_removed == REMOVED, found.removed_on.notnull())
    return found.select(
        *KEY,
        *SUBJECT,
        "list_name",
        "listing_reason",
        "published_until",
        "removed_on",
        "repaired_on",
        stands=~removed,
    )
