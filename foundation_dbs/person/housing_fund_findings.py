"""What contradicts the accounts of housing funds; each gives the rows at fault, about the account's holder."""

import ibis.expr.types as ir

from foundation_dbs.person.against_register import NAMES, name_unlike_household
from foundation_dbs.person.livelihood import CANCELLED, MONTH, WORKING_AGE, after_death, age_in, at_fault
from pipelines.modelling import finding, is_id_number

SOURCE, HOLDER = "housing_fund", "document"
NORMAL, PAYING = "01", "1"  # of fund_state, of insurance_state


def normal(housing_fund: ir.Table) -> ir.Table:
    """Accounts that are paid into."""
    return housing_fund.filter(housing_fund.state == NORMAL)


@finding(
    title="死亡后仍缴存住房公积金",
    affected={"housing_fund": HOLDER, "person": "id_number"},
)
def fund_paid_after_death(housing_fund: ir.Table, person: ir.Table) -> ir.Table:
    """An account was paid into for a month after that of its holder's death."""
    paid = housing_fund.filter(housing_fund.paid_to.notnull())
    return after_death(paid, person, paid.paid_to, SOURCE, HOLDER)


@finding(
    title="公积金账户姓名与户籍登记不一致",
    inputs={"rows": SOURCE, **NAMES},
    affected={"rows": HOLDER, "claims": "key"},
)
def fund_unlike_household(rows: ir.Table, claims: ir.Table) -> ir.Table:
    """An account's holder is named otherwise than in the household register, variant characters aside."""
    return name_unlike_household(rows, claims, SOURCE, number=HOLDER, key="name_key")


@finding(title="未满十六周岁开立公积金账户（劳动法第十五条）", affected={"housing_fund": HOLDER})
def fund_under_age(housing_fund: ir.Table) -> ir.Table:
    """An account was opened for somebody too young to work."""
    people = housing_fund.filter(is_id_number(housing_fund.document))
    young = age_in(people.opened_on.strftime(MONTH), people.document) < WORKING_AGE
    return at_fault(people.filter(young), SOURCE, HOLDER)


@finding(title="同一人有多个正常缴存的公积金账户", affected={"housing_fund": HOLDER})
def several_normal_funds(housing_fund: ir.Table) -> ir.Table:
    """Somebody has several accounts that are paid into at once, in one centre or in several."""
    rows = normal(housing_fund)
    counted = rows.group_by(HOLDER).agg(accounts=rows.count())
    return at_fault(rows.semi_join(counted.filter(counted.accounts > 1), HOLDER), SOURCE, HOLDER)


def accounts_with(legal_entity: ir.Table, housing_fund: ir.Table) -> ir.Table:
    """The holders of accounts that these organisations pay into."""
    paid = housing_fund.semi_join(legal_entity, housing_fund.employer_code == legal_entity.credit_code)
    return paid.select(subject=HOLDER)


@finding(
    title="缴存单位已注销，公积金账户仍为正常",
    affected={"housing_fund": HOLDER, "legal_entity": accounts_with},
)
def fund_of_cancelled_employer(housing_fund: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """An account counts as paid into by an employer that is cancelled in its register."""
    ended = legal_entity.filter(legal_entity.state.isin(CANCELLED)).select(employer_code="credit_code")
    return at_fault(normal(housing_fund).semi_join(ended, "employer_code"), SOURCE, HOLDER)


@finding(
    title="公积金缴存基数与社会保险缴费基数不一致",
    affected={"housing_fund": HOLDER, "social_insurance": "id_number"},
)
def fund_base_differs(housing_fund: ir.Table, social_insurance: ir.Table) -> ir.Table:
    """The base of an account that is paid into is that of none of the holder's insurances, of which one has a base."""
    paying = social_insurance.filter(
        (social_insurance.state == PAYING) & social_insurance.contribution_base.notnull()
    ).select(document="id_number", base="contribution_base")
    rows = normal(housing_fund)
    insured = rows.filter(rows.base.notnull()).semi_join(paying, HOLDER)
    return at_fault(insured.anti_join(paying, [HOLDER, "base"]), SOURCE, HOLDER)
