"""Rules on schooling across rows and tables; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import finding

ENROLMENT, DIPLOMA = "学籍", "学历"
ENROLLED, GRADUATED = "在读", "毕业"
OTHER_LEVEL = "90"  # 其他: no place in the order of levels


@finding(title="同一人有两条以上在读学籍", affected={"education_record": "id_number"})
def several_enrolments(education_record: ir.Table) -> ir.Table:
    """A person is at several schools at once: all those records are at fault."""
    enrolled = education_record.filter(
        (education_record.record_type == ENROLMENT) & (education_record.state == ENROLLED)
    )
    counted = enrolled.group_by("id_number").agg(schools=enrolled.count())
    return _at_fault(enrolled.semi_join(counted.filter(counted.schools > 1), "id_number"), "education_record")


@finding(
    title="户籍登记的文化程度低于已取得的学历",
    affected={"education_record": "id_number", "household_registration": "id_number"},
)
def household_education_outdated(education_record: ir.Table, household_registration: ir.Table) -> ir.Table:
    """The household register has a lower level of education than a diploma of the person: the register is at fault.

    Codes of GB/T 4658: the lower the number, the higher the level.
    """
    diplomas = education_record.filter(
        (education_record.record_type == DIPLOMA) & (education_record.state == GRADUATED)
    )
    diplomas = diplomas.select("id_number", _attained=_level(diplomas.education_level))
    best = diplomas.group_by("id_number").agg(_attained=diplomas["_attained"].min())
    both = household_registration.inner_join(best, "id_number")
    return _at_fault(both.filter(_level(both.education_level) > both["_attained"]), "household_registration")


def _level(code: ir.StringValue) -> ir.IntegerValue:
    return code.nullif(OTHER_LEVEL).try_cast("int64")


def _at_fault(rows: ir.Table, source: str) -> ir.Table:
    return rows.select(subject="id_number", source=ibis.literal(source), batch="_batch", row="_row")
