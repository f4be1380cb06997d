"""Administrative licences, each with its subject."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit.resolution import SUBJECT, TITLES, inputs_of, resolved, routes_of, standing
from pipelines.modelling import DELIVERED, Returned, model

KEY = ("decision_number", "authority_code", "licence_number", "subject_key")
LONG_TERM = "2099-12-31"


@model(
    title="行政许可",
    key=KEY,
    inputs=inputs_of("administrative_licence"),
    affected=routes_of("decision_number"),
    columns=TITLES,
    returns=Returned(("subject_region", "authority_region")),
)
def licence(publications: ir.Table, legal_entity: ir.Table, person: ir.Table, names: ir.Table) -> ir.Table:
    """Each licence as it was published last, with the organisation or person that holds it.

    One row per decision, authority, licence number (无 where there is none) and subject. credit_code or id_number is
    the subject; method says how it was found, and candidates who else may be meant; neither is there where nobody, or
    no single one, is. valid_to is empty for a long term, which is published as 2099-12-31. state is a code of
    publication_state: 1 valid, 2 not. Source: 2024-19 第十八条; 双公示 (2018).
    """
    found = standing(resolved(publications, KEY, legal_entity, person, names), KEY[:3], DELIVERED)
    return found.select(
        *KEY,
        *SUBJECT,
        "decision_title",
        "licence_category",
        "certificate_name",
        "content",
        "decided_on",
        "valid_from",
        "authority",
        "state",
        "updated_at",
        authority_region=found.authority_code.substr(2, 6),
        valid_to=found.valid_to.nullif(ibis.date(LONG_TERM)),
    )
