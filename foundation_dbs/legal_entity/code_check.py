"""What 校核, the market regulation authority's list of credit codes, says of the codes in registers."""

import ibis.expr.types as ir

from pipelines.modelling import ClaimsOf, Returned, model

CHECK = "credit_code_check"


@model(
    title="统一社会信用代码校核情况",
    key="credit_code",
    inputs={"claims": ClaimsOf("legal_entity", "entity_name")},
    affected={"claims": "key", "credit_code_check": "credit_code"},
    columns={
        "credit_code": "统一社会信用代码",
        "is_checked": "是否在校核清单中",
        "checked_name": "校核清单中的名称",
        "checked_state": "校核清单中的状态",
        "is_name_alike": "名称是否与校核清单一致",
    },
    returns=Returned("legal_entity"),
)
def code_check(claims: ir.Table, credit_code_check: ir.Table) -> ir.Table:
    """What the check list says of each credit code that a register holds: whether it is there, its state and name.

    One row per credit_code of any register. Names are alike where no register has one that differs by more than its
    spelling; of a code that is not in the list nothing is said of it. Source: 2024-19 第十四条（八）.
    """
    registered = claims.filter(claims.source != CHECK)
    names = registered.group_by(credit_code=registered.key).agg(
        low=registered.match_key.min(), high=registered.match_key.max()
    )
    listed = claims.filter(claims.source == CHECK).select(credit_code="key", key_of_check="match_key")
    checked = credit_code_check.select(
        "credit_code",
        "check_result",
        "checked_on",
        checked_name=credit_code_check.entity_name,
        checked_state=credit_code_check.state,
    )
    both = names.left_join(checked, "credit_code")
    is_checked = both.credit_code_right.notnull()
    both = both.mutate(is_checked=is_checked).drop("credit_code_right").left_join(listed, "credit_code")
    return both.select(
        "credit_code",
        "is_checked",
        "checked_name",
        "checked_state",
        "check_result",
        "checked_on",
        is_name_alike=(both.low == both.key_of_check) & (both.high == both.key_of_check),
    )
