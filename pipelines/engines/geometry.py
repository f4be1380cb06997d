"""Shapes in each engine's own words: what models say with `pipelines.modelling.geometry`, as functions `ST_*`.

An engine calls `for_duckdb` or `for_spark` on every expression before it compiles it. Where an engine's own function
is wrong or differs, the difference is made good here, and the tests on shapes say what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.expr.operations.udf import ScalarUDF

from pipelines.modelling.geometry import MARK

Expression = TypeVar("Expression", bound=ir.Expr)
# From values in the engine's own type to a value in it. Ibis has a type for shapes, but would read and convert such
# columns by itself: within an expression they go as binary.
Words = Mapping[str, Callable[..., ir.Value]]
SHAPE = dt.binary
POLYGONS = 3  # ST_CollectionExtract's number for them; lines are 2, points 1: one more than their dimension


class MissingOperationError(NotImplementedError):
    """An expression asks for an operation on shapes that the engine does not have."""


def for_duckdb(expression: Expression) -> Expression:
    """The expression with operations on shapes as functions of DuckDB's spatial extension, which must be loaded.

    Wants the connection's `geometry_always_xy` as it is by default. Raises MissingOperationError.
    """
    return _worded(expression, "duckdb", DUCKDB, write="ST_AsWKB")


def for_spark(expression: Expression) -> Expression:
    """The expression with operations on shapes as functions of Apache Sedona. Raises MissingOperationError."""
    return _worded(expression, "spark", SPARK, write="ST_AsBinary")


def _worded(expression: Expression, engine: str, words: Words, write: str) -> Expression:
    operation = expression.op()
    asked = {name for node in operation.find(ScalarUDF) if (name := _asked(node))}
    if not asked:
        return expression
    if missing := sorted(asked - set(words)):
        raise MissingOperationError(
            f"geometry.{missing[0]} is not among the operations that the engine '{engine}' has. "
            "What to do: write the model without it, or choose the other engine by HUILIU_ENGINE."
        )

    def replaced(node: ops.Node, rewritten: dict[str, Any] | None) -> ops.Node:
        name = _asked(node)
        if name is None:
            return node.__recreate__(rewritten) if rewritten else node
        arguments = rewritten or dict(zip(node.__argnames__, node.__args__, strict=True))
        value = words[name](*(_parsed(argument.to_expr(), write) for argument in arguments.values()))
        return (_st(write, SHAPE, value) if node.dtype.is_binary() else value).op()

    return operation.replace(replaced).to_expr()


def _asked(node: ops.Node) -> str | None:
    name = getattr(node, "__func_name__", "")
    return name.removeprefix(MARK) if name.startswith(MARK) else None


def _parsed(value: ir.Value, write: str) -> ir.Value:
    if not value.type().is_binary():
        return value
    node = value.op()
    # What another operation has just written need not be parsed again.
    return (
        node.__args__[0].to_expr() if getattr(node, "__func_name__", "") == write else _shape("ST_GeomFromWKB", value)
    )


def _st(name: str, gives: dt.DataType, *values: ir.Value | int | str) -> ir.Value:
    return _declared(name, gives, len(values))(*values)


@cache
def _declared(name: str, gives: dt.DataType, arity: int) -> Callable[..., ir.Value]:
    def unary(_first: Any) -> None: ...
    def binary(_first: Any, _second: Any) -> None: ...

    # None takes a value of any type.
    return ibis.udf.scalar.builtin(name=name, signature=((None,) * arity, gives))({1: unary, 2: binary}[arity])


def _shape(name: str, *values: ir.Value | int | str) -> ir.Value:
    return _st(name, SHAPE, *values)


def _number(name: str, *values: ir.Value) -> ir.Value:
    return _st(name, dt.float64, *values)


def _verdict(name: str, *values: ir.Value) -> ir.Value:
    return _st(name, dt.boolean, *values)


def _repaired(shape: ir.Value, fixed: ir.Value) -> ir.Value:
    # Engines write even a valid shape anew, each in its order; and one leaves lines and points of what collapsed.
    left = _st("ST_Dimension", dt.int32, shape) + 1
    return _verdict("ST_IsValid", shape).ifelse(shape, _shape("ST_CollectionExtract", fixed, left))


def _fixed_by_duckdb(shape: ir.Value) -> ir.Value:
    # As a whole, ground that two parts cover would be left out: Sedona, and a land register, count it once.
    parts = _st("ST_Dump", dt.Array(dt.Struct({"geom": SHAPE})), shape)
    return _shape("list_aggregate", parts.map(lambda part: _shape("ST_MakeValid", part["geom"])), "ST_Union_Agg")


def _area_on_ellipsoid_by_duckdb(shape: ir.Value) -> ir.Value:
    # It takes x for the latitude, and an empty polygon is an internal error where an empty multipolygon is not.
    return _number("ST_Area_Spheroid", _shape("ST_FlipCoordinates", _shape("ST_Multi", shape)))


def _area_on_ellipsoid_by_sedona(shape: ir.Value) -> ir.Value:
    # It takes a polygon's rings for one line, so that holes add to the area: each ring is measured by itself.
    polygons = _shape("ST_CollectionExtract", shape, POLYGONS)
    shells = _parts(polygons).map(lambda part: _ring_by_sedona(_shape("ST_ExteriorRing", part))).sums()
    rings = _parts(_shape("ST_Boundary", polygons)).map(_ring_by_sedona).sums()
    return shape.isnull().ifelse(ibis.null("float64"), (2 * shells - rings).coalesce(0.0))


def _parts(shape: ir.Value) -> ir.ArrayValue:
    return _st("ST_Dump", dt.Array(SHAPE), shape)


def _ring_by_sedona(ring: ir.Value) -> ir.Value:
    return _number("ST_AreaSpheroid", _shape("ST_MakePolygon", ring))


def _distance(function: str) -> Callable[[ir.Value, ir.Value], ir.Value]:
    def distance(shape: ir.Value, other: ir.Value) -> ir.Value:
        # Both engines say 0 to what is nowhere.
        nowhere = _verdict("ST_IsEmpty", shape) | _verdict("ST_IsEmpty", other)
        return nowhere.ifelse(ibis.null("float64"), _number(function, shape, other))

    return distance


SHARED: Words = {
    "from_text": lambda text: _shape("ST_Force2D", _shape("ST_GeomFromText", text)),
    "from_wkb": lambda shape: _shape("ST_Force2D", shape),
    "point": lambda x, y: _shape("ST_Point", x, y),
    "is_valid": lambda shape: _verdict("ST_IsValid", shape),
    "area": lambda shape: _number("ST_Area", shape),
    "length": lambda shape: _number("ST_Length", shape),
    "contains": lambda shape, other: _verdict("ST_Contains", shape, other),
    "intersects": lambda shape, other: _verdict("ST_Intersects", shape, other),
    "intersection": lambda shape, other: _shape("ST_Intersection", shape, other),
}
DUCKDB: Words = {
    **SHARED,
    "repair": lambda shape: _repaired(shape, _fixed_by_duckdb(shape)),
    "area_on_ellipsoid": _area_on_ellipsoid_by_duckdb,
    # Its own ST_Distance is 0 for some polygons that are far apart: those that lie wholly to one side.
    "distance": _distance("ST_Distance_GEOS"),
}
SPARK: Words = {
    **SHARED,
    "repair": lambda shape: _repaired(shape, _shape("ST_MakeValid", shape)),
    "area_on_ellipsoid": _area_on_ellipsoid_by_sedona,
    "distance": _distance("ST_Distance"),
    "validity_reason": lambda shape: _st("ST_IsValidReason", dt.string, shape),
}
