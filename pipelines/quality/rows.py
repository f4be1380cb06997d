"""Which rows break which rules: one pass over a source's typed rows."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES, Rule
from pipelines.quality.predicates import predicate, with_duplicates


def broken_rules(rows: ir.Table, rules: Sequence[Rule], contract: Contract) -> ir.Table:
    """One row (batch, row, rules) per row that breaks at least one rule, critical or not."""
    row_rules = [rule for rule in rules if not rule.on_table]
    rows = with_duplicates(rows, list(contract.key), contract.version)
    kept = {rule.code: predicate(rule, rows) for rule in row_rules}
    clean = functools.reduce(operator.and_, kept.values())
    # Only the few rows that break something pay for the list of what they break.
    broken = ibis.array([ibis.ifelse(keeps, ibis.null("string"), code) for code, keeps in kept.items()])
    return rows.filter(~clean).select(BATCH, ROW_NUMBER, **{RULES: broken.filter(lambda code: code.notnull())})
