"""Rules across registrations of residence, permits and the household register; each gives the rows at fault."""

import ibis.expr.types as ir

from foundation_dbs.person.against_register import (
    NAMES,
    OF_REGION,
    after_death,
    at_fault,
    beyond_age,
    name_unlike_household,
    unknown_to_household,
)
from foundation_dbs.person.residence import ENDED
from pipelines.modelling import finding

REGISTRATION = "floating_population_registration"
HALF_A_YEAR = 180  # days; the regulation says 半年, which no two months count alike
WORK, WORKING_AGE = ("务工", "务农", "经商", "服务", "因公", "保姆"), 16


def _open(registrations: ir.Table) -> ir.BooleanValue:
    return (registrations.residence_event != ENDED) & registrations.left_on.isnull()


@finding(title="同一人有多个未注销的居住登记", affected={REGISTRATION: "id_number"})
def several_open_registrations(floating_population_registration: ir.Table) -> ir.Table:
    """A person is registered as living in several places at once: all registrations that go on."""
    going_on = floating_population_registration.filter(_open(floating_population_registration))
    counted = going_on.group_by("id_number").agg(registrations=going_on.count())
    several = counted.filter(counted.registrations > 1)
    return at_fault(going_on.semi_join(several, "id_number"), REGISTRATION)


def permits_in_county(registrations: ir.Table, residence_permit: ir.Table) -> ir.Table:
    """The holders of permits of the banners and counties in which people are registered."""
    return residence_permit.semi_join(registrations, "residence_region").select("id_number")


@finding(
    title="签发居住证时居住登记不满半年（居住证暂行条例 第二条）",
    affected={"residence_permit": "id_number", REGISTRATION: ["id_number", permits_in_county]},
)
def permit_before_half_a_year(residence_permit: ir.Table, floating_population_registration: ir.Table) -> ir.Table:
    """A permit was issued to somebody who had not been registered anywhere for half a year, or never was.

    Permits of a banner or county of which no registration was delivered are not judged.
    """
    registrations = floating_population_registration
    since = registrations.group_by("id_number").agg(first_on=registrations.registered_on.min())
    judged = residence_permit.semi_join(registrations, "residence_region")
    both = judged.left_join(since, judged.id_number == since.id_number).drop("id_number_right")
    days = both.issued_on.delta(both.first_on, unit="day")
    early = both.first_on.isnull() | (days < HALF_A_YEAR)
    return at_fault(both.filter(both.issued_on.notnull() & early), "residence_permit")


@finding(
    title="居住登记的姓名与户籍登记不一致",
    inputs=NAMES,
    affected={REGISTRATION: "id_number", "claims": "key"},
)
def resident_name_unlike_household(floating_population_registration: ir.Table, claims: ir.Table) -> ir.Table:
    """Somebody is registered as living under another name than the household register's, variant characters aside."""
    return name_unlike_household(floating_population_registration, claims, REGISTRATION)


@finding(
    title="居住登记的户籍在区内，公民身份号码不在户籍登记中",
    affected={REGISTRATION: "id_number", "household_registration": "id_number"},
)
def resident_unknown_to_household(
    floating_population_registration: ir.Table, household_registration: ir.Table
) -> ir.Table:
    """Somebody is said to have a household in the autonomous region under a number that the register has not."""
    rows = floating_population_registration
    of_region = rows.filter(rows.household_region.startswith(OF_REGION))
    return unknown_to_household(of_region, household_registration, REGISTRATION)


@finding(
    title="死亡后办理居住登记，或死亡后居住登记未注销",
    affected={REGISTRATION: "id_number", "person": "id_number"},
)
def residence_after_death(floating_population_registration: ir.Table, person: ir.Table) -> ir.Table:
    """Somebody was registered as living somewhere after death, or the registration of one who died goes on."""
    return after_death(
        floating_population_registration,
        person,
        REGISTRATION,
        lambda rows: (rows.registered_on > rows.died_on) | _open(rows),
    )


@finding(title="居住事由为务工等，登记时未满十六周岁（劳动法 第十五条）", affected={REGISTRATION: "id_number"})
def resident_working_under_age(floating_population_registration: ir.Table) -> ir.Table:
    """Somebody was registered as living somewhere for work before the age at which people may work."""
    rows = floating_population_registration
    working = rows.filter(rows.residence_reason.isin(WORK))
    return beyond_age(working, REGISTRATION, "registered_on", least=WORKING_AGE)
