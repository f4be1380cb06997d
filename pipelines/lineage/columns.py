"""Column lineage of an Ibis expression: the columns of its input tables that each output column is computed from."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.operations as ops
import ibis.expr.types as ir

Parent = tuple[str, str]  # (input table's name, column)


def parents(expression: ir.Table) -> dict[str, frozenset[Parent]]:
    """Per output column the input columns that its values come from; filters and join conditions are not values."""
    seen: dict[tuple[ops.Relation, str], frozenset[Parent]] = {}
    return {name: _column(expression.op(), name, seen) for name in expression.columns}


def _column(
    relation: ops.Relation, name: str, seen: dict[tuple[ops.Relation, str], frozenset[Parent]]
) -> frozenset[Parent]:
    if (relation, name) not in seen:
        seen[relation, name] = _trace(relation, name, seen)
    return seen[relation, name]


def _trace(
    relation: ops.Relation, name: str, seen: dict[tuple[ops.Relation, str], frozenset[Parent]]
) -> frozenset[Parent]:
    if isinstance(relation, ops.PhysicalTable):
        return frozenset({(relation.name, name)})
    if isinstance(relation, ops.Set):
        return _column(relation.left, name, seen) | _column(relation.right, name, seen)
    values: Mapping[str, ops.Node] = relation.values
    found: frozenset[Parent] = frozenset()
    for field in values[name].find(ops.Field, filter=ops.Value):
        found |= _column(field.rel, field.name, seen)
    return found
