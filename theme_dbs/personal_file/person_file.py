"""一人一档: what the foundation knows of each person, side by side."""

import ibis.expr.types as ir

from pipelines.modelling import model

TERMINATED, BENEFIT = "3", "4"  # 终止参保, 享受待遇


@model(
    title="一人一档",
    key="id_number",
    affected={
        "person": "id_number",
        "marriage": "id_number",
        "social_security": "id_number",
        "person_conflict": "id_number",
        "person_finding": "subject",
    },
    columns={
        "marital_state": "婚姻状况代码（GB/T 2261.2）",
        "is_deceased": "是否死亡",
        "insurances": "参保险种数",
        "receives_benefit": "是否享受待遇",
        "conflicts": "来源不一致的属性数",
        "findings": "核查发现数",
    },
)
def person_file(
    person: ir.Table, marriage: ir.Table, social_security: ir.Table, person_conflict: ir.Table, person_finding: ir.Table
) -> ir.Table:
    """One file per person (2023-plan（八）): identity, residence, marriage, social security, and what is in doubt.

    One row per id_number of the golden record. insurances counts the kinds of insurance that go on, paid for, paused
    or drawing benefits; not those that have ended (终止参保).
    """
    married = marriage.select("id_number", "spouse_id", marital_state="state")
    insured = social_security.group_by("id_number").agg(
        insurances=((social_security.state != TERMINATED).fill_null(True)).cast("int64").sum(),
        receives_benefit=(social_security.state == BENEFIT).any(),
    )
    doubts = person_conflict.group_by("id_number").agg(conflicts=person_conflict.attribute.nunique())
    found = person_finding.group_by(id_number=person_finding.subject).agg(findings=person_finding.count())
    file = (
        person.select("id_number", "person_name", "sex", "birth_date", "ethnicity", "residence_region", "died_on")
        .left_join(married, "id_number")
        .drop("id_number_right")
        .left_join(insured, "id_number")
        .drop("id_number_right")
        .left_join(doubts, "id_number")
        .drop("id_number_right")
        .left_join(found, "id_number")
        .drop("id_number_right")
    )
    return file.mutate(
        is_deceased=file.died_on.notnull(),
        insurances=file.insurances.fill_null(0),
        receives_benefit=file.receives_benefit.fill_null(False),
        conflicts=file.conflicts.fill_null(0),
        findings=file.findings.fill_null(0),
    )
