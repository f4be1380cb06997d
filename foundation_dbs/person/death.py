"""Deaths of persons, from death registration."""

import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, latest, model


@model(
    title="死亡登记",
    key="id_number",
    affected={"death_registration": "id_number"},
    returns=Returned(
        "person",
        withhold={"cause_of_death": "PIPL 第二十八条（医疗健康信息为敏感个人信息）"},
    ),
)
def death(death_registration: ir.Table) -> ir.Table:
    """Death of each person whose death was registered, by the certificate of the latest version.

    One row per id_number; of several certificates the one stands that stands in the golden record too, and
    `several_death_dates` finds those that give another day. Source: 2024-19 第十三条（四）.
    """
    standing = latest(death_registration, key="id_number", order=DELIVERED)
    return standing.select(
        "id_number",
        "died_on",
        "place_of_death",
        "cause_of_death",
        "certificate_number",
        "issuer",
        "issued_on",
        "deregistered_on",
    )
