"""A lake of before, with a table for each city, is carried over: no city has to load its rows a second time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from pipelines.steps import carried_over
from pipelines.steps.return_flow import flows
from pipelines.storage.store import Store
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, death, household, person_id
from tests.support.place import Place
from tests.support.tiny_project import tiny_project
from tests.support.whole_lakes import lake_faults

SOURCE, PERSON = "household_registration", "returns/person/person"
HERE, THERE = CITIES = ("150100", "150400")
PEOPLE = range(6)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Six people, all of one city, in a lake as it is written now."""
    folder = tmp_path_factory.mktemp("carried")
    place = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in PEOPLE]).write(place.landing)
    Delivered("death_registration", "1.csv", [death(5)]).write(place.landing)
    place.run()
    return place


@pytest.fixture
def before(written: Place, tmp_path: Path) -> Place:
    return aged(written, tmp_path / "copy")


def aged(written: Place, folder: Path, **changes: str) -> Place:
    """A copy of the lake as it was written before, with a table for each city, whose commits say also `changes`."""
    shutil.copytree(written.folder, folder)
    place = Place(folder, project=written.project)
    with place.opened() as at:
        returned = [flow.returned.id for flow in flows(at.workspace)]
    for table_id in returned:
        table = DeltaTable(str(place.lake / table_id.path))
        rows, metadata = pa.table(table.to_pyarrow_table()), json.loads(table.history(1)[0]["userMetadata"])
        metadata |= {"key": metadata["key"][1:], **changes}
        for city in CITIES:
            part = place.lake / "returns" / city / "/".join((*table_id.folders, table_id.name))
            properties = CommitProperties(custom_metadata={"userMetadata": json.dumps(metadata)})
            configuration = {"delta.enableChangeDataFeed": "true"}
            of_city = rows.filter(pc.equal(rows["city"], city)).drop_columns(["city"])
            write_deltalake(part, of_city, configuration=configuration, commit_properties=properties)
        shutil.rmtree(place.lake / table_id.path)
    return place


def feed(place: Place, since: int) -> list[tuple[str, str, str]]:
    """What changed of the people after a version: the kind of change, the city, the person."""
    table = DeltaTable(str(place.lake / PERSON))
    found = pa.table(table.load_cdf(starting_version=since + 1, allow_out_of_range=True)).to_pylist()
    return sorted((row["_change_type"], row["city"], row["id_number"]) for row in found)


def first_metadata(place: Place) -> dict[str, Any]:
    """What the first commit of the people says."""
    metadata: dict[str, Any] = json.loads(DeltaTable(str(place.lake / PERSON)).history()[-1]["userMetadata"])
    return metadata


def former(place: Place) -> list[Path]:
    return sorted((place.lake / "returns").glob("15*"))


def move(place: Place) -> None:
    moved = household(4, 户籍地区划代码="150402", 更新时间="2026-06-01 08:00:00")
    Delivered(SOURCE, "2.csv", [moved]).write(place.landing)


def test_every_row_is_there_and_only_what_differs_is_in_the_feed(before: Place, tmp_path: Path) -> None:
    old = {city: str(DeltaTable(str(before.lake / f"returns/{city}/person/person")).metadata().id) for city in CITIES}
    move(before)
    done = {refreshed.table.path: refreshed for refreshed in before.run().refreshed}
    assert (done[PERSON].upserted, done[PERSON].deleted) == (1, 1)
    assert not any(refreshed.reason == "first load" for refreshed in done.values())
    assert feed(before, 0) == [("delete", HERE, person_id(4)), ("insert", THERE, person_id(4))]
    assert first_metadata(before)["carried_over"] == {
        city: {"table": f"returns/{city}/person/person", "table_id": old[city], "version": 0} for city in CITIES
    }
    assert former(before) == []
    assert_equals_a_rebuild(before, tmp_path / "rebuilt")
    assert lake_faults(before.lake, before.landing) == []
    assert not before.run().changed


@pytest.mark.parametrize("changes", [{}, {"declarations": "of before"}], ids=["same", "other declarations"])
def test_no_row_is_written_where_none_differs(written: Place, tmp_path: Path, changes: dict[str, str]) -> None:
    before = aged(written, tmp_path / "copy", **changes)
    assert not any(refreshed.changed for refreshed in before.run().refreshed)
    table = DeltaTable(str(before.lake / PERSON))
    assert table.metadata().partition_columns == ["city"]
    assert table.version() == len(changes), "where the declarations are the same, the watermark is too"
    assert feed(before, 0) == []
    assert not before.run().changed


def test_what_a_crash_interrupts_is_done_by_the_next_run(before: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It dies before the new table is there, and then when one of the old ones is removed and the next one half."""
    remove = Store.remove
    removed: list[str] = []

    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    def removing(store: Store, table: str) -> None:
        if removed:
            (place := store.path / table).rename(place.with_name(f"_{place.name}"))
            raise KeyboardInterrupt
        removed.append(table)
        remove(store, table)

    for owner, name, instead in ((carried_over, "carried_over", dying), (Store, "remove", removing)):
        monkeypatch.setattr(owner, name, instead)
        with pytest.raises(KeyboardInterrupt):
            before.run()
        monkeypatch.undo()
        assert former(before)
    move(before)
    before.run()
    assert former(before) == []
    assert feed(before, 0) == [("delete", HERE, person_id(4)), ("insert", THERE, person_id(4))]


def test_a_city_whose_table_is_gone_gets_its_rows_and_the_others_only_what_differs(before: Place) -> None:
    shutil.rmtree(before.lake / f"returns/{HERE}/person/person")
    move(before)
    before.run()
    kept = {("insert", HERE, person_id(number)) for number in PEOPLE if number != 4}
    assert {*feed(before, 0)} == {*kept, ("insert", THERE, person_id(4))}
    assert [*first_metadata(before)["carried_over"]] == [THERE]


def test_tables_of_before_are_not_told_as_declared_by_nobody(before: Place) -> None:
    done = before.huiliu("status")
    assert done.returncode == 0, done.stderr
    assert "nothing declares" not in done.stdout
    assert f"{HERE}/" not in done.stdout
