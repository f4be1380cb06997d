"""Both engines make the same lake of the same deliveries, and each goes on with what the other wrote.

Every table that is declared takes part: there is no list of tables here.
"""

from __future__ import annotations

import collections
import datetime
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import duckdb
import ibis.expr.types as ir
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipelines import clock
from pipelines.engines.spark.engine import SparkEngine
from pipelines.project.workspace import open_project
from pipelines.reports.site import build_report
from pipelines.settings import Settings
from pipelines.steps.run import Run, run
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import BATCHES, CONFIRMATIONS, RULE_RESULTS
from pipelines.tables.table import TableSpec
from simulation import simulate
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place

pytestmark = pytest.mark.spark

SEED = 21
# Nobody has to confirm anything on this way.
TABLES = [spec for spec in all_tables(open_project(Settings())) if spec != CONFIRMATIONS]


@dataclass
class Observed:
    """What Spark was asked during a run: the physical plan of each query, and how many rows each `rows` fetched."""

    plans: list[str] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)


@contextmanager
def observed(session: SparkSession, found: Observed) -> Iterator[None]:
    java = session._jsparkSession
    queries = java.sharedState().statusStore()
    before = {queries.executionsList().apply(n).executionId() for n in range(queries.executionsList().size())}
    fetch = SparkEngine.rows

    def fetching(engine: SparkEngine, expression: ir.Table) -> list[dict[str, Any]]:
        found.fetched.append(len(rows := fetch(engine, expression)))
        return rows

    with patch.object(SparkEngine, "rows", fetching):
        yield
    java.sparkContext().listenerBus().waitUntilEmpty()
    done = queries.executionsList()
    for query in (done.apply(n) for n in range(done.size())):
        # One that the store has let go of comes back empty when its end is told late.
        if query.executionId() not in before and (plan := query.physicalPlanDescription()):
            found.plans.append(plan)


@dataclass(frozen=True)
class Lakes:
    """Lakes of one landing: built whole by one engine, and gone on with by either one after further deliveries."""

    by_spark: Observed
    built: dict[str, Place]
    gone_on: dict[tuple[str, str], Place]
    runs: dict[tuple[str, str], Run]


def test_every_table_is_the_same_on_both_engines(
    lakes: Lakes, compared: duckdb.DuckDBPyConnection, table: TableSpec
) -> None:
    assert differences(compared, table, lakes.built["duckdb"].lake, lakes.built["spark"].lake) == []


def test_either_engine_goes_on_with_what_the_other_wrote(
    lakes: Lakes, compared: duckdb.DuckDBPyConnection, table: TableSpec
) -> None:
    undisturbed = lakes.gone_on["duckdb", "duckdb"].lake
    for engines in (("duckdb", "spark"), ("spark", "duckdb")):
        assert differences(compared, table, undisturbed, lakes.gone_on[engines].lake) == []


def test_going_on_refreshes_and_rebuilds_nothing(lakes: Lakes) -> None:
    for done in lakes.runs.values():
        assert done.changed
        assert {refreshed.reason for refreshed in done.refreshed} == {"inputs changed", "unchanged"}


def test_what_one_engine_built_is_current_for_the_other(lakes: Lakes) -> None:
    assert not lakes.gone_on["duckdb", "spark"].run().changed


def test_transformations_stay_in_spark(lakes: Lakes) -> None:
    """Every query of a whole run: no Python in a plan, no product of two tables."""
    assert len(lakes.by_spark.plans) > 100
    for plan in lakes.by_spark.plans:
        assert "Python" not in plan
        assert "Pandas" not in plan
        assert "InArrow" not in plan
        assert "CartesianProduct" not in plan


def test_no_rows_of_the_data_reach_the_driver(lakes: Lakes) -> None:
    """What steps fetch are counts and verdicts: for each table, or each rule and batch of a source, at most one."""
    with lakes.built["duckdb"].opened() as at:
        results = collections.Counter(row["source"] for row in at.rows(RULE_RESULTS))
        delivered = sum(batch["rows"] for batch in at.rows(BATCHES))
    most = max(len(TABLES), *results.values())
    assert max(lakes.by_spark.fetched) <= most
    assert most < delivered / 5, "a bound that rows of the data would break"


def test_every_commit_of_the_spark_lake_is_sparks_own(lakes: Lakes) -> None:
    engines = {
        str(commit.get("engineInfo"))
        for table in TABLES
        for commit in DeltaTable(str(lakes.built["spark"].lake / table.id.path)).history()
    }
    assert engines
    assert all(engine.startswith("Apache-Spark/4.") for engine in engines)


def test_every_reader_can_read_what_spark_writes(lakes: Lakes) -> None:
    """No deletion vectors, no column mapping: reader version 1 (DESIGN §2)."""
    for table in TABLES:
        protocol = DeltaTable(str(lakes.built["spark"].lake / table.id.path)).protocol()
        assert protocol.min_reader_version == 1, table.id


def test_both_engines_offer_the_same_rows_as_csv(lakes: Lakes, tmp_path: Path) -> None:
    offered = {}
    for engine, place in lakes.built.items():
        with place.opened() as at:
            site = build_report(at.workspace, tmp_path / engine).parent
        offered[engine] = {path.relative_to(site): path.read_bytes() for path in site.rglob("*.csv")}
    assert len(offered["duckdb"]) > 10
    assert offered["spark"] == offered["duckdb"]


def test_columns_keep_their_titles(lakes: Lakes) -> None:
    for table in TABLES:
        stored = DeltaTable(str(lakes.built["spark"].lake / table.id.path)).schema()
        assert {field.name: field.metadata["comment"] for field in stored.fields} == {
            column.name: column.title for column in table.columns
        }


@pytest.fixture(scope="module", params=TABLES, ids=lambda table: str(table.id))
def table(request: pytest.FixtureRequest) -> TableSpec:
    return request.param


@pytest.fixture(scope="module")
def compared() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory, spark_session: SparkSession) -> Lakes:
    folder = tmp_path_factory.mktemp("parity")
    simulate(500, SEED, folder)
    later = _hold_back(folder)
    places = {name: Place(folder, lake_name=f"built_by_{name}", engine=name) for name in ("duckdb", "spark")}
    by_spark = Observed()
    _run(places["duckdb"])
    with observed(spark_session, by_spark):
        _run(places["spark"])
    for path, held in later.items():
        shutil.move(held, path)
    gone_on: dict[tuple[str, str], Place] = {}
    runs: dict[tuple[str, str], Run] = {}
    then: Literal["duckdb", "spark"]
    for first, then in (("duckdb", "duckdb"), ("duckdb", "spark"), ("spark", "duckdb")):
        place = Place(folder, lake_name=f"{first}_then_{then}", engine=then)
        shutil.copytree(places[first].lake, place.lake)
        gone_on[first, then], runs[first, then] = place, _run(place, hour=1)
    return Lakes(by_spark, places, gone_on, runs)


def _hold_back(folder: Path) -> dict[Path, Path]:
    """Take each source's newest file out of landing, to be delivered later: place in landing → where it waits."""
    waiting = folder / "waiting"
    later = {}
    for source in sorted((folder / "landing").iterdir()):
        *before, last = sorted(source.iterdir())
        if before:
            later[last] = waiting / source.name / last.name
            later[last].parent.mkdir(parents=True)
            shutil.move(last, later[last])
    assert later
    return later


def _run(place: Place, hour: int = 0) -> Run:
    """A run whose clock shows the same times whichever engine runs: they follow the order in which files are read."""
    started = datetime.datetime(2026, 11, 20, 8 + hour, tzinfo=datetime.UTC)
    ticks = itertools.count()
    ticking = patch.object(clock, "now", lambda: started + datetime.timedelta(seconds=next(ticks)))
    with ticking, place.opened() as at:
        at.workspace.lake.engine.readers = 1
        return run(at.workspace)
