"""A database without a golden record of its own: a table and a finding about the employers of another one."""

import ibis.expr.types as ir

from pipelines.modelling import ClaimsOf, Returned, finding, model


def employers_of(changed: ir.Table, employment: ir.Table) -> ir.Table:
    """The employers of persons of whom something has changed."""
    return employment.semi_join(changed, "id_number").select("employer_code")


@model(
    title="职工",
    key="credit_code",
    affected={"employment": "employer_code", "person": employers_of},
    columns={"credit_code": "统一社会信用代码", "employees": "职工人数", "women": "女职工人数", "wages": "月工资合计"},
    returns=Returned("employer.registered_region"),
)
def staff(employment: ir.Table, person: ir.Table) -> ir.Table:
    """How many people each employer has, recomputed through a function; flows back as a region of the employer says."""
    joined = employment.inner_join(person.select("id_number", "sex"), "id_number")
    return joined.group_by(credit_code=joined.employer_code).agg(
        employees=joined.id_number.nunique(), women=(joined.sex == "2").cast("int64").sum(), wages=joined.wage.sum()
    )


@finding(
    title="用人单位不在企业名单中",
    about="employer",
    inputs={"claims": ClaimsOf("employer", "entity_name")},
    affected={"claims": "key", "company_list": "credit_code"},
)
def employer_not_listed(claims: ir.Table, company_list: ir.Table) -> ir.Table:
    """The register holds a credit code that the list does not."""
    listed = company_list.select(key="credit_code")
    registered = claims.filter(claims.source == "company").anti_join(listed, "key")
    return registered.select("source", "batch", "row", subject="key")
