"""Giving a name to an intermediate value inside one expression, so that it is computed once."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir


def bound(value: ir.Value, then: Callable[[ir.Value], ir.Value]) -> ir.Value:
    """`then(value)`, with `value` computed once however often `then` uses it.

    Plain Python names repeat the whole expression at each use, and engines do not share it inside CASE. The
    parameters of nested functions must have different names: they become names in the engine's query.
    """
    return ibis.array([value]).map(then)[0]
