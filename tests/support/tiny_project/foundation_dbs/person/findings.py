"""Rules across the tables of persons; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, finding, latest

LEGAL_AGE = {"husband": 22, "wife": 20}


@finding(
    title="结婚登记时未达法定婚龄",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
)
def marriage_under_age(marriage_registration: ir.Table) -> ir.Table:
    """A marriage was registered before one of the spouses had reached the legal age on that day."""
    day = marriage_registration.registered_on.strftime("%Y%m%d").cast("int64")
    found = []
    for spouse, years in LEGAL_AGE.items():
        born = marriage_registration[f"{spouse}_id"].substr(6, 8).try_cast("int64")
        young = marriage_registration.filter(day < born + years * 10_000)
        found.append(_at_fault(young, f"{spouse}_id", "marriage_registration"))
    return ibis.union(*found)


@finding(
    title="婚姻登记日期晚于死亡日期",
    affected={"marriage_registration": ["husband_id", "wife_id"], "person": "id_number"},
)
def marriage_after_death(marriage_registration: ir.Table, person: ir.Table) -> ir.Table:
    """A marriage was registered after one of the two had died."""
    dead = person.filter(person.died_on.notnull()).select(dead_id="id_number", died_on="died_on")
    found = []
    for spouse in LEGAL_AGE:
        both = marriage_registration.inner_join(dead, marriage_registration[f"{spouse}_id"] == dead.dead_id)
        found.append(_at_fault(both.filter(both.registered_on > both.died_on), f"{spouse}_id", "marriage_registration"))
    return ibis.union(*found)


@finding(title="同一人的死亡证明死亡日期不一致", affected={"death_registration": "id_number"})
def several_death_dates(death_registration: ir.Table) -> ir.Table:
    """A person's death certificates give different days: those at fault that differ from the one that stands."""
    standing = latest(death_registration, key="id_number", order=DELIVERED).select("id_number", stands_on="died_on")
    both = death_registration.inner_join(standing, "id_number")
    return _at_fault(both.filter(both.died_on != both.stands_on), "id_number", "death_registration")


def _at_fault(rows: ir.Table, subject: str, source: str) -> ir.Table:
    return rows.select(subject=rows[subject], source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])
