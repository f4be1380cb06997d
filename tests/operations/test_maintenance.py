"""Maintenance removes what has expired and puts small files together; for everybody else nothing has happened."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from pipelines.declarations.rule import RECEIVED_AT
from pipelines.engines import delta_files, delta_rs
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.lake.lake import Lake
from pipelines.operations.maintenance import Maintained, maintain, maintain_table
from pipelines.steps.plan import plan
from pipelines.steps.tables import all_tables, integrated_tables, returned_tables, source_tables
from pipelines.storage.store import Store
from pipelines.tables.layout import TableId, quality
from pipelines.tables.specs import RELEASES
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.support.deliveries import cells_of, csv_text, deliver, household, marriage
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place

pytestmark = pytest.mark.whole_lake

NO_TIME = datetime.timedelta()
RAW = TableId("raw", "household_registration")
FILES = 18


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Eighteen deliveries of one person each, so that raw has as many files, and a run over the last one alone."""
    place = Place(tmp_path_factory.mktemp("maintained"))
    for number in range(FILES):
        deliver(place.landing, RAW.name, f"{number:02}.csv", csv_text(cells_of([household(number)])))
    deliver(place.landing, "marriage_registration", "1.csv", csv_text(cells_of([marriage(n) for n in range(3)])))
    place.run()
    deliver(place.landing, RAW.name, "x.csv", csv_text(cells_of([household(1, 更新时间="2026-04-01 08:00:00")])))
    place.run()
    return place


@pytest.fixture
def filled(filled_once: Place, tmp_path: Path) -> Place:
    shutil.copytree(filled_once.folder, tmp_path / "copy")
    return Place(tmp_path / "copy")


def table(place: Place, of: TableId) -> DeltaTable:
    return DeltaTable(str(place.lake / of.path))


def versions(place: Place) -> dict[str, int]:
    with place.opened() as at:
        found = {spec.id.path: at.workspace.lake.delta(spec.id) for spec in all_tables(at.workspace)}
    return {path: delta.version() for path, delta in found.items() if delta}


def maintained(place: Place, retention: datetime.timedelta | None = None) -> dict[str, Maintained]:
    """All tables maintained, with another retention than the setting's where one is given."""
    with place.opened() as at:
        if retention is None:
            return {maintained.table.path: maintained for maintained in maintain(at.workspace)}
        done = [maintain_table(at.workspace.lake, spec.id, retention) for spec in all_tables(at.workspace)]
    return {table.table.path: table for table in done if table}


def rebuilt_differently(place: Place) -> list[str]:
    """What the tables hold otherwise than in a lake that is filled from all deliveries at once."""
    anew = Place(place.folder, lake_name="anew")
    anew.run()
    found = []
    with place.opened() as at, connection() as opened:
        at_stake = [source_tables, integrated_tables, returned_tables]
        for spec in (spec for specs in at_stake for spec in specs(at.workspace)):
            if (anew.lake / spec.id.path).is_dir() or (place.lake / spec.id.path).is_dir():
                found += differences(opened, spec, place.lake, anew.lake, ignored={RECEIVED_AT})
    return found


def test_a_run_after_maintenance_finds_nothing_to_do(filled: Place) -> None:
    before = versions(filled)
    done = maintained(filled)
    assert done[RAW.path].files_before == FILES + 1
    assert done[RAW.path].files == 1
    after = versions(filled)
    assert after[RAW.path] > before[RAW.path]

    run = filled.run()

    assert not run.changed
    assert {refreshed.reason for refreshed in run.refreshed} == {"unchanged"}
    assert versions(filled) == after
    assert not any(table.changed for table in maintained(filled).values()), "nor does the next maintenance"
    assert versions(filled) == after


def test_small_files_are_put_together_within_their_partition(tmp_path: Path) -> None:
    """Many partitions of one small file each are nothing to put together, however many they are."""
    columns = (ColumnSpec("city", "string", "盟市"), ColumnSpec("n", "int64", "数"))
    spec = TableSpec(TableId("returns", "number", ("person",)), "数", "", ("city", "n"), columns, ("city",))
    place = str(tmp_path / spec.id.path)
    cities = [str(code) for code in range(150100, 150100 + FILES)]
    rows = pa.table({"city": cities, "n": [*range(FILES)]})
    with DuckDBEngine("4GB") as engine:
        lake = Lake(Store.at(tmp_path), engine)
        delta_rs.create(place, spec, rows.to_reader(), "{}")
        assert [table.files for table in [maintain_table(lake, spec.id, datetime.timedelta(30))] if table] == [FILES]
        for number in range(FILES):
            delta_rs.append(place, pa.table({"city": cities[:1], "n": [FILES + number]}).to_reader(), "{}")
        done = maintain_table(lake, spec.id, datetime.timedelta(30))
        assert done
        assert (done.files_before, done.files) == (2 * FILES, FILES)
        assert delta_files.rows_by(DeltaTable(place), "city") == {**dict.fromkeys(cities, 1), cities[0]: FILES + 1}
        overwritten = engine.read(place).limit(1)
        engine.overwrite(place, overwritten, spec, "{}")
    assert DeltaTable(place).metadata().partition_columns == ["city"]


def test_within_the_retention_versions_and_changes_stay_readable(filled: Place) -> None:
    standard = TableId("standard", RAW.name)
    before = table(filled, standard)
    version, feed = before.version(), list(before.load_cdf(1))
    rows = {number: DeltaTable(before.table_uri, version=number) for number in range(version + 1)}
    counted = {number: delta_files.row_count(delta) for number, delta in rows.items()}
    assert sum(batch.num_rows for batch in feed) > 0

    maintained(filled)

    after = table(filled, standard)
    assert sum(batch.num_rows for batch in after.load_cdf(1)) == sum(batch.num_rows for batch in feed)
    with connection() as opened:
        for number, count in counted.items():
            found = opened.execute(f"SELECT count(*) FROM delta_scan('{before.table_uri}', version = {number})")
            assert found.fetchall() == [(count,)]


def test_a_refresh_whose_feed_is_gone_says_so_and_is_right(filled: Place) -> None:
    """A run dies between standard and foundation, and before the next one all that had expired is removed."""
    moved = household(4, 户籍地区划代码="150402", 更新时间="2026-05-01 08:00:00")
    gone = household(5, 操作标志="D", 更新时间="2026-05-01 08:00:00")
    deliver(filled.landing, RAW.name, "y.csv", csv_text(cells_of([moved, gone, household(40)])))
    with filled.opened() as at:
        for task in plan(at.workspace):
            if task.step in ("ingest", "standardise"):
                task.work(at.workspace)
    removed = maintained(filled, NO_TIME)["standard/household_registration"].removed
    assert removed > 0

    reasons = {refreshed.table.path: refreshed.reason for refreshed in filled.run().refreshed}

    assert reasons["foundation/person/person"] == "change feed gone"
    assert reasons["standard/household_registration"] == "unchanged"
    assert rebuilt_differently(filled) == []


def test_a_release_names_versions_that_stay_readable(filled: Place) -> None:
    person = TableId("foundation", "person", ("person",))
    # What has been maintained twice, long after the run, has nothing left of the version that the run released.
    delta_rs.compact(table(filled, person), "{}")
    maintained(filled, NO_TIME)
    maintained(filled)
    with filled.opened() as at:
        newest = max(at.rows(RELEASES), key=lambda row: (row["release"], row["table"] == person.path))
    assert newest["table"] == person.path
    assert newest["version"] == table(filled, person).version()


def test_a_table_keeps_what_the_setting_says(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUILIU_RETENTION", "7")
    shutil.rmtree(filled.lake / "returns")
    filled.run()
    assert properties(filled.lake / "returns/person/person") == {"interval 7 days"}, "a table that is created now"
    assert properties(filled.lake / RAW.path) == {"interval 30 days"}
    maintained(filled)
    assert properties(filled.lake / RAW.path) == {"interval 7 days"}, "one that is there"


def properties(of: Path) -> set[str]:
    stored = DeltaTable(str(of)).metadata().configuration
    return {stored["delta.logRetentionDuration"], stored["delta.deletedFileRetentionDuration"]}


def test_what_maintenance_dies_in_is_harmless(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compact", "vacuum", "clean_log"):

        def dying(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(delta_rs, name, dying)
        with filled.opened() as at, pytest.raises(KeyboardInterrupt):
            maintain(at.workspace, [RAW])
        monkeypatch.undo()
    assert {refreshed.reason for refreshed in filled.run().refreshed} == {"unchanged"}


SPEC = TableSpec(quality("read"), "读到哪里", "", (), (ColumnSpec("number", "int64", "数"),))


@pytest.fixture
def lake(tmp_path: Path) -> Any:
    with DuckDBEngine("1GB") as engine:
        yield Lake(Store.at(tmp_path / "lake"), engine)


def append(lake: Lake, number: int) -> bool:
    rows = lake.engine.empty(SPEC)
    return lake.append(SPEC, rows, once=f"batch-{number}", metadata=json.dumps({"reading": number}))


def log_files(lake: Lake) -> list[Path]:
    return sorted((lake.root.path / SPEC.id.path / "_delta_log").glob("*.json"))


def test_what_the_newest_commit_says_and_named_appends_outlive_the_log(lake: Lake) -> None:
    for number in range(12):
        assert append(lake, number)
    maintain_table(lake, SPEC.id, NO_TIME)
    assert len(log_files(lake)) == 1
    state = lake.state(SPEC.id)
    assert state
    assert json.loads(state.metadata or "") == {"reading": 11, "same_as": 11}
    assert state.content == 11
    assert [append(lake, number) for number in (0, 11)] == [False, False]
    assert append(lake, 12)


def test_a_strangers_commit_does_not_hide_what_the_table_says(lake: Lake) -> None:
    for number in range(12):
        append(lake, number)
    delta = lake.delta(SPEC.id)
    assert delta
    delta.alter.set_table_description("described by hand")
    maintain_table(lake, SPEC.id, NO_TIME)
    state = lake.state(SPEC.id)
    assert len(log_files(lake)) == 1
    assert state
    assert json.loads(state.metadata or "")["reading"] == 11


def test_entries_within_the_retention_stay(lake: Lake) -> None:
    for number in range(12):
        append(lake, number)
    delta_rs.stored(lake.uri(SPEC.id)).create_checkpoint()
    old = time.time() - 31 * 86_400
    for path in log_files(lake)[:12]:
        os.utime(path, (old, old))
    for number in range(12, 14):
        append(lake, number)
    maintain_table(lake, SPEC.id, delta_rs.RETENTION)
    kept = [int(path.stem) for path in log_files(lake)]
    assert kept[0] == 11, "the version of the newest expired checkpoint, which the later ones are built on"
    assert 13 in kept
    assert DeltaTable(lake.uri(SPEC.id), version=12).version() == 12


def test_the_command_says_what_it_did(filled: Place) -> None:
    done = filled.huiliu("maintain")
    assert done.returncode == 0, done.stderr
    assert "raw/household_registration" in done.stdout
    assert "30 days" in done.stdout
