"""Backfill: what is declared after a delivery holds, in the end, what it would hold had it been declared before."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.backfill import Backfilled, NothingToBackfillError, backfill
from pipelines.steps.tables import integrated_tables, returned_tables, source_tables
from tests.support.deliveries import cells_of, csv_text, deliver, marriage
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place, copied_project

pytestmark = pytest.mark.whole_lake

SOURCE = "marriage_registration"
REMARKS = ["补录", "更正"]


@pytest.fixture(scope="module")
def declared_late(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake that a run has filled, and another run after a column was declared that the files had all along."""
    folder = tmp_path_factory.mktemp("backfill")
    before = Place(folder)
    for number, remark in enumerate(REMARKS):
        rows = [marriage(number, 备注=remark), marriage(number + 10, 备注="")]
        deliver(before.landing, SOURCE, f"{number}.csv", csv_text(cells_of(rows)))
    deliver(before.landing, SOURCE, "z.csv", csv_text(cells_of([marriage(20)])))
    deliver(before.landing, SOURCE, "broken.csv", "什么\n都不是\n")
    before.run()
    project = copied_project(folder / "project")
    contract = project / f"foundation_dbs/person/sources/{SOURCE}.yml"
    declared = contract.read_text(encoding="utf-8")
    contract.write_text(
        declared.replace("  更新时间: {", "  备注: {name: remark, element: text}\n  更新时间: {"), encoding="utf-8"
    )
    after = Place(folder, project=project)
    after.run()
    return after


@pytest.fixture
def late(declared_late: Place, tmp_path: Path) -> Place:
    shutil.copytree(declared_late.folder, tmp_path / "copy")
    return Place(tmp_path / "copy", project=declared_late.project)


def today() -> datetime.date:
    return datetime.datetime.now(PEOPLE_TIME).date()


def backfilled(place: Place, first: datetime.date | None = None, last: datetime.date | None = None) -> Backfilled:
    with place.opened() as at:
        contract = at.workspace.catalog.contracts[SOURCE]
        # The lake may have been filled before midnight.
        return backfill(at.workspace, contract, first or today() - datetime.timedelta(1), last or today())


def raw(place: Place) -> list[dict[str, Any]]:
    with place.opened() as at:
        return at.raw(SOURCE)


def version(place: Place) -> int:
    return DeltaTable(str(place.lake / "raw" / SOURCE)).version()


def test_a_column_declared_late_is_as_if_it_had_been_declared_before(late: Place) -> None:
    assert {row["remark"] for row in raw(late)} == {None}

    done = backfilled(late)

    assert sorted(done.changed.values()) == [2, 2], "the file without the column says nothing new"
    assert len(done.batches) == 3
    assert done.problems == []
    assert {row["remark"] for row in raw(late) if row["remark"]} == set(REMARKS)
    assert all("备注" not in (row["_extra"] or "") for row in raw(late))
    reasons = {refreshed.table.path: refreshed.reason for refreshed in late.run().refreshed}
    assert reasons[f"standard/{SOURCE}"] == "inputs changed"
    with late.opened() as at:
        assert set(REMARKS) <= {row["remark"] for row in at.standard(SOURCE)}
    anew = Place(late.folder, project=late.project, lake_name="anew")
    anew.run()
    found = []
    with late.opened() as at, connection() as opened:
        for specs in (source_tables, integrated_tables, returned_tables):
            for spec in specs(at.workspace):
                if (anew.lake / spec.id.path).is_dir() or (late.lake / spec.id.path).is_dir():
                    found += differences(opened, spec, late.lake, anew.lake, ignored={RECEIVED_AT})
    assert found == []


def test_a_second_backfill_finds_nothing(late: Place) -> None:
    """One that died after its first batch does the others when it is called again."""
    assert len(backfilled(late).changed) == 2
    before = version(late)
    assert backfilled(late).changed == {}
    assert version(late) == before


def test_a_backfill_that_dies_is_finished_by_the_next_one(late: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.engines.duckdb.engine import DuckDBEngine

    merge, calls = DuckDBEngine.merge, []

    def dying(self: DuckDBEngine, merges: Any) -> None:
        calls.append(merges)
        if len(calls) == 2:
            raise KeyboardInterrupt
        merge(self, merges)

    monkeypatch.setattr(DuckDBEngine, "merge", dying)
    with pytest.raises(KeyboardInterrupt):
        backfilled(late)
    monkeypatch.undo()
    assert len(backfilled(late).changed) == 1
    places = [(row[BATCH], row[ROW_NUMBER]) for row in raw(late)]
    assert len(places) == len(set(places)) == 5


def test_rows_keep_when_they_were_received(late: Place) -> None:
    before = {(row[BATCH], row[ROW_NUMBER], row[RECEIVED_AT]) for row in raw(late)}
    backfilled(late)
    assert {(row[BATCH], row[ROW_NUMBER], row[RECEIVED_AT]) for row in raw(late)} == before


def test_days_on_which_nothing_came_are_an_error(late: Place) -> None:
    day = datetime.date(2001, 1, 1)
    with pytest.raises(NothingToBackfillError, match=f"no file from {day} to {day}: batches came from"):
        backfilled(late, day, day)
    with pytest.raises(NothingToBackfillError, match="write the earlier day as --from"):
        backfilled(late, today(), day)


def test_the_command_tells_what_is_missing_and_goes_on(late: Place) -> None:
    with late.opened() as at:
        first = min((row for row in at.raw(SOURCE) if row["_extra"]), key=lambda row: str(row[BATCH]))[BATCH]
    prefix = first.removeprefix(f"{SOURCE}-")
    next((late.lake / "raw/_files").glob(f"{prefix}*")).unlink()
    since = str(today() - datetime.timedelta(1))
    done = late.huiliu("backfill", SOURCE, "--from", since)
    assert done.returncode == 1, done.stderr
    output = " ".join(done.stdout.split())
    assert "the kept original is gone" in output
    assert "2 batches read again, 2 rows changed" in output

    done = late.huiliu("backfill", "no_such_source", "--from", since)
    assert done.returncode == 2
    assert "there is no source no_such_source; there are: " in done.stderr
    assert SOURCE in done.stderr
