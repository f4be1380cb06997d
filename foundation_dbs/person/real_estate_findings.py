"""What contradicts rights in real estate, and what they contradict; each gives the rows at fault."""

import ibis.expr.types as ir

from foundation_dbs.person.against_register import NAMES, name_unlike_household
from foundation_dbs.person.livelihood import ENJOYED, at_fault
from foundation_dbs.person.real_estate import CURRENT, DIVIDER, DIVIDERS, WHOLE, holders
from pipelines.modelling import finding, is_id_number

SOURCE = "real_estate_registration"
BY_SHARES = "2"  # of co_ownership
HOUSES = ("4", "6", "8")  # of right_type: with the ownership of a house
DWELLING = "住宅"
ROUNDING = 10  # millionths that fractions such as 1/3 may lack or have over


def holders_in(changes: ir.Table) -> ir.Table:
    """Whom these registrations name."""
    cell = changes.document.re_replace(DIVIDERS, DIVIDER)
    return changes.select(subject=cell.split(DIVIDER).unnest())


def persons(registrations: ir.Table) -> ir.Table:
    """The holders with an id number."""
    found = holders(registrations)
    return found.filter(is_id_number(found.id_number))


@finding(
    title="现势不动产权利人已死亡（提示办理继承）",
    inputs={"registrations": SOURCE},
    affected={"registrations": holders_in, "person": "id_number"},
)
def real_estate_of_dead(registrations: ir.Table, person: ir.Table) -> ir.Table:
    """A right that is in force is held by somebody whose death is registered: it is to be inherited."""
    dead = person.filter(person.died_on.notnull()).select("id_number")
    current = persons(registrations.filter(registrations.right_state == CURRENT))
    return at_fault(current.semi_join(dead, "id_number"), SOURCE)


@finding(
    title="不动产权利人姓名与户籍登记不一致",
    inputs={"registrations": SOURCE, **NAMES},
    affected={"registrations": holders_in, "claims": "key"},
)
def real_estate_unlike_household(registrations: ir.Table, claims: ir.Table) -> ir.Table:
    """A holder is named otherwise than in the household register, variant characters aside."""
    return name_unlike_household(persons(registrations), claims, SOURCE, key="holder_key")


def holders_by_business(changes: ir.Table, registrations: ir.Table) -> ir.Table:
    """Whom all rows of the same registrations name."""
    same = registrations.semi_join(changes, ["business_number", "unit_number"])
    return holders_in(changes).union(holders_in(same))


@finding(
    title="同一业务号的权利比例合计不等于1",
    inputs={"registrations": SOURCE},
    affected={"registrations": holders_by_business},
)
def real_estate_shares(registrations: ir.Table) -> ir.Table:
    """The shares of those who hold a unit by one registration are not the whole of it, or one of them is unknown."""
    shared = holders(registrations.filter(registrations.co_ownership == BY_SHARES))
    of_business = shared.group_by(["business_number", "unit_number"]).agg(
        whole=shared.millionths.sum(), unknown=shared.millionths.isnull().cast("int64").sum()
    )
    off = (of_business.whole.fill_null(0) - WHOLE).abs()
    wrong = of_business.filter((off > ROUNDING) | (of_business.unknown > 0))
    found = shared.filter(is_id_number(shared.id_number)).semi_join(wrong, ["business_number", "unit_number"])
    return at_fault(found, SOURCE)


@finding(
    title="低保成员有两套以上住房",
    inputs={"registrations": SOURCE},
    affected={"minimum_living_allowance": "member_id", "registrations": holders_in},
)
def allowance_with_dwellings(minimum_living_allowance: ir.Table, registrations: ir.Table) -> ir.Table:
    """A member of a household with an allowance holds two dwellings or more."""
    in_force = registrations.filter(
        (registrations.right_state == CURRENT)
        & registrations.right_type.isin(HOUSES)
        & (registrations.planned_use == DWELLING)
    )
    held = persons(in_force)
    counted = held.group_by(member_id=held.id_number).agg(dwellings=held.unit_number.nunique())
    several = counted.filter(counted.dwellings > 1)
    state = minimum_living_allowance.state
    paid = minimum_living_allowance.filter((state == ENJOYED).fill_null(True))
    return at_fault(paid.semi_join(several, "member_id"), "minimum_living_allowance", "member_id")
