"""Schooling of persons: the records of schools, diplomas and degrees."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, model

KEY = ("id_number", "record_type", "student_number", "certificate_number")


@model(
    title="教育",
    key=KEY,
    affected={"education_record": "id_number"},
    columns={"valid_from": "起始日期", "valid_to": "截止日期", "is_current": "是否现行"},
    returns=Returned(("person", "school_region")),
)
def education(education_record: ir.Table) -> ir.Table:
    """Each time that a person is or was at a school, and each diploma and degree.

    One row per id_number, type of record (学籍, 学历, 学位) and number; 无 stands for a number that there is not.
    valid_from is the first day of the month of enrolment, valid_to the day of graduation, empty while that is to come
    or unknown. is_current: of a person's records of one type the one that began last. Source: 2024-19 第十三条（七）.
    """
    order = [education_record[name].desc(nulls_first=False) for name in ("enrolled_in", *DELIVERED)]
    place = ibis.row_number().over(ibis.window(group_by=["id_number", "record_type"], order_by=order))
    return education_record.select(
        *KEY,
        "person_name",
        "school_code",
        "school_name",
        "school_region",
        "school_stage",
        "state",
        "major_code",
        "education_level",
        "degree",
        valid_from="enrolled_in",
        valid_to="graduated_on",
        is_current=place == 0,
    )
