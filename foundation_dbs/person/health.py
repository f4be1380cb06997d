"""Health records of persons."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, model

ACTIVE = "活动"
SENSITIVE = "PIPL 第二十八条（医疗健康信息为敏感个人信息）"


@model(
    title="居民健康档案",
    key=("id_number", "record_number"),
    affected={"health_record": "id_number"},
    columns={"valid_from": "建档日期", "valid_to": "终止日期", "is_current": "是否现行档案"},
    returns=Returned(
        "person",
        withhold={
            "blood_type": SENSITIVE,
            "rh_type": SENSITIVE,
            "drug_allergy": SENSITIVE,
            "medical_history": SENSITIVE,
            "disability": SENSITIVE,
        },
    ),
)
def health(health_record: ir.Table) -> ir.Table:
    """Each health record of a person, from its creation to its end.

    One row per id_number and record_number. is_current is the active record that was created last; a person of whom
    all are ended has none. Of what may be several, codes are divided by `;`.
    Source: 2024-19 第十三条（五）; WS 365-2011.
    """
    records = health_record.mutate(_active=(health_record.record_state == ACTIVE).cast("int64"))
    last = ibis.window(
        group_by=["id_number", "_active"],
        order_by=[records.created_on.desc(nulls_first=False), records.record_number.desc()],
    )
    placed = records.mutate(_place=ibis.row_number().over(last))
    return placed.select(
        "id_number",
        "record_number",
        "record_state",
        "resident_type",
        "blood_type",
        "rh_type",
        "drug_allergy",
        "medical_history",
        "disability",
        "issuer",
        "doctor_name",
        "followed_up_on",
        valid_from="created_on",
        valid_to="ended_on",
        is_current=(placed["_active"] == 1) & (placed["_place"] == 0),
    )
