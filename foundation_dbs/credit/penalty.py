"""Administrative penalties, each with its subject."""

import ibis.expr.types as ir

from foundation_dbs.credit.resolution import SUBJECT, TITLES, inputs_of, resolved, routes_of, standing
from pipelines.modelling import DELIVERED, Returned, model

KEY = ("decision_number", "authority_code", "subject_key")


@model(
    title="行政处罚",
    key=KEY,
    inputs=inputs_of("administrative_penalty"),
    affected=routes_of("decision_number"),
    columns=TITLES,
    returns=Returned(("subject_region", "authority_region")),
)
def penalty(publications: ir.Table, legal_entity: ir.Table, person: ir.Table, names: ir.Table) -> ir.Table:
    """Each penalty as it was published last, with the organisation or person that it was imposed on.

    One row per decision, authority and subject, which is resolved as in licence. fine and confiscated are in yuan;
    penalty_category holds the codes of all kinds of penalty in the decision, divided by `;`. A penalty that was
    withdrawn, or repaired after it, stays, as state says. Source: 2024-19 第十八条; 双公示 (2018); 行政处罚法 第九条.
    """
    found = standing(resolved(publications, KEY, legal_entity, person, names), KEY[:2], DELIVERED)
    return found.select(
        *KEY,
        *SUBJECT,
        "offence_type",
        "penalty_category",
        "content",
        "fine",
        "confiscated",
        "affected_licence",
        "decided_on",
        "effective_until",
        "published_until",
        "authority",
        "state",
        "updated_at",
        authority_region=found.authority_code.substr(2, 6),
    )
