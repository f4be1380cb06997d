"""Certificates of qualification and of practice of persons."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, model

QUALIFICATION, PRACTISING = "qualification", "practising"
KEY = ("id_number", "certificate_kind", "certificate_type", "certificate_number")
ALIKE = ("id_number", "certificate_kind", "certificate_type", "certificate_name")


@model(
    title="资格证书和执业证书",
    key=KEY,
    affected={"qualification_certificate": "id_number", "practising_certificate": "id_number"},
    columns={
        "certificate_kind": "证书性质（qualification 资格，practising 执业）",
        "certificate_number": "证书编号、执业证号",
        "scope": "专业、执业范围",
        "region": "发证地、执业地区划代码",
        "valid_from": "有效期起",
        "valid_to": "有效期止",
        "is_current": "是否现行",
    },
    returns=Returned(("person", "region")),
)
def certificate(qualification_certificate: ir.Table, practising_certificate: ir.Table) -> ir.Table:
    """Each certificate by which a person is qualified for something, or practises it.

    One row per id_number, certificate_kind, type and number. It is valid from the day of issue to the day that stands
    on it, empty where it has no end; whether it is in force state says. is_current: of a person's certificates of one
    kind, type and name the one that was issued last. qualification_number is that of the qualification on which a
    practice rests. Source: 2024-19 第十三条（十）.
    """
    of_qualification = qualification_certificate.select(
        *DELIVERED,
        "id_number",
        "certificate_type",
        "certificate_number",
        "certificate_name",
        "person_name",
        "level",
        "issuer",
        "state",
        certificate_kind=ibis.literal(QUALIFICATION),
        practice_category=ibis.null("string"),
        scope="speciality",
        unit_name=ibis.null("string"),
        unit_code=ibis.null("string"),
        qualification_number=ibis.null("string"),
        region="issue_region",
        valid_from="issued_on",
        valid_to="valid_to",
    )
    of_practice = practising_certificate.select(
        *DELIVERED,
        "id_number",
        "certificate_type",
        "person_name",
        "level",
        "issuer",
        "state",
        "practice_category",
        "unit_name",
        "unit_code",
        "qualification_number",
        certificate_kind=ibis.literal(PRACTISING),
        certificate_number="practising_number",
        certificate_name=ibis.null("string"),
        scope="practice_scope",
        region="practice_region",
        valid_from="issued_on",
        valid_to="valid_to",
    )
    held = of_qualification.union(of_practice.select(*of_qualification.columns))
    order = [held[name].desc(nulls_first=False) for name in ("valid_from", *DELIVERED)]
    place = ibis.row_number().over(ibis.window(group_by=ALIKE, order_by=order))
    return held.mutate(is_current=place == 0).drop(*DELIVERED)
