"""Both engines make the same lake of the same deliveries, and each goes on with what the other wrote.

Every table that is declared takes part: there is no list of tables here.
"""

from __future__ import annotations

import datetime
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipelines.lake import clock
from pipelines.lake.table import TableSpec
from pipelines.settings import Settings
from pipelines.steps.plan import declared_workspace
from pipelines.steps.run import Run
from pipelines.steps.tables import all_tables
from simulation import simulate
from tests.conftest import Place
from tests.lakes_compared import connection, differences

pytestmark = pytest.mark.spark

SEED = 21
TABLES = all_tables(declared_workspace(Settings()))


@dataclass(frozen=True)
class Lakes:
    """Lakes of one landing: built whole by one engine, and gone on with by either one after further deliveries."""

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
    for run in lakes.runs.values():
        assert run.changed
        assert {one.reason for one in run.refreshed} <= {"inputs changed", "unchanged"}


def test_what_one_engine_built_is_current_for_the_other(lakes: Lakes) -> None:
    assert not lakes.gone_on["duckdb", "spark"].run().changed


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


def test_columns_keep_their_titles(lakes: Lakes) -> None:
    for table in TABLES:
        stored = DeltaTable(str(lakes.built["spark"].lake / table.id.path)).schema()
        assert {one.name: one.metadata["comment"] for one in stored.fields} == {
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
    for place in places.values():
        _run(place)
    for path, held in later.items():
        shutil.move(held, path)
    gone_on, runs = {}, {}
    for first, then in (("duckdb", "duckdb"), ("duckdb", "spark"), ("spark", "duckdb")):
        place = Place(folder, lake_name=f"{first}_then_{then}", engine=then)
        shutil.copytree(places[first].lake, place.lake)
        gone_on[first, then], runs[first, then] = place, _run(place, hour=1)
    return Lakes(places, gone_on, runs)


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
    """A run whose clock shows the same times whichever engine runs."""
    started = datetime.datetime(2026, 11, 20, 8 + hour, tzinfo=datetime.UTC)
    ticks = itertools.count()
    with patch.object(clock, "now", lambda: started + datetime.timedelta(seconds=next(ticks))):
        return place.run()
