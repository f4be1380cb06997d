"""Rules across the tables of persons; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Alike, ClaimsOf, finding


@finding(
    title="同名的人",
    inputs={"claims": ClaimsOf("person", "person_name")},
    affected={"claims": Alike("match_key", "key")},
)
def several_of_a_name(claims: ir.Table) -> ir.Table:
    """One name, spelling aside, stands for several persons: found among claims that are alike."""
    counted = claims.group_by("match_key").agg(low=claims.key.min(), high=claims.key.max())
    several = counted.filter(counted.low != counted.high)
    return claims.semi_join(several, "match_key").select("source", "batch", "row", subject="key")


@finding(title="有居住登记而无居民登记", affected={"stay": "holder_id", "resident": "id_number"})
def stay_of_nobody(stay: ir.Table, resident: ir.Table) -> ir.Table:
    """A stay is registered of somebody whom no registration of residents knows."""
    unknown = stay.anti_join(resident, stay.holder_id == resident.id_number)
    return unknown.select(subject="holder_id", source=ibis.literal("stay"), batch="_batch", row="_row")


@finding(
    title="从业人数较上年减少过半",
    about="employer_year",
    inputs={"claims": ClaimsOf("employer_year", "headcount")},
    affected={"claims": "key"},
)
def headcount_halved(claims: ir.Table) -> ir.Table:
    """A source gives less than half of what it gave for the year before: found across years, about the employer."""
    before = claims.select("source", "key", report_year=claims.report_year + 1, before=claims["value"])
    both = claims.inner_join(before, ["source", "key", "report_year"])
    halved = both.filter(both["value"] * 2 < both.before)
    return halved.select("source", "batch", "row", subject=halved.key)
