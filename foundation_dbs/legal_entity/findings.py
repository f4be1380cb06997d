"""Rules across the tables of legal entities; each gives the rows at fault."""

import ibis.expr.types as ir

from pipelines.modelling import Alike, ClaimsOf, finding

NAMES = {"claims": ClaimsOf("legal_entity", "entity_name")}


@finding(
    title="统一社会信用代码不在校核清单中（2024-19 第十四条（八））",
    inputs=NAMES,
    affected={"claims": "key", "credit_code_check": "credit_code"},
)
def code_unknown_to_check(claims: ir.Table, credit_code_check: ir.Table) -> ir.Table:
    """A register holds a credit code that the market regulation authority's 校核 list does not."""
    checked = credit_code_check.select(key="credit_code")
    registered = claims.filter(claims.source != "credit_code_check")
    return _at_fault(registered.anti_join(checked, "key"))


@finding(title="同一统一社会信用代码对应不同名称", inputs=NAMES, affected={"claims": "key"})
def code_with_two_names(claims: ir.Table) -> ir.Table:
    """The sources give one credit code names that differ by more than their spelling."""
    counted = claims.group_by("key").agg(low=claims.match_key.min(), high=claims.match_key.max())
    several = counted.filter(counted.low != counted.high)
    return _at_fault(claims.semi_join(several, "key"))


@finding(title="同一名称对应不同统一社会信用代码", inputs=NAMES, affected={"claims": Alike("match_key", key="key")})
def name_with_two_codes(claims: ir.Table) -> ir.Table:
    """One name, spelling aside, stands under several credit codes."""
    counted = claims.group_by("match_key").agg(low=claims.key.min(), high=claims.key.max())
    several = counted.filter(counted.low != counted.high)
    return _at_fault(claims.semi_join(several, "match_key"))


def _at_fault(claims: ir.Table) -> ir.Table:
    return claims.select(subject=claims.key, source=claims.source, batch=claims.batch, row=claims.row)
