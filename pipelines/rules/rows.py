"""Which rows break which rules: a pass over typed rows, and another over those that are sound by themselves."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES, Rule
from pipelines.rules.predicates import predicate, with_duplicates

PLACE = (BATCH, ROW_NUMBER)


def broken_alone(rows: ir.Table, rules: Sequence[Rule]) -> ir.Table:
    """One row (batch, row, rules) per row that breaks a rule on single rows, critical or not."""
    return _broken(rows, [rule for rule in rules if not rule.on_table and not rule.compares_rows])


def broken_together(sound: ir.Table, rules: Sequence[Rule], contract: Contract) -> ir.Table:
    """The same for the rules that compare rows of a batch, among those that break no critical rule by themselves."""
    rows = with_duplicates(sound, list(contract.key), contract.version)
    return _broken(rows, [rule.model_copy(update={"where": ()}) for rule in rules if rule.compares_rows])


def broken_codes(rows: ir.Table, rules: Sequence[Rule]) -> ir.ArrayValue:
    """Codes of the rules that each row breaks; NULL where it breaks none, as most do."""
    if not rules:
        return ibis.null("array<string>")
    kept, codes = _kept(rows, rules)
    return ibis.ifelse(functools.reduce(operator.and_, kept), ibis.null("array<string>"), codes)


def _broken(rows: ir.Table, rules: Sequence[Rule]) -> ir.Table:
    if not rules:
        return rows.limit(0).select(*PLACE, **{RULES: ibis.literal([], "array<string>")})
    kept, codes = _kept(rows, rules)
    return rows.filter(~functools.reduce(operator.and_, kept)).select(*PLACE, **{RULES: codes})


def _kept(rows: ir.Table, rules: Sequence[Rule]) -> tuple[list[ir.BooleanValue], ir.ArrayValue]:
    """Per rule whether a row keeps it, and the list of what it breaks, which only the few that break any pay for."""
    kept = [predicate(rule, rows) for rule in rules]
    pairs = zip(rules, kept, strict=True)
    broken = ibis.array([ibis.ifelse(keeps, ibis.null("string"), rule.code) for rule, keeps in pairs])
    return kept, broken.filter(lambda code: code.notnull())


def both(first: ir.Table, other: ir.Table) -> ir.Table:
    """What `one` and `other` say of each row, in that order."""
    named = other.select(**{f"{name}__other": other[name] for name in (*PLACE, RULES)})
    joined = first.outer_join(named, [(name, f"{name}__other") for name in PLACE])
    nothing = ibis.literal([], "array<string>")
    lists = [joined[name].fill_null(nothing) for name in (RULES, f"{RULES}__other")]
    place = {name: joined[name].coalesce(joined[f"{name}__other"]) for name in PLACE}
    return joined.select(**place, **{RULES: lists[0].concat(lists[1])})


def rejected(broken: ir.Table, critical: Sequence[str]) -> ir.Table:
    """Those rows of `broken` that break one of the `critical` rules."""
    return broken.filter(broken[RULES].filter(lambda code: code.isin(critical)).length() > 0)
