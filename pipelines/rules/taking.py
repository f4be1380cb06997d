"""Arguments of rules, taken by name: columns of the rows that a rule judges, and all else that it declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis.expr.types as ir

from pipelines.declarations.rule import Rule

Arguments = dict[str, Any]
Predicate = Callable[[Rule, Arguments, ir.Table], ir.BooleanValue]


def take(rule: Rule, arguments: Arguments, name: str) -> Any:
    if name not in arguments:
        raise ValueError(f"rule {rule.code}: {rule.type} needs `{name}`")
    return arguments.pop(name)


def column(rule: Rule, arguments: Arguments, rows: ir.Table, name: str = "column") -> ir.Value:
    named = take(rule, arguments, name)
    if named not in rows.columns:
        raise ValueError(f"rule {rule.code}: there is no column `{named}`")
    return rows[named]


def pair(rule: Rule, arguments: Arguments, rows: ir.Table) -> tuple[ir.Value, ir.Value]:
    return column(rule, arguments, rows, "column_A"), column(rule, arguments, rows, "column_B")
