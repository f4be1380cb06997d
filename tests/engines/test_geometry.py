"""Operations on shapes: the same on both engines, and as Shapely and PROJ have them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyproj
import pytest
import shapely
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from shapely.geometry.base import BaseGeometry

from pipelines.engines.geometry import MissingOperationError, for_duckdb, for_spark
from pipelines.modelling import geometry
from tests.support.shapes import ENGINES, INVALID, MIXED, VALID, Computing, computing

ALL = {**VALID, **MIXED, **INVALID}
WGS84 = pyproj.Geod(ellps="WGS84")
STOPPED = (duckdb.Error, PySparkException, Py4JError)
DID_NOT_STOP = pytest.fail.Exception
SHAPES = ibis.table({"name": "string", "shape": "binary"}, name="shapes")
# GEOS, which DuckDB has, takes ground that a ring covers twice for a hole; JTS, which Sedona has, for ground.
BY_LINES = "DuckDB repairs by linework: ground within an odd number of rings is kept"
REPAIRED_BY_LINES = {
    "ring over itself",
    "ring winds into itself",
    "hole in a hole",
    "hole as large as the shell",
    "hole across the shell",
}


# The point (1 2), as programs write it.
WKB_OF_OTHERS = {
    "little-endian": "01 01000000 000000000000F03F 0000000000000040",
    "big-endian": "00 00000001 3FF0000000000000 4000000000000000",
    "with SRID 4490": "00 20000001 0000118A 3FF0000000000000 4000000000000000",
    "with height by ISO": "01 E9030000 000000000000F03F 0000000000000040 0000000000000840",
    "with height by EWKB": "01 01000080 000000000000F03F 0000000000000040 0000000000000840",
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Computing:
    return computing(request)


@pytest.fixture(scope="module")
def shapes(engine: Computing) -> ir.Table:
    """All awkward shapes by name, and one that is not known."""
    rows = pa.table({"name": [*ALL, "not known"], "text": [*ALL.values(), None]})
    return engine.table("awkward", rows).select("name", shape=geometry.from_text(ibis._.text))


@pytest.fixture(scope="module")
def pairs(engine: Computing, shapes: ir.Table) -> ir.Table:
    """Each valid shape, and the one not known, with each."""
    some = shapes.filter(~shapes.name.isin([*MIXED, *INVALID]))
    return some.cross_join(some.rename(other_name="name", other="shape"))


def of_each(engine: Computing, shapes: ir.Table, operation: Callable[[ir.Value], ir.Value]) -> dict[str, Any]:
    return {row["name"]: row["is"] for row in engine.rows(shapes.select("name", **{"is": operation(shapes.shape)}))}


def of_pairs(engine: Computing, pairs: ir.Table, operation: Callable[..., ir.Value]) -> dict[tuple[str, str], Any]:
    answers = pairs.select("name", "other_name", **{"is": operation(pairs.shape, pairs.other)})
    found = {(row["name"], row["other_name"]): row["is"] for row in engine.rows(answers)}
    assert len(found) == (len(VALID) + 1) ** 2
    unknown = {pair: found.pop(pair) for pair in list(found) if "not known" in pair}
    assert set(unknown.values()) == {None}
    return found


def expected(name: str) -> BaseGeometry:
    return shapely.force_2d(shapely.from_wkt(ALL[name]))


def expected_of_pairs(operation: Callable[..., Any]) -> dict[tuple[str, str], Any]:
    return {(a, b): operation(expected(a), expected(b)) for a in VALID for b in VALID}


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def geodesic(shape: BaseGeometry) -> float:
    if shapely.get_dimensions(shape) < 2:
        return 0.0
    return abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(shape))[0])


def test_text_becomes_a_shape_in_two_dimensions(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes, lambda shape: shape)
    assert found.pop("not known") is None
    made = {name: shapely.from_wkb(wkb) for name, wkb in found.items()}
    assert {name for name, shape in made.items() if shape.has_z} == set()
    # Empty and single parts may be written otherwise, and invalid shapes cannot be compared but by their bytes.
    assert [name for name in VALID if not shapely.equals(made[name], expected(name))] == []
    others = set(ALL) - {"one part empty"}
    assert [name for name in others if found[name] != shapely.to_wkb(expected(name))] == []


@pytest.mark.parametrize("written", WKB_OF_OTHERS)
def test_wkb_is_read_as_others_write_it_and_written_one_way(engine: Computing, written: str) -> None:
    shape = geometry.from_wkb(ibis.literal(bytes.fromhex(WKB_OF_OTHERS[written])))
    assert engine.rows(one_row(shape)) == [{"is": shapely.to_wkb(shapely.Point(1, 2))}]


def one_row(value: ir.Value) -> ir.Table:
    return value.name("is").as_table()


def test_a_point_has_its_longitude_first(engine: Computing) -> None:
    rows = pa.table({"x": [111.7, 112.0, None, 1.0], "y": [40.8, 41.0, 1.0, None], "whole": [111, 112, 113, None]})
    table = engine.table("coordinates", rows)
    found = engine.rows(table.select(exact=geometry.point(table.x, table.y), whole=geometry.point(table.whole, 40)))
    shown = [[value and shapely.from_wkb(value).wkt for value in row.values()] for row in found]
    assert sorted(shown, key=str) == [
        ["POINT (111.7 40.8)", "POINT (111 40)"],
        ["POINT (112 41)", "POINT (112 40)"],
        [None, "POINT (113 40)"],
        [None, None],
    ]


@pytest.mark.parametrize("text", ["", "Hohhot", "POINT(111)", "POINT(111 40", "POLYGON((111 40,112 40,111"])
def test_text_that_is_no_shape_stops_the_run(engine: Computing, text: str) -> None:
    with pytest.raises(STOPPED):
        engine.rows(one_row(geometry.from_text(ibis.literal(text))))


@pytest.mark.parametrize("wkb", [b"", b"\x01\x02", shapely.to_wkb(shapely.Point(1, 2))[:-1]])
def test_bytes_that_are_no_shape_stop_the_run(engine: Computing, wkb: bytes) -> None:
    with pytest.raises(STOPPED):
        engine.rows(one_row(geometry.area(ibis.literal(wkb))))


def differs(
    request: pytest.FixtureRequest, engine: Computing, name: str, reason: str, how: Any = AssertionError
) -> None:
    """A known divergence of one engine in one operation: the test must fail there, and just so."""
    if engine.name == name:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason, raises=how))


def test_text_with_an_open_ring_stops_the_run(request: pytest.FixtureRequest, engine: Computing) -> None:
    differs(request, engine, "duckdb", "DuckDB makes a shape of an open ring; is_valid then says no", DID_NOT_STOP)
    with pytest.raises(STOPPED):
        engine.rows(one_row(geometry.from_text(ibis.literal("POLYGON((111 40,112 40,112 41))"))))


def test_wkb_with_an_open_ring_is_not_valid(request: pytest.FixtureRequest, engine: Computing) -> None:
    differs(request, engine, "spark", "JTS closes the ring when it reads WKB")
    ring = b"\x01\x03\x00\x00\x00\x01\x00\x00\x00" + b"\x03\x00\x00\x00"
    ring += b"".join(shapely.to_wkb(shapely.Point(*at))[5:] for at in [(0, 0), (1, 0), (1, 1)])
    assert engine.rows(one_row(geometry.is_valid(ibis.literal(ring)))) == [{"is": False}]


def test_shapes_are_valid_or_not(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes, geometry.is_valid)
    assert found == {**dict.fromkeys([*VALID, *MIXED], True), **dict.fromkeys(INVALID, False), "not known": None}


def test_a_valid_shape_is_repaired_to_itself(engine: Computing, shapes: ir.Table) -> None:
    whole = shapes.filter(~shapes.name.isin(list(INVALID)))
    found = of_each(engine, whole, geometry.repair)
    assert len(found) == len(VALID) + len(MIXED) + 1
    assert found == of_each(engine, whole, lambda shape: shape)


@pytest.fixture(scope="module")
def repaired(engine: Computing, shapes: ir.Table) -> dict[str, BaseGeometry]:
    found = of_each(engine, shapes.filter(shapes.name.isin(list(INVALID))), geometry.repair)
    return {name: shapely.from_wkb(wkb) for name, wkb in found.items()}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_shape_is_repaired(
    request: pytest.FixtureRequest, engine: Computing, repaired: dict[str, BaseGeometry], name: str
) -> None:
    if name in REPAIRED_BY_LINES:
        differs(request, engine, "duckdb", BY_LINES)
    by_structure = shapely.make_valid(expected(name), method="structure", keep_collapsed=False)
    assert shapely.equals(repaired[name], by_structure)


@pytest.mark.parametrize("name", INVALID)
def test_what_is_repaired_is_valid_and_of_the_same_kind(repaired: dict[str, BaseGeometry], name: str) -> None:
    kind = expected(name).geom_type.removeprefix("Multi")
    assert repaired[name].is_valid
    assert repaired[name].geom_type.removeprefix("Multi") == kind


def test_area_is_planar(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes.filter(~shapes.name.isin(list(INVALID))), geometry.area)
    assert found.pop("not known") is None
    assert found == {name: close(expected(name).area) for name in [*VALID, *MIXED]}


def test_area_on_the_ellipsoid_is_in_square_metres(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes.filter(~shapes.name.isin(list(INVALID))), geometry.area_on_ellipsoid)
    assert found.pop("not known") is None
    assert found == {name: pytest.approx(geodesic(expected(name)), rel=1e-9) for name in [*VALID, *MIXED]}
    assert found["square metre"] == pytest.approx(0.85 * 1.11, rel=0.01)


def test_length_is_of_lines_alone(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes.filter(shapes.name.isin([*VALID, "not known"])), geometry.length)
    assert found.pop("not known") is None
    lines = {name: expected(name).length if "LINE" in VALID[name] else 0.0 for name in VALID}
    assert lines["both diagonals"] == close(2 * 2**0.5)
    assert found == {name: close(length) for name, length in lines.items()}


def test_contains_leaves_the_border_out(engine: Computing, pairs: ir.Table) -> None:
    found = of_pairs(engine, pairs, geometry.contains)
    assert found["square", "point inside"]
    assert not found["square", "point on the edge"]
    assert found == expected_of_pairs(shapely.contains)


def test_intersects_takes_the_border_in(engine: Computing, pairs: ir.Table) -> None:
    found = of_pairs(engine, pairs, geometry.intersects)
    assert found["square", "point on the edge"]
    assert found["square", "square at its corner"]
    assert found == expected_of_pairs(shapely.intersects)


def test_intersection_is_what_is_shared(engine: Computing, pairs: ir.Table) -> None:
    found = of_pairs(engine, pairs, geometry.intersection)
    wanted = expected_of_pairs(shapely.intersection)
    assert [pair for pair, shape in wanted.items() if not shapely.equals(shapely.from_wkb(found[pair]), shape)] == []


def test_distance_is_the_shortest_and_unknown_to_what_is_nowhere(engine: Computing, pairs: ir.Table) -> None:
    found = of_pairs(engine, pairs, geometry.distance)
    assert found["square beside it", "square metre"] == close(1 - 1e-5)
    wanted = expected_of_pairs(lambda a, b: None if a.is_empty or b.is_empty else close(shapely.distance(a, b)))
    assert found == wanted


def test_collections_are_compared_like_other_shapes(engine: Computing, shapes: ir.Table) -> None:
    some = shapes.filter(shapes.name.isin([*MIXED, "square", "edge", "point inside"]))
    both = some.cross_join(some.rename(other_name="name", other="shape"))
    contains, intersects = geometry.contains(both.shape, both.other), geometry.intersects(both.shape, both.other)
    answers = engine.rows(both.select("name", "other_name", contains=contains, intersects=intersects))
    assert len(answers) == 25
    for row in answers:
        shape, other = expected(row["name"]), expected(row["other_name"])
        assert (row["contains"], row["intersects"]) == (shape.contains(other), shape.intersects(other)), row


def test_a_collection_of_several_kinds_is_cut(
    request: pytest.FixtureRequest, engine: Computing, shapes: ir.Table
) -> None:
    differs(request, engine, "spark", "JTS takes a collection of several kinds as the first shape alone", STOPPED)
    mixed, edge = shapes.filter(shapes.name == "of all kinds"), expected("edge")
    (row,) = engine.rows(mixed.select(cut=geometry.intersection(ibis.literal(shapely.to_wkb(edge)), mixed.shape)))
    assert shapely.equals(shapely.from_wkb(row["cut"]), edge)


def test_cutting_an_invalid_shape_stops_the_run(engine: Computing, shapes: ir.Table) -> None:
    bow_tie = shapes.filter(shapes.name == "bow-tie")
    with pytest.raises(STOPPED):
        engine.rows(bow_tie.select(cut=geometry.intersection(bow_tie.shape, geometry.repair(bow_tie.shape))))


def test_comparing_invalid_shapes_gives_an_answer(
    request: pytest.FixtureRequest, engine: Computing, shapes: ir.Table
) -> None:
    differs(request, engine, "spark", "JTS stops at some invalid shapes where GEOS answers", STOPPED)
    some = shapes.filter(shapes.name.isin(list(INVALID)))
    both = some.cross_join(some.rename(other_name="name", other="shape"))
    found = engine.rows(both.select("name", "other_name", **{"is": geometry.contains(both.shape, both.other)}))
    assert len(found) == len(INVALID) ** 2


def test_shapes_are_filtered_grouped_and_summed(engine: Computing, shapes: ir.Table) -> None:
    valid = shapes.filter(geometry.is_valid(shapes.shape) & shapes.name.startswith("square"))
    total = valid.group_by(kind=valid.name == "square metre").agg(total=geometry.area(valid.shape).sum())
    assert {row["kind"]: row["total"] for row in engine.rows(total)} == {False: close(4.36), True: pytest.approx(1e-10)}


def test_shapes_are_not_written_between_operations() -> None:
    expression = SHAPES.select(a=geometry.area(geometry.intersection(SHAPES.shape, geometry.point(111.0, 40.0))))
    assert "wkb" in ibis.to_sql(for_duckdb(expression), dialect="duckdb").lower()
    assert "st_aswkb" not in ibis.to_sql(for_duckdb(expression), dialect="duckdb").lower()


def test_an_operation_that_an_engine_lacks_is_named_when_the_plan_is_built() -> None:
    expression = SHAPES.select("name", why=geometry.validity_reason(SHAPES.shape)).filter(ibis._.why.notnull())
    with pytest.raises(MissingOperationError, match=r"validity_reason .* 'duckdb' .*\. What to do: "):
        for_duckdb(expression)


@pytest.mark.spark
@pytest.mark.parametrize("engine", ["spark"], indirect=True)
def test_spark_says_why_a_shape_is_not_valid(engine: Computing, shapes: ir.Table) -> None:
    found = of_each(engine, shapes.filter(shapes.name == "bow-tie"), geometry.validity_reason)
    assert "Self-intersection" in found["bow-tie"]


def test_what_is_not_put_into_an_engines_words_does_not_run(engine: Computing) -> None:
    with pytest.raises(STOPPED):
        engine.backend.to_pyarrow(one_row(geometry.length(ibis.literal(shapely.to_wkb(shapely.Point(1, 2))))))


def test_an_expression_without_shapes_is_left_as_it_is() -> None:
    expression = SHAPES.filter(SHAPES.name == "square")
    assert for_duckdb(expression) is expression
    assert for_spark(expression) is expression


def test_every_operation_has_words_on_both_engines_or_is_known_not_to() -> None:
    operations = {name: value for name, value in vars(geometry).items() if hasattr(value, "__wrapped__")}
    missing = set()
    for name, operation in operations.items():
        takes = inspect.signature(operation).parameters
        some = {"text": ibis.literal("POINT(1 2)"), "x": ibis.literal(1.0), "y": ibis.literal(2.0)}
        value = operation(*(some.get(parameter, SHAPES.shape) for parameter in takes))
        for words in (for_duckdb, for_spark):
            try:
                words(SHAPES.select(value=value))
            except MissingOperationError:
                missing.add((name, words))
    assert len(operations) == 13
    assert missing == {("validity_reason", for_duckdb)}
