"""一企一档: what the foundation knows of each legal entity, side by side."""

import ibis.expr.types as ir

from pipelines.modelling import model

TERMINATED = "3"  # 终止参保


def employers_of(deaths: ir.Table, social_security: ir.Table) -> ir.Table:
    """The enterprises that people who died, or do so no longer, are insured by."""
    return social_security.semi_join(deaths, "id_number").select("employer_code")


@model(
    title="一企一档",
    key="credit_code",
    affected={
        "legal_entity": "credit_code",
        "credit_code_check": "credit_code",
        "social_security": "employer_code",
        "death": employers_of,
        "legal_entity_conflict": "credit_code",
        "legal_entity_finding": "subject",
    },
    columns={
        "is_checked": "是否在校核清单中",
        "insured_staff": "在册参保人数",
        "conflicts": "来源不一致的属性数",
        "findings": "核查发现数",
    },
)
def enterprise_file(
    legal_entity: ir.Table,
    credit_code_check: ir.Table,
    social_security: ir.Table,
    death: ir.Table,
    legal_entity_conflict: ir.Table,
    legal_entity_finding: ir.Table,
) -> ir.Table:
    """One file per enterprise or organisation (2023-plan（八）): identity, registration, staff, and what is in doubt.

    One row per credit_code of the golden record. insured_staff counts the people whom the enterprise has on its books
    in any kind of insurance: those who pay, who pay no longer for a while (暂停缴费) and who draw benefits, for their
    insurance goes on (国家统计局: 包括中断缴费但未终止养老保险关系的职工人数; 参保人数含离退休人员); not those whose
    insurance has ended (终止参保), nor the dead.
    """
    checked = credit_code_check.select("credit_code", "check_result")
    goes_on = (social_security.state != TERMINATED).fill_null(True)
    insured = social_security.filter(social_security.employer_code.notnull() & goes_on)
    employed = insured.anti_join(death, "id_number")
    staff = employed.group_by(credit_code=employed.employer_code).agg(insured_staff=employed.id_number.nunique())
    doubts = legal_entity_conflict.group_by("credit_code").agg(conflicts=legal_entity_conflict.attribute.nunique())
    found = legal_entity_finding.group_by(credit_code=legal_entity_finding.subject).agg(
        findings=legal_entity_finding.count()
    )
    file = (
        legal_entity.select(
            "credit_code",
            "entity_name",
            "entity_type",
            "state",
            "established_on",
            "registered_capital",
            "capital_currency",
            "representative_name",
            "registered_region",
            "registered_address",
        )
        .left_join(checked, "credit_code")
        .mutate(is_checked=lambda joined: joined.credit_code_right.notnull())
        .drop("credit_code_right")
        .left_join(staff, "credit_code")
        .drop("credit_code_right")
        .left_join(doubts, "credit_code")
        .drop("credit_code_right")
        .left_join(found, "credit_code")
        .drop("credit_code_right")
    )
    return file.mutate(
        insured_staff=file.insured_staff.fill_null(0),
        conflicts=file.conflicts.fill_null(0),
        findings=file.findings.fill_null(0),
    )
