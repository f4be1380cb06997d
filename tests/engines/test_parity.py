"""Both engines make the same lake of the same deliveries, and each goes on with what the other wrote.

The project is a small one in which every kind of thing that can be declared is. Every table of it takes part: there is
no list of tables here. `make parity` does the same over all that is really declared.
"""

from __future__ import annotations

import collections
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import ibis.expr.types as ir
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipelines.engines.spark.engine import SparkEngine
from pipelines.project.workspace import open_project
from pipelines.reports.site import build_report
from pipelines.settings import Settings
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import BATCHES, CONFIRMATIONS, OVERRIDES, RULE_RESULTS
from pipelines.tables.table import TableSpec
from tests.support.covering_deliveries import first_deliveries, later_deliveries, write
from tests.support.covering_project import covering_project
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place
from tests.support.two_engines import CROSSED, UNDISTURBED, Lakes, lakes_of_both

pytestmark = pytest.mark.spark


def _declared_tables() -> list[TableSpec]:
    with tempfile.TemporaryDirectory() as folder:
        project = open_project(Settings(project=covering_project(Path(folder))))
        # Nobody has to confirm anything on this way.
        return [spec for spec in all_tables(project) if spec not in (CONFIRMATIONS, OVERRIDES)]


TABLES = _declared_tables()


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
class Watched(Lakes):
    """The lakes of both engines, and what Spark was asked while it built its own."""

    by_spark: Observed = field(default_factory=Observed)


def test_every_table_is_the_same_on_both_engines(
    lakes: Watched, compared: duckdb.DuckDBPyConnection, table: TableSpec
) -> None:
    assert differences(compared, table, lakes.built["duckdb"].lake, lakes.built["spark"].lake) == []


def test_either_engine_goes_on_with_what_the_other_wrote(
    lakes: Watched, compared: duckdb.DuckDBPyConnection, table: TableSpec
) -> None:
    undisturbed = lakes.gone_on[UNDISTURBED].lake
    for engines in CROSSED:
        assert differences(compared, table, undisturbed, lakes.gone_on[engines].lake) == []


def test_going_on_refreshes_and_rebuilds_nothing(lakes: Watched) -> None:
    for done in lakes.runs.values():
        assert done.changed
        assert {refreshed.reason for refreshed in done.refreshed} == {"inputs changed", "unchanged"}


def test_what_one_engine_built_is_current_for_the_other(lakes: Watched) -> None:
    assert not lakes.gone_on["duckdb", "spark"].run().changed


def test_transformations_stay_in_spark(lakes: Watched) -> None:
    """Every query of a whole run: no Python in a plan, no product of two tables."""
    assert len(lakes.by_spark.plans) > 100
    for plan in lakes.by_spark.plans:
        assert "Python" not in plan
        assert "Pandas" not in plan
        assert "InArrow" not in plan
        assert "CartesianProduct" not in plan


def test_no_rows_of_the_data_reach_the_driver(lakes: Watched) -> None:
    """What steps fetch are counts and verdicts: for each table, or each rule and batch of a source, at most one."""
    with lakes.built["duckdb"].opened() as at:
        results = collections.Counter(row["source"] for row in at.rows(RULE_RESULTS))
        delivered = sum(batch["rows"] for batch in at.rows(BATCHES))
    most = max(len(TABLES), *results.values())
    assert max(lakes.by_spark.fetched) <= most
    assert most < delivered / 5, "a bound that rows of the data would break"


def test_every_commit_of_the_spark_lake_is_sparks_own(lakes: Watched) -> None:
    engines = {
        str(commit.get("engineInfo"))
        for table in TABLES
        for commit in DeltaTable(str(lakes.built["spark"].lake / table.id.path)).history()
    }
    assert engines
    assert all(engine.startswith("Apache-Spark/4.") for engine in engines)


def test_every_reader_can_read_what_spark_writes(lakes: Watched) -> None:
    """No deletion vectors, no column mapping: reader version 1 (DESIGN §2)."""
    for table in TABLES:
        protocol = DeltaTable(str(lakes.built["spark"].lake / table.id.path)).protocol()
        assert protocol.min_reader_version == 1, table.id


def test_both_engines_offer_the_same_rows_as_csv(lakes: Watched, tmp_path: Path) -> None:
    offered = {}
    for engine, place in lakes.built.items():
        with place.opened() as at:
            site = build_report(at.workspace, tmp_path / engine).parent
        offered[engine] = {path.relative_to(site): path.read_bytes() for path in site.rglob("*.csv")}
    assert len(offered["duckdb"]) > 10
    assert offered["spark"] == offered["duckdb"]


def test_columns_keep_their_titles(lakes: Watched) -> None:
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
def lakes(tmp_path_factory: pytest.TempPathFactory, spark_session: SparkSession) -> Watched:
    folder = tmp_path_factory.mktemp("parity")
    project = covering_project(folder / "project")
    landing = Place(folder).landing
    write(first_deliveries(), landing)
    by_spark = Observed()
    while_spark_builds = observed(spark_session, by_spark)
    built = lakes_of_both(folder, lambda: write(later_deliveries(), landing), project, while_spark_builds)
    return Watched(**vars(built), by_spark=by_spark)
