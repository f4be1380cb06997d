"""Points in areas: over the real leagues and banners both engines find what Shapely finds, by one spatial join."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyproj
import pytest
import shapely
import yaml
from pyspark.sql import SparkSession

from pipelines.modelling import geometry
from tests.support.boundaries import LEVELS, as_table, boundaries
from tests.support.shapes import ENGINES, Computing, computing

ROOT = Path(__file__).resolve().parents[2]
RANDOM_POINTS = 6000
WGS84 = pyproj.Geod(ellps="WGS84")
NOT_SPATIAL = re.compile("CartesianProduct|BroadcastNestedLoopJoin|NESTED_LOOP_JOIN|CROSS_PRODUCT")


@pytest.fixture(scope="module")
def coordinates() -> list[tuple[float, float]]:
    """Random places in and around the region, then vertices of every banner, then the middles of their edges."""
    rng = random.Random(15)
    scattered = [(rng.uniform(97, 126.2), rng.uniform(37.3, 53.4)) for _ in range(RANDOM_POINTS)]
    vertices, middles = [], []
    for banner in boundaries("banner").values():
        ring = shapely.get_coordinates(banner.geoms[0].exterior).tolist()
        for at in (len(ring) // 3, len(ring) // 2):
            (x, y), (next_x, next_y) = ring[at], ring[at + 1]
            vertices.append((x, y))
            middles.append(((x + next_x) / 2, (y + next_y) / 2))
    return scattered + vertices + middles


def on_borders() -> range:
    return range(RANDOM_POINTS, RANDOM_POINTS + 2 * LEVELS["banner"])


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Computing:
    return computing(request)


@pytest.fixture(scope="module")
def points(engine: Computing, coordinates: list[tuple[float, float]]) -> ir.Table:
    """The places with a number each, and one whose place is not known."""
    x, y = zip(*coordinates, (None, None), strict=True)
    table = engine.table("places", pa.table({"number": range(len(x)), "x": list(x), "y": list(y)}))
    return table.select("number", shape=geometry.point(table.x, table.y))


@pytest.fixture(scope="module")
def areas(engine: Computing) -> dict[str, ir.Table]:
    return {level: engine.table(level, as_table(boundaries(level))) for level in LEVELS}


def found(engine: Computing, points: ir.Table, areas: ir.Table) -> Counter[tuple[int, str]]:
    return Counter((row["number"], row["code"]) for row in engine.rows(geometry.located(points, areas)))


def by_shapely(coordinates: list[tuple[float, float]], level: str) -> Counter[tuple[int, str]]:
    areas = boundaries(level)
    codes = list(areas)
    pairs = shapely.STRtree(list(areas.values())).query(shapely.points(coordinates), predicate="intersects")
    return Counter((int(point), codes[area]) for point, area in pairs.T)


def test_the_boundaries_are_those_of_12_leagues_and_103_banners() -> None:
    leagues, banners = boundaries("league"), boundaries("banner")
    cities = yaml.safe_load((ROOT / "catalog" / "cities.yml").read_text(encoding="utf-8"))
    assert {level: len(boundaries(level)) for level in LEVELS} == LEVELS
    assert set(leagues) == set(cities)
    assert {code[:4] + "00" for code in banners} == set(leagues)
    for code, league in leagues.items():
        own = [banner for banner_code, banner in banners.items() if banner_code[:4] == code[:4]]
        assert sum(banner.area for banner in own) == pytest.approx(league.area, rel=1e-9), code


@pytest.mark.parametrize("level", LEVELS)
def test_points_are_found_as_shapely_finds_them(
    engine: Computing, points: ir.Table, areas: dict[str, ir.Table], coordinates: list[tuple[float, float]], level: str
) -> None:
    wanted = by_shapely(coordinates, level)
    assert len({number for number, _ in wanted if number < RANDOM_POINTS}) > 1500
    assert found(engine, points, areas[level]) == wanted


def test_a_point_in_a_banner_is_in_its_league_and_in_no_other(
    engine: Computing, points: ir.Table, areas: dict[str, ir.Table]
) -> None:
    scattered = points.filter(points.number < RANDOM_POINTS)
    banner = dict(found(engine, scattered, areas["banner"]).keys())
    league = dict(found(engine, scattered, areas["league"]).keys())
    assert {number: code[:4] + "00" for number, code in banner.items()} == league


def test_a_point_on_a_border_is_in_each_area_that_it_bounds(
    engine: Computing, points: ir.Table, areas: dict[str, ir.Table], coordinates: list[tuple[float, float]]
) -> None:
    there = found(engine, points.filter(points.number.isin(list(on_borders()))), areas["banner"])
    banners = boundaries("banner")
    bounded = {
        number: {code for code, banner in banners.items() if banner.touches(shapely.Point(coordinates[number]))}
        for number in on_borders()
    }
    assert there == Counter((number, code) for number, codes in bounded.items() for code in codes)
    assert Counter(len(codes) for codes in bounded.values())[2] > LEVELS["banner"]


def test_what_lies_nowhere_is_left_out(engine: Computing) -> None:
    """A point in no area, an empty one, one that is not known; an area that is empty and one that is not known."""
    at = {1: "POINT(116.4 39.9)", 2: "POINT EMPTY", 3: None, 4: "POINT(111.7 40.8)"}
    places = engine.table("few_places", pa.table({"number": list(at), "text": list(at.values())}))
    some = {"150100": shapely.to_wkt(boundaries("league")["150100"]), "150200": "MULTIPOLYGON EMPTY", "150300": None}
    kept = engine.table("few_areas", pa.table({"code": list(some), "text": list(some.values())}))
    few, areas = (table.mutate(shape=geometry.from_text(table.text)).drop("text") for table in (places, kept))
    assert found(engine, few, areas) == {(4, "150100"): 1}


def test_columns_of_both_come_along_and_may_not_share_a_name() -> None:
    points = ibis.table({"number": "int64", "at": "binary"}, name="points")
    areas = ibis.table({"code": "string", "title": "string", "shape": "binary"}, name="areas")
    assert geometry.located(points, areas, point="at").columns == ("number", "code", "title")
    with pytest.raises(ValueError, match=r"both have \['code'\]"):
        geometry.located(points.rename(code="number"), areas, point="at")


def test_the_region_is_as_large_as_it_is_said_to_be(engine: Computing, areas: dict[str, ir.Table]) -> None:
    leagues = areas["league"]
    measured = leagues.select(
        "code", valid=geometry.is_valid(leagues.shape), m2=geometry.area_on_ellipsoid(leagues.shape)
    )
    rows = engine.rows(measured)
    assert {row["valid"] for row in rows} == {True}
    assert {row["code"]: row["m2"] for row in rows} == {
        code: pytest.approx(abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(area))[0]), rel=1e-9)
        for code, area in boundaries("league").items()
    }
    # 118.3 万平方公里, as the region's government says.
    assert sum(row["m2"] for row in rows) == pytest.approx(1.183e12, rel=0.04)


def test_banners_are_cut_to_the_millimetre(engine: Computing, areas: dict[str, ir.Table]) -> None:
    window = shapely.box(106.1, 39.1, 119.3, 45.7)
    banners = areas["banner"]
    cut = geometry.intersection(banners.shape, ibis.literal(shapely.to_wkb(window)))
    rows = engine.rows(banners.select("code", cut=cut, area=geometry.area(cut)))
    wanted = {code: shapely.intersection(banner, window) for code, banner in boundaries("banner").items()}
    assert {row["code"]: row["area"] for row in rows} == {
        code: pytest.approx(shape.area, rel=1e-9) for code, shape in wanted.items()
    }
    millimetre = 1e-8  # of a degree
    for row in rows:
        # One part may be a polygon or a multipolygon of one.
        made = shapely.multipolygons(shapely.get_parts(shapely.from_wkb(row["cut"])))
        shape = shapely.multipolygons(shapely.get_parts(wanted[row["code"]]))
        assert shapely.equals_exact(made, shape, tolerance=millimetre, normalize=True), row["code"]
    assert len({code for code, shape in wanted.items() if 0 < shape.area < boundaries("banner")[code].area}) > 10


def by_contains(points: ir.Table, areas: ir.Table) -> ir.Table:
    return points.join(areas, geometry.contains(areas.shape, points.shape)).select("number", "code")


JOINS = [geometry.located, by_contains]


@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
@pytest.mark.parametrize("join", JOINS)
def test_duckdb_plans_a_spatial_join(
    engine: Computing, points: ir.Table, areas: dict[str, ir.Table], join: Callable[..., ir.Table]
) -> None:
    ((_, plan),) = engine.backend.raw_sql(f"EXPLAIN {engine.query(join(points, areas['banner']))}").fetchall()
    assert "SPATIAL_JOIN" in plan
    assert not NOT_SPATIAL.search(plan)


@pytest.mark.spark
@pytest.mark.parametrize("engine", ["spark"], indirect=True)
@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize(("broadcast", "planned"), [("10mb", "BroadcastIndexJoin"), ("-1", "RangeJoin")])
def test_spark_plans_a_spatial_join(
    engine: Computing,
    spark_session: SparkSession,
    points: ir.Table,
    areas: dict[str, ir.Table],
    join: Callable[..., ir.Table],
    broadcast: str,
    planned: str,
) -> None:
    setting = "spark.sedona.join.autoBroadcastJoinThreshold"
    spark_session.conf.set(setting, broadcast)
    try:
        query = spark_session.sql(engine.query(join(points, areas["banner"])))
        plan = query._jdf.queryExecution().executedPlan().toString()
    finally:
        spark_session.conf.unset(setting)
    assert planned in plan
    assert not NOT_SPATIAL.search(plan)


@pytest.mark.spark
@pytest.mark.parametrize("engine", ["spark"], indirect=True)
def test_points_are_found_on_many_machines_as_on_one(
    engine: Computing,
    spark_session: SparkSession,
    points: ir.Table,
    areas: dict[str, ir.Table],
    coordinates: list[tuple[float, float]],
) -> None:
    """Where areas are too many to be sent to everyone, points and areas are laid out by place: none may come twice."""
    setting = "spark.sedona.join.autoBroadcastJoinThreshold"
    spark_session.conf.set(setting, "-1")
    try:
        assert found(engine, points, areas["banner"]) == by_shapely(coordinates, "banner")
    finally:
        spark_session.conf.unset(setting)
