"""Entries of batches wait for each other on the way into the list of batches: none is lost by that, or listed twice."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.lake.lake import Lake
from pipelines.readers import open_delivery
from pipelines.steps import entries as module
from pipelines.steps import ingest
from pipelines.steps.entries import Entries
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import BATCHES, raw_spec
from tests.support.deliveries import Delivered, household
from tests.support.place import Opened, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
MOMENT = datetime.datetime(2026, 3, 1, 8, tzinfo=datetime.UTC)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A lake with two people."""
    found = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    for number in range(2):
        Delivered(SOURCE, f"{number}.csv", [household(number)]).write(found.landing)
    found.run()
    return found


def entry(batch: str, rows: int = 1, **others: Any) -> BatchEntry:
    stated = {"received_at": MOMENT, "bytes": 10, **others}
    plain = dict.fromkeys(("format", "encoding", "delimiter", "header", "sha256"), None)
    names = {"batch": batch, "source": SOURCE, "file": f"{batch}.csv", "rows": rows, "readable": True}
    return BatchEntry(**{**plain, **names, "problems": [], "problems_zh": [], **stated})


def entries_of(at: Opened) -> Entries:
    catalog = at.workspace.catalog
    return Entries(at.workspace.lake, raw_spec(catalog, catalog.contracts[SOURCE]).id)


def listed(lake: Lake) -> list[str]:
    """The batches beside those of the two people, as often as they are listed."""
    rows = lake.engine.rows(lake.read(BATCHES).select("batch"))
    return sorted(row["batch"] for row in rows if not row["batch"].startswith(SOURCE))


def test_what_another_run_has_listed_meanwhile_is_not_listed_again(place: Place) -> None:
    """It saw the rows in raw, without an entry yet, and took them for what a crash had left."""
    with place.opened() as first, place.opened() as second:
        slow, quick = entries_of(first), entries_of(second)
        for batch in ("a", "b", "c"):
            slow.add(entry(batch))
        for batch in ("c", "a"):
            quick.add(entry(batch))
        quick.write()
        second.workspace.lake.release_lease()
        slow.write()
        assert listed(first.workspace.lake) == ["a", "b", "c"]


def test_one_without_rows_does_not_wait(place: Place) -> None:
    """Nothing in raw would tell of it after a crash."""
    with place.opened() as at:
        entries = entries_of(at)
        entries.add(entry("a"))
        assert listed(at.workspace.lake) == []
        entries.add(entry("without_rows", rows=0))
        assert listed(at.workspace.lake) == ["a", "without_rows"]


def test_nor_do_many_or_one_of_a_large_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    with place.opened() as at:
        entries = entries_of(at)
        for batch in ("a", "b", "c"):
            entries.add(entry(batch))
        assert listed(at.workspace.lake) == ["a", "b"]
        entries.add(entry("d", bytes=module.SMALL + 1))
        assert listed(at.workspace.lake) == ["a", "b", "c", "d"]


def test_what_comes_later_is_received_later_though_a_clock_was_set_back(place: Place) -> None:
    ahead = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    with place.opened() as at:
        entries = entries_of(at)
        first = entries.time_of_receipt()
        assert entries.time_of_receipt() > first
        entries.add(entry("mended", received_at=ahead))
        assert entries.time_of_receipt() > ahead
        entries.add(entry("late", received_at=MOMENT))
        assert entries.time_of_receipt() > ahead


def test_a_file_that_stops_the_run_keeps_none_before_it_from_being_listed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2, 6):
        Delivered(SOURCE, f"{number}.csv", [household(number)]).write(place.landing)

    def opened(path: Path, contract: Any) -> Any:
        with path.open(encoding="utf-8") as file:
            if household(4)["姓名"] in file.read():
                raise MemoryError
        return open_delivery(path, contract)

    with monkeypatch.context() as broken:
        broken.setattr(ingest, "open_delivery", opened)
        with pytest.raises(MemoryError):
            place.run()
    with place.opened() as at:
        assert sorted(row["file"] for row in at.rows(BATCHES)) == ["0.csv", "1.csv", "2.csv", "3.csv"]
    place.run()
    with place.opened() as at:
        assert sorted(row["file"] for row in at.rows(BATCHES)) == [f"{number}.csv" for number in range(6)]
        assert len(at.standard(SOURCE)) == 6
