"""The registry of licence types."""

import ibis.expr.types as ir

from pipelines.modelling import CodesOf, model


@model(
    title="证照类型目录",
    key="type_code",
    inputs={"entries": CodesOf("license_type", ("issuer_kind", "holder_kind", "validity", "basis", "verified"))},
    columns={
        "type_code": "证照类型代码",
        "type_name": "证照类型名称",
        "definer_code": "证照定义机构代码",
        "issuer_kind": "颁发机构类别",
        "holder_kind": "持证主体类别",
        "validity": "有效期",
        "basis": "依据",
        "is_verified": "类型代码是否已核实",
    },
)
def license_type(entries: ir.Table) -> ir.Table:
    """Every type of licence that the registry knows: who defines and issues it, to whom, for how long, by which law.

    One row per type_code, as catalog/codes/license_type.csv has them. issuer_kind is a kind of agency of
    catalog/agency_kinds.yml; holder_kind is organisation or person. The defining agency is the first 18 characters of
    the code (GB/T 36904). A code that is not verified stands for one that the national registry has, and is a made-up
    one until somebody enters that.
    """
    return entries.select(
        type_code="code",
        type_name="title",
        definer_code=entries.code.substr(0, 18),
        issuer_kind="issuer_kind",
        holder_kind="holder_kind",
        validity="validity",
        basis="basis",
        is_verified=entries.verified == "是",
    )
