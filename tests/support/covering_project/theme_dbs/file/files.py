"""Themes: what the foundation, its conflicts and its findings say, side by side."""

import ibis.expr.types as ir

from pipelines.modelling import model


@model(
    title="个人档案",
    key="id_number",
    affected={
        "person": "id_number",
        "spouse": "id_number",
        "person_conflict": "id_number",
        "person_finding": "subject",
    },
    columns={"conflicts": "来源不一致的属性数", "findings": "核查发现数"},
)
def person_card(person: ir.Table, spouse: ir.Table, person_conflict: ir.Table, person_finding: ir.Table) -> ir.Table:
    """One card per person: whom they are married to, and what is in doubt."""
    doubts = person_conflict.group_by("id_number").agg(conflicts=person_conflict.attribute.nunique())
    found = person_finding.group_by(id_number=person_finding.subject).agg(findings=person_finding.count())
    card = person.select("id_number", "person_name", "birth_date", "residence_region")
    for beside in (spouse.select("id_number", "spouse_id"), doubts, found):
        card = card.left_join(beside, "id_number").drop("id_number_right")
    return card.mutate(conflicts=card.conflicts.fill_null(0), findings=card.findings.fill_null(0))


@model(
    title="各区划概况", key="region", columns={"region": "区划代码", "people": "人数", "doubted": "有核查发现的单位数"}
)
def region_total(person: ir.Table, employer: ir.Table, employer_finding: ir.Table) -> ir.Table:
    """How many live in each region, and how many of its employers are in doubt; computed whole at any change."""
    lived = person.filter(person.residence_region.notnull())
    people = lived.group_by(region=lived.residence_region).agg(people=lived.count())
    doubtful = employer.semi_join(employer_finding, employer.credit_code == employer_finding.subject)
    doubted = doubtful.group_by(region=doubtful.registered_region).agg(doubted=doubtful.count())
    both = people.left_join(doubted, "region").drop("region_right")
    return both.mutate(doubted=both.doubted.fill_null(0))
