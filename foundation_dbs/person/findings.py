"""Rules across the tables of persons; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, finding, is_id_number, latest

LEGAL_AGE = {"husband": 22, "wife": 20}


@finding(
    title="结婚登记时未达法定婚龄（民法典第一千零四十七条：男二十二周岁，女二十周岁）",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
)
def marriage_under_age(marriage_registration: ir.Table) -> ir.Table:
    """A marriage was registered before one of the spouses had reached the legal age on that day."""
    return ibis.union(*(_under_age(marriage_registration, spouse, years) for spouse, years in LEGAL_AGE.items()))


def _under_age(registrations: ir.Table, spouse: str, years: int) -> ir.Table:
    # Dates as whole numbers yyyymmdd: the age is reached when the day stands `years` in the years' place further on.
    number = registrations[f"{spouse}_id"]
    born = number.substr(6, 8).try_cast("int64")
    day = registrations.registered_on.strftime("%Y%m%d").cast("int64")
    return _at_fault(
        registrations.filter(
            (registrations.marriage_event == "1") & is_id_number(number) & (day < born + years * 10_000)
        ),
        f"{spouse}_id",
        "marriage_registration",
    )


@finding(
    title="婚姻登记日期晚于死亡日期",
    affected={"marriage_registration": ["husband_id", "wife_id"], "person": "id_number"},
)
def marriage_after_death(marriage_registration: ir.Table, person: ir.Table) -> ir.Table:
    """A marriage or divorce was registered after one of the two had died."""
    dead = person.filter(person.died_on.notnull()).select(dead_id="id_number", died_on="died_on")
    events = marriage_registration.filter(marriage_registration.marriage_event.isin(["1", "2"]))
    found = []
    for spouse in LEGAL_AGE:
        both = events.inner_join(dead, events[f"{spouse}_id"] == dead.dead_id)
        late = both.filter(both.registered_on > both.died_on)
        found.append(_at_fault(late, f"{spouse}_id", "marriage_registration"))
    return ibis.union(*found)


@finding(
    title="死亡后仍发放社会保险待遇",
    affected={"social_insurance": "id_number", "person": "id_number"},
)
def benefit_after_death(social_insurance: ir.Table, person: ir.Table) -> ir.Table:
    """A social insurance benefit was paid for days after the person's death."""
    dead = person.filter(person.died_on.notnull()).select("id_number", "died_on")
    both = social_insurance.inner_join(dead, "id_number")
    return _at_fault(both.filter(both.benefit_paid_to > both.died_on), "id_number", "social_insurance")


@finding(title="同一人的死亡证明死亡日期不一致", affected={"death_registration": "id_number"})
def several_death_dates(death_registration: ir.Table) -> ir.Table:
    """A person's death certificates give different days: those at fault that differ from the one that stands."""
    standing = latest(death_registration, key="id_number", order=DELIVERED).select("id_number", stands_on="died_on")
    both = death_registration.inner_join(standing, "id_number")
    return _at_fault(both.filter(both.died_on != both.stands_on), "id_number", "death_registration")


def _at_fault(rows: ir.Table, subject: str, source: str) -> ir.Table:
    return rows.select(subject=rows[subject], source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])
