"""Regular expressions in the meaning that they have in DuckDB (RE2), as Java writes them."""

from __future__ import annotations

import re
from typing import Any

import ibis.expr.operations as ops

from pipelines.engines.geometry import Expression

MATCHED = (ops.RegexSearch, ops.RegexExtract, ops.RegexReplace, ops.RegexSplit)
# What may hold a `$`, and a `$` alone: an escaped character, a class, the anchor.
DOLLARS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


def with_java_regexes(expression: Expression) -> Expression:
    """The expression with each constant pattern as Java must read it; without any, the expression itself.

    Java's `$` matches before a line end that closes the value too, and its `.` stops at five kinds of line end.
    """
    operation = expression.op()
    if not operation.find(MATCHED):
        return expression

    def replaced(node: ops.Node, rewritten: dict[str, Any] | None) -> ops.Node:
        parts = dict(zip(node.argnames, node.args, strict=True)) | (rewritten or {})
        if isinstance(node, MATCHED) and isinstance(parts["pattern"], ops.Literal):
            pattern = java_pattern(parts["pattern"].value)
            return node.__recreate__({**parts, "pattern": ops.Literal(pattern, parts["pattern"].dtype)})
        return node.__recreate__(rewritten) if rewritten else node

    return operation.replace(replaced).to_expr()


def java_pattern(pattern: str) -> str:
    """An expression of RE2 as Java's `java.util.regex` must have it to mean the same."""
    return "(?d)" + DOLLARS.sub(lambda found: r"\z" if found[0] == "$" else found[0], pattern)
