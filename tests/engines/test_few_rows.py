"""Queries of few rows go without DuckDB's optimizer, those of many through it: the lakes are the same."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from pipelines.engines.duckdb import engine as duckdb_engine
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import CONFIRMATIONS, OVERRIDES
from tests.support.covering_deliveries import first_deliveries, later_deliveries, write
from tests.support.covering_project import covering_project
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place
from tests.support.two_engines import run_by_its_own_clock

# Those of the third have tables of few rows beside tables of many.
PLANNINGS = {"by few": duckdb_engine.FEW_ROWS, "by many": -1, "by either": 100}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    """A lake by each way of planning, after a first run and one over what was delivered later."""
    folder = tmp_path_factory.mktemp("planning")
    project = covering_project(folder / "project")
    found = {way: Place(folder, lake_name=way.replace(" ", "_"), project=project) for way in PLANNINGS}
    for hour, deliveries in enumerate((first_deliveries(), later_deliveries())):
        write(deliveries, Place(folder).landing)
        for way, most in PLANNINGS.items():
            with patch.object(duckdb_engine, "FEW_ROWS", most):
                run_by_its_own_clock(found[way], hour)
    return found


def test_lakes_are_the_same_however_their_queries_were_planned(places: dict[str, Place]) -> None:
    with places["by few"].opened() as at, connection() as opened:
        tables = [spec for spec in all_tables(at.workspace) if spec not in (CONFIRMATIONS, OVERRIDES)]
        first, *others = (place.lake for place in places.values())
        found = [differences(opened, spec, first, other) for spec in tables for other in others]
        assert [difference for differing in found for difference in differing] == []
    assert len(tables) > 40


@pytest.mark.parametrize(("most", "is_optimized"), [(3, True), (4, False)])
def test_many_rows_are_not_planned_as_few_are(most: int, is_optimized: bool) -> None:
    """A filter that nothing can pass is gone from an optimized plan."""
    with (
        patch.object(duckdb_engine, "FEW_ROWS", most),
        duckdb_engine.DuckDBEngine("1GB") as engine,
    ):
        rows = engine.materialise(engine.ibis.sql("SELECT unnest([1, 2, 3, 4]) AS number"), "numbers")
        view = engine.view(rows.filter(rows.number > 2), "large")
        plan = engine.connection_for(view).execute(f"EXPLAIN SELECT * FROM {view} WHERE 1 = 0").fetchall()
        assert ("EMPTY_RESULT" in plan[0][1]) is is_optimized
