"""What contradicts the contributions that the tax authority has received; each gives the rows at fault."""

import ibis.expr.types as ir

from foundation_dbs.person.against_register import NAMES, name_unlike_household
from foundation_dbs.person.livelihood import CANCELLED, WORKING_AGE, after_death, age_in, at_fault
from foundation_dbs.person.payment import without_original
from pipelines.modelling import DELIVERED, finding, is_id_number, latest

SOURCE = "social_insurance_payment"
PAYING, TERMINATED = "1", "3"  # of insurance_state
OF_EMPLOYEES = ("110", "120", "210", "310", "410")


@finding(
    title="负数票的原票不存在（更正无法核销）",
    affected={"social_insurance_payment": "id_number"},
)
def correction_without_original(social_insurance_payment: ir.Table) -> ir.Table:
    """A negative ticket takes back one that was never delivered for that person: it is in no sum."""
    return at_fault(without_original(social_insurance_payment), SOURCE)


@finding(
    title="死亡后仍征收社会保险费",
    affected={"social_insurance_payment": "id_number", "person": "id_number"},
)
def payment_after_death(social_insurance_payment: ir.Table, person: ir.Table) -> ir.Table:
    """A contribution was paid for a period that begins after the month in which the person died."""
    positive = social_insurance_payment.filter(social_insurance_payment.amount_paid > 0)
    return after_death(positive, person, positive.period_from, SOURCE)


@finding(
    title="缴费人姓名与户籍登记不一致",
    inputs={"rows": SOURCE, **NAMES},
    affected={"rows": "id_number", "claims": "key"},
)
def payment_unlike_household(rows: ir.Table, claims: ir.Table) -> ir.Table:
    """A ticket names somebody otherwise than the household register does, variant characters aside."""
    return name_unlike_household(rows, claims, SOURCE, key="name_key")


@finding(
    title="未满十六周岁缴纳职工社会保险费（劳动法第十五条）",
    affected={"social_insurance_payment": "id_number"},
)
def payment_under_age(social_insurance_payment: ir.Table) -> ir.Table:
    """An employee's contribution was paid for somebody too young to work."""
    employed = social_insurance_payment.filter(
        social_insurance_payment.levy_item.isin(OF_EMPLOYEES)
        & (social_insurance_payment.amount_paid > 0)
        & is_id_number(social_insurance_payment.id_number)
    )
    young = age_in(employed.period_to, employed.id_number) < WORKING_AGE
    return at_fault(employed.filter(young), SOURCE)


@finding(
    title="参保已终止，仍有缴费入库",
    affected={"social_insurance_payment": "id_number", "social_insurance": "id_number"},
)
def paid_though_terminated(social_insurance_payment: ir.Table, social_insurance: ir.Table) -> ir.Table:
    """A contribution came in after the day that an insurance, which has ended, was paid to last."""
    ended = social_insurance.filter(social_insurance.state == TERMINATED).select(
        "id_number", "last_paid_on", levy_item="insurance_type"
    )
    positive = social_insurance_payment.filter(social_insurance_payment.amount_paid > 0)
    both = positive.inner_join(ended, ["id_number", "levy_item"])
    return at_fault(both.filter((both.paid_on > both.last_paid_on).fill_null(True)), SOURCE)


@finding(
    title="参保缴费状态正常，但无对应险种的缴费",
    affected={"payment": "id_number", "social_insurance": "id_number"},
)
def insured_but_unpaid(payment: ir.Table, social_insurance: ir.Table) -> ir.Table:
    """An insurance counts as paid, and the tax authority, which knows the person, has received nothing for it.

    Whoever has no ticket at all may not have been delivered yet.
    """
    paid = payment.filter(payment.amount_paid > 0).select("id_number", insurance_type="levy_item")
    known = social_insurance.filter(social_insurance.state == PAYING).semi_join(payment, "id_number")
    return at_fault(known.anti_join(paid, ["id_number", "insurance_type"]), "social_insurance")


@finding(
    title="缴费基数与参保登记不一致",
    affected={"social_insurance_payment": "id_number", "social_insurance": "id_number"},
)
def payment_base_differs(social_insurance_payment: ir.Table, social_insurance: ir.Table) -> ir.Table:
    """The last ticket of an insurance that is being paid has another base than the insurance."""
    positive = social_insurance_payment.filter(social_insurance_payment.amount_paid > 0)
    last = latest(positive, key=["id_number", "levy_item"], order=("period_to", "paid_on", *DELIVERED))
    paying = social_insurance.filter(social_insurance.state == PAYING).select(
        "id_number", "contribution_base", levy_item="insurance_type"
    )
    both = last.inner_join(paying, ["id_number", "levy_item"])
    return at_fault(both.filter(both.base != both.contribution_base), SOURCE)


def paid_for_by(legal_entity: ir.Table, social_insurance_payment: ir.Table) -> ir.Table:
    """The people for whom these organisations have paid."""
    of_these = social_insurance_payment.semi_join(
        legal_entity, social_insurance_payment.employer_code == legal_entity.credit_code
    )
    return of_these.select(subject="id_number")


@finding(
    title="用人单位已注销，仍为职工缴费",
    affected={"social_insurance_payment": "id_number", "legal_entity": paid_for_by},
)
def payment_by_cancelled_employer(social_insurance_payment: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """The last ticket of somebody's insurance is of an employer that is cancelled in its register."""
    positive = social_insurance_payment.filter(social_insurance_payment.amount_paid > 0)
    last = latest(positive, key=["id_number", "levy_item"], order=("period_to", "paid_on", *DELIVERED))
    ended = legal_entity.filter(legal_entity.state.isin(CANCELLED)).select(employer_code="credit_code")
    return at_fault(last.semi_join(ended, "employer_code"), SOURCE)
