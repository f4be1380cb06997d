"""Social security of persons, from social insurance."""

import ibis.expr.types as ir

from pipelines.modelling import Returned, model


@model(
    title="社会保障",
    key=("id_number", "insurance_type"),
    affected={"social_insurance": "id_number"},
    returns=Returned(("person.residence_region", "person.household_region", "insured_region")),
)
def social_security(social_insurance: ir.Table) -> ir.Table:
    """Each insurance that a person takes part in: state, employer, and how far contributions and benefits go.

    One row per id_number and insurance_type. A row flows back to where the person lives, else is registered, else is
    insured: many are known by their insurance alone. Source: 2024-19 第十三条（六）.
    """
    return social_insurance.select(
        "id_number",
        "insurance_type",
        "state",
        "employer_name",
        "employer_code",
        "enrolled_on",
        "contribution_base",
        "last_paid_on",
        "benefit_paid_to",
        "insured_region",
    )
