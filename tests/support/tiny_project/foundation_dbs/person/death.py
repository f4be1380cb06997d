"""What follows of death registrations."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, finding, latest, model


@model(
    title="死亡登记",
    key="id_number",
    affected={"death_registration": "id_number"},
    returns=Returned("person", withhold={"place_of_death": "PIPL 第二十八条"}),
)
def death(death_registration: ir.Table) -> ir.Table:
    """The death of each person, by the certificate that was received last."""
    standing = latest(death_registration, key="id_number", order=DELIVERED)
    return standing.select("id_number", "died_on", "place_of_death", "certificate_number", "issued_on")


@finding(title="同一人的死亡证明死亡日期不一致", affected={"death_registration": "id_number"})
def several_death_dates(death_registration: ir.Table) -> ir.Table:
    """A person's death certificates give different days: those at fault that differ from the one that stands."""
    standing = latest(death_registration, key="id_number", order=DELIVERED).select("id_number", stands_on="died_on")
    both = death_registration.inner_join(standing, "id_number")
    wrong = both.filter(both.died_on != both.stands_on)
    return wrong.select(subject="id_number", source=ibis.literal("death_registration"), batch="_batch", row="_row")
