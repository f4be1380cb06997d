"""What is published of each subject, side by side."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Computed, Returned, model

VALID, LIST_TYPES = "1", ("honoured", "watched", "abnormal", "dishonest")
OVER = ("withdrawn", "repaired")


def subject_of(rows: ir.Table) -> ir.StringValue:
    return ibis.coalesce(rows.credit_code, rows.id_number)


@model(
    title="信用主体汇总",
    key="subject",
    affected=dict.fromkeys(("licence", "penalty", "debtor", "listing"), Computed(subject_of)),
    columns={
        "subject": "主体代码",
        "credit_code": "统一社会信用代码",
        "id_number": "公民身份号码",
        "subject_region": "主体所在区划代码",
        "licences": "行政许可数",
        "valid_licences": "有效行政许可数",
        "penalties": "行政处罚数",
        "standing_penalties": "未撤销、未修复的行政处罚数",
        "fines": "罚款合计（元）",
        "last_penalty_on": "最近处罚日期",
        "debts": "失信被执行案件数",
        **{
            f"{kind}_listings": f"{title}名单数（未移出）"
            for kind, title in zip(LIST_TYPES, ("守信激励", "重点关注", "经营异常", "严重失信"), strict=True)
        },
    },
    returns=Returned("subject_region"),
)
def subject_summary(licence: ir.Table, penalty: ir.Table, debtor: ir.Table, listing: ir.Table) -> ir.Table:
    """Each organisation or person of whom anything is published and who is known: how many of what.

    One row per subject, a credit code or an id number. fines are in yuan, of penalties that were neither withdrawn nor
    repaired; lists count as long as the entry stands. Source: 2024-19 第十八条; 2023-plan（八）.
    """
    standing = (~penalty.state.isin(OVER)).fill_null(True)
    parts = [
        _counted(licence, licences=_number(True), valid_licences=_number(licence.state == VALID)),
        _counted(
            penalty,
            penalties=_number(True),
            standing_penalties=_number(standing),
            fines=ibis.ifelse(standing, penalty.fine, None),
            last_penalty_on=penalty.decided_on,
        ),
        _counted(debtor, debts=_number(True)),
        _counted(
            listing,
            **{f"{kind}_listings": _number((listing.list_type == kind) & listing.stands) for kind in LIST_TYPES},
        ),
    ]
    rows = ibis.union(*(_completed(part, parts) for part in parts))
    counts = [name for part in parts for name in part.columns if name not in (*SUBJECT, "fines", "last_penalty_on")]
    return rows.group_by("subject").agg(
        credit_code=rows.credit_code.max(),
        id_number=rows.id_number.max(),
        subject_region=rows.subject_region.max(),
        **{name: rows[name].sum().cast("int64") for name in counts},
        fines=rows.fines.sum().cast("decimal(18,2)"),
        last_penalty_on=rows.last_penalty_on.max(),
    )


SUBJECT = ("subject", "credit_code", "id_number", "subject_region")


def _counted(publications: ir.Table, **counts: ir.Value) -> ir.Table:
    subject = subject_of(publications)
    known = publications.select("credit_code", "id_number", "subject_region", subject=subject, **counts)
    return known.filter(known.subject.notnull()).select(*SUBJECT, *counts)


def _completed(part: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """The part with the other parts' columns, of nothing."""
    columns = {name: kind for other in parts for name, kind in other.schema().items()}
    absent = {
        name: ibis.literal(0, kind) if kind.is_integer() else ibis.null(kind)
        for name, kind in columns.items()
        if name not in part.columns
    }
    return part.mutate(**absent).select(*columns)


def _number(holds: ir.BooleanValue | bool) -> ir.IntegerValue:
    return ibis.literal(holds).cast("int64") if isinstance(holds, bool) else holds.fill_null(False).cast("int64")
