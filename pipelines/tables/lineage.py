"""Column lineage of an Ibis expression: the columns of its input tables that each output column is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis.expr.operations as ops
import ibis.expr.types as ir

Parent = tuple[str, str]  # (input table's name, column)


def parents(expression: ir.Table) -> dict[str, frozenset[Parent]]:
    """Per output column the input columns that its values come from; filters and join conditions are not values."""
    seen: dict[tuple[ops.Relation, str], frozenset[Parent]] = {}
    return {name: _column(expression.op(), name, seen) for name in expression.columns}


def copied(expression: ir.Table) -> dict[str, frozenset[Parent]]:
    """The output columns that hold values of input columns as they are, and these columns; not what is computed."""
    seen: dict[tuple[ops.Relation, str], frozenset[Parent] | None] = {}
    found = {name: _copied(expression.op(), name, seen) for name in expression.columns}
    return {name: columns for name, columns in found.items() if columns}


def _copied(
    relation: ops.Relation, name: str, seen: dict[tuple[ops.Relation, str], frozenset[Parent] | None]
) -> frozenset[Parent] | None:
    """None where a value is computed; nothing where it can only be NULL."""
    if (relation, name) not in seen:
        if isinstance(relation, ops.PhysicalTable):
            seen[relation, name] = frozenset({(relation.name, name)})
        elif isinstance(relation, ops.Set):
            seen[relation, name] = _all(_copied(side, name, seen) for side in (relation.left, relation.right))
        else:
            fields = _fields(relation.values[name])
            seen[relation, name] = None if fields is None else _all(_copied(f.rel, f.name, seen) for f in fields)
    return seen[relation, name]


def _fields(value: ops.Node) -> list[ops.Field] | None:
    """The fields of which a value is always one; None where it is computed from them."""
    match value:
        case ops.Field():
            return [value]
        case ops.Literal(value=None):
            return []
        case ops.Coalesce():
            parts = value.arg
        case ops.IfElse():
            parts = (value.true_expr, value.false_null_expr)
        case ops.SearchedCase() | ops.SimpleCase():
            parts = (*value.results, value.default)
        case ops.Max() | ops.Min() | ops.First() | ops.Last() | ops.Arbitrary():
            parts = (value.arg,)
        case ops.WindowFunction():
            parts = (value.func,)
        case _:
            return None
    found = [_fields(part) for part in parts]
    return None if None in found else [field for fields in found for field in fields or ()]


def _all(found: Iterable[frozenset[Parent] | None]) -> frozenset[Parent] | None:
    all_of_them = list(found)
    return None if None in all_of_them else frozenset().union(*(origins for origins in all_of_them if origins))


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
