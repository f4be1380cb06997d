"""Who is given an allowance that they cannot have; each gives the rows at fault, about the member of the household."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit.findings import ENDED
from foundation_dbs.person.against_register import NAMES, name_unlike_household
from foundation_dbs.person.livelihood import ENJOYED, after_death, at_fault
from pipelines.modelling import finding, is_id_number

SOURCE, MEMBER = "minimum_living_allowance", "member_id"
OF_MARKET = "9"  # what credit codes of enterprises, traders and cooperatives begin with (GB 32100)
YEARLY = 6  # so many times the standard of a month is that of a year
NORMAL_ACCOUNT = "01"  # of fund_state


def paid(minimum_living_allowance: ir.Table) -> ir.Table:
    """The rows that say that something was paid: all but those of a stop or an end."""
    state = minimum_living_allowance.state
    return minimum_living_allowance.filter((state == ENJOYED).fill_null(True))


@finding(
    title="死亡后仍发放最低生活保障（社会救助暂行办法第十三条）",
    affected={"minimum_living_allowance": MEMBER, "person": "id_number"},
)
def allowance_after_death(minimum_living_allowance: ir.Table, person: ir.Table) -> ir.Table:
    """An allowance was paid for a member in a month after that of their death."""
    rows = paid(minimum_living_allowance)
    return after_death(rows, person, rows.paid_in, SOURCE, MEMBER)


@finding(
    title="低保成员姓名与户籍登记不一致",
    inputs={"rows": SOURCE, **NAMES},
    affected={"rows": MEMBER, "claims": "key"},
)
def allowance_unlike_household(rows: ir.Table, claims: ir.Table) -> ir.Table:
    """A member is named otherwise than in the household register, variant characters aside."""
    return name_unlike_household(rows, claims, SOURCE, number=MEMBER, key="name_key")


@finding(
    title="低保成员不在户籍登记中",
    affected={"minimum_living_allowance": MEMBER, "household_registration": "id_number"},
)
def allowance_without_household(minimum_living_allowance: ir.Table, household_registration: ir.Table) -> ir.Table:
    """A member's number is in no household register here, which an allowance asks for (社会救助暂行办法 第九条)."""
    registered = household_registration.select(member_id="id_number")
    return at_fault(paid(minimum_living_allowance).anti_join(registered, MEMBER), SOURCE, MEMBER)


@finding(title="出生前已发放最低生活保障", affected={"minimum_living_allowance": MEMBER})
def allowance_before_birth(minimum_living_allowance: ir.Table) -> ir.Table:
    """An allowance was paid for a member in a month before that of their birth, as the number tells it."""
    rows = paid(minimum_living_allowance)
    born_in = rows.member_id.substr(6, 6)
    return at_fault(rows.filter(is_id_number(rows.member_id) & (rows.paid_in < born_in)), SOURCE, MEMBER)


@finding(title="同一人同月在两个旗县享受最低生活保障", affected={"minimum_living_allowance": MEMBER})
def allowance_in_two_counties(minimum_living_allowance: ir.Table) -> ir.Table:
    """Somebody was paid an allowance in two banners, counties or districts in one month."""
    rows = paid(minimum_living_allowance)
    counted = rows.group_by([MEMBER, "paid_in"]).agg(low=rows.allowance_region.min(), high=rows.allowance_region.max())
    several = counted.filter(counted.low != counted.high)
    return at_fault(rows.semi_join(several, [MEMBER, "paid_in"]), SOURCE, MEMBER)


@finding(
    title="企业法定代表人（负责人、经营者）享受最低生活保障",
    affected={"minimum_living_allowance": MEMBER, "legal_entity": "representative_id"},
)
def allowance_of_representative(minimum_living_allowance: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """A member of a household with an allowance heads an enterprise that goes on."""
    active = legal_entity.filter(
        ~legal_entity.state.isin(ENDED).fill_null(False) & legal_entity.credit_code.startswith(OF_MARKET)
    )
    heads = active.filter(active.representative_id.notnull()).select(member_id="representative_id")
    return at_fault(paid(minimum_living_allowance).semi_join(heads, MEMBER), SOURCE, MEMBER)


def paid_where(allowance_standard: ir.Table, minimum_living_allowance: ir.Table) -> ir.Table:
    """The members who are paid in these regions."""
    of_region = minimum_living_allowance.semi_join(
        allowance_standard, minimum_living_allowance.allowance_region == allowance_standard.region
    )
    return of_region.select(subject=MEMBER)


def with_standard(rows: ir.Table, allowance_standard: ir.Table) -> ir.Table:
    """The rows with the standard of their region and kind that is in force in the month of payment."""
    standards = allowance_standard.filter(allowance_standard.monthly_standard.notnull()).select(
        "effective_in", "monthly_standard", allowance_region="region", allowance_type="allowance_type"
    )
    both = rows.inner_join(standards, ["allowance_region", "allowance_type"])
    in_force = both.filter(both.effective_in <= both.paid_in)
    newest = ibis.window(
        group_by=["certificate_number", MEMBER, "paid_in"], order_by=in_force.effective_in.desc(nulls_first=False)
    )
    numbered = in_force.mutate(_place=ibis.row_number().over(newest))
    return numbered.filter(numbered["_place"] == 0)


def _most(rows: ir.Table) -> ir.DecimalValue:
    """What may be paid for the covered members together: wide enough that no engine stops at a slip of the pen."""
    return rows.covered_members.cast("string").try_cast("decimal(6,0)") * rows.monthly_standard.cast("decimal(24,2)")


@finding(
    title="人均低保金额高于当地标准",
    affected={"minimum_living_allowance": MEMBER, "allowance_standard": paid_where},
)
def allowance_above_standard(minimum_living_allowance: ir.Table, allowance_standard: ir.Table) -> ir.Table:
    """A household is paid more for each covered member than its banner's standard; not so much that it is a year's."""
    rows = with_standard(paid(minimum_living_allowance), allowance_standard)
    most = _most(rows)
    above = (rows.household_amount > most) & (rows.household_amount <= most * YEARLY)
    return at_fault(rows.filter(above), SOURCE, MEMBER)


@finding(
    title="低保金额疑将年金额填作月金额",
    affected={"minimum_living_allowance": MEMBER, "allowance_standard": paid_where},
)
def allowance_of_year(minimum_living_allowance: ir.Table, allowance_standard: ir.Table) -> ir.Table:
    """A household's amount is so many times the standard that a year's stands where a month's is asked for."""
    rows = with_standard(paid(minimum_living_allowance), allowance_standard)
    most = _most(rows)
    return at_fault(rows.filter(rows.household_amount > most * YEARLY), SOURCE, MEMBER)


@finding(
    title="低保成员的公积金缴存基数高于低保标准",
    affected={
        "minimum_living_allowance": MEMBER,
        "housing_fund": "document",
        "allowance_standard": paid_where,
    },
)
def allowance_with_housing_fund(
    minimum_living_allowance: ir.Table, housing_fund: ir.Table, allowance_standard: ir.Table
) -> ir.Table:
    """A member has a housing fund account that is paid into, by a base above the standard for one person."""
    rows = with_standard(paid(minimum_living_allowance), allowance_standard)
    accounts = housing_fund.filter((housing_fund.state == NORMAL_ACCOUNT) & housing_fund.base.notnull())
    earning = accounts.group_by(member_id=accounts.document).agg(base=accounts.base.max())
    both = rows.inner_join(earning, MEMBER)
    return at_fault(both.filter(both.base > both.monthly_standard), SOURCE, MEMBER)
