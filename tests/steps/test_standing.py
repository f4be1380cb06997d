"""Which row stands for a key: corrections, late and withdrawn rows, snapshots, and what a refresh leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from deltalake import DeltaTable

from pipelines.declarations.reading import DeclarationError
from pipelines.lake import refresh
from pipelines.lake.lake import Lake
from pipelines.project.workspace import open_project
from pipelines.steps.plan import plan
from pipelines.tables.specs import BATCHES, withdrawn_spec
from pipelines.tables.table import TableSpec
from tests.support.deliveries import Delivered, Row, cells_of, csv_text, deliver, household, name_of, person_id
from tests.support.ground_project import VENUE
from tests.support.place import Opened, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Ten people; one of the eleven rows has an id that cannot be read. Venues come as snapshots."""
    folder = tmp_path_factory.mktemp("standing")
    project = tiny_project(folder / "project")
    (project / "foundation_dbs/person/sources/venue.yml").write_text(VENUE, encoding="utf-8")
    found = Place(folder, project=project)
    people = [household(number) for number in range(10)]
    Delivered(SOURCE, "1.csv", [*people, household(10, 出生日期="2999-01-01")]).write(found.landing)
    Delivered("venue", "1.csv", [venue(0), venue(1), venue(2)]).write(found.landing)
    found.run()
    return found


def venue(number: int, **cells: str) -> Row:
    return {
        "场所编号": f"V150102{number:06d}",
        "负责人": name_of(number),
        "位置": f"POINT ({number} 0)",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def withdrawn(at: Opened, source: str) -> list[dict[str, Any]]:
    return at.rows(withdrawn_spec(at.workspace.catalog, at.workspace.catalog.contracts[source]))


def numbers(rows: list[dict[str, Any]], column: str) -> list[str]:
    return sorted(row[column] for row in rows)


def deliver_and_run(place: Place, file: str, *rows: Row, source: str = SOURCE) -> None:
    Delivered(source, file, rows).write(place.landing)
    place.run()


def test_a_row_leaves_quarantine_when_a_later_delivery_corrects_it(place: Place) -> None:
    with place.opened() as at:
        (broken,) = at.quarantine(SOURCE)
    assert broken["id_number"] == person_id(10)
    deliver_and_run(place, "correction.csv", household(10, 更新时间="2026-03-02 08:00:00"))
    with place.opened() as at:
        assert at.quarantine(SOURCE) == []
        assert person_id(10) in numbers(at.standard(SOURCE), "id_number")
        assert len(at.raw(SOURCE)) == 12, "raw keeps both"


def test_an_older_row_that_comes_late_does_not_bring_a_deleted_one_back(place: Place) -> None:
    deliver_and_run(place, "deleted.csv", household(1, 更新时间="2026-04-01 08:00:00", 操作标志="D"))
    deliver_and_run(place, "late.csv", household(1, 更新时间="2026-03-20 08:00:00", 操作标志=""))
    with place.opened() as at:
        assert person_id(1) not in numbers(at.standard(SOURCE), "id_number")
        assert numbers(withdrawn(at, SOURCE), "id_number") == [person_id(1)]
    deliver_and_run(place, "newer.csv", household(1, 更新时间="2026-05-01 08:00:00", 操作标志=""))
    with place.opened() as at:
        assert person_id(1) in numbers(at.standard(SOURCE), "id_number")
        assert withdrawn(at, SOURCE) == []


def test_what_a_snapshot_no_longer_holds_is_withdrawn(place: Place) -> None:
    """A row that is there and cannot be accepted keeps the key's last good row."""
    deliver_and_run(place, "2.csv", venue(0), venue(2, 位置=""), *map(venue, (3, 4, 5)), source="venue")
    with place.opened() as at:
        standing = {row["venue_number"]: row["place"] for row in at.standard("venue")}
        assert standing == {venue(n)["场所编号"]: f"POINT ({n} 0)" for n in (0, 2, 3, 4, 5)}
        assert numbers(withdrawn(at, "venue"), "venue_number") == [venue(1)["场所编号"]]
    deliver_and_run(place, "3.csv", venue(1, 更新时间="2026-02-01 08:00:00"), source="venue")
    with place.opened() as at:
        assert numbers(at.standard("venue"), "venue_number") == [venue(1)["场所编号"]], "the newest snapshot counts"


def test_a_damaged_row_of_a_snapshot_keeps_the_last_good_one(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    (project / "foundation_dbs/person/sources/venue.yml").write_text(VENUE, encoding="utf-8")
    place = Place(tmp_path, project=project)
    deliver_and_run(place, "1.csv", *map(venue, range(3)), source="venue")
    text = csv_text(cells_of([venue(0), venue(1)])).rstrip("\n") + ",surplus\n"
    deliver(place.landing, "venue", "2.csv", text)
    place.run()
    with place.opened() as at:
        assert numbers(at.standard("venue"), "venue_number") == [venue(n)["场所编号"] for n in (0, 1)]
        assert numbers(withdrawn(at, "venue"), "venue_number") == [venue(2)["场所编号"]]
        assert [row["_rules"] for row in at.quarantine("venue")] == [["row.ragged"]]


def test_a_row_whose_version_was_lost_waits_for_its_next_good_row(place: Place) -> None:
    """It may be of any age, whatever the time of its receipt; not so one that never had a version."""
    header, first = csv_text(cells_of([household(n) for n in (30,)])).splitlines()
    short = household(31)
    unread = [household(32, 更新时间="no time"), household(33, 姓名="", 更新时间="")]
    lines = [header, first, ",".join(list(short.values())[:5]), *csv_text(cells_of(unread)).splitlines()[1:]]
    deliver(place.landing, SOURCE, "lost.csv", "\n".join(lines) + "\n")
    place.run()
    ids = [person_id(number) for number in (31, 32, 33)]
    with place.opened() as at:
        assert {row["id_number"] for row in at.quarantine(SOURCE)} & {*ids} == {*ids}
    deliver_and_run(place, "found.csv", *(household(number) for number in (31, 32, 33)))
    with place.opened() as at:
        assert {row["id_number"] for row in at.quarantine(SOURCE)} & {*ids} == {ids[2]}
        assert {*ids} <= {*numbers(at.standard(SOURCE), "id_number")}


def test_news_of_one_person_touch_that_person_alone(place: Place) -> None:
    """No other row is written anew; what is made of them and stays as it is has an empty feed, the rest no commit."""
    tables = ["standard/household_registration", "foundation/person/person", "returns/person/person"]
    same, idle = ["returns/person/finding"], ["standard/venue"]
    before = {path: DeltaTable(str(place.lake / path)).version() for path in [*tables, *same, *idle]}
    Delivered(SOURCE, "moved.csv", [household(5, 户籍地区划代码="150105", 更新时间="2026-06-01 08:00:00")]).write(
        place.landing
    )
    done = {refreshed.table.path: refreshed for refreshed in place.run().refreshed}
    for path in [*tables, *same]:
        feed = DeltaTable(str(place.lake / path)).load_cdf(starting_version=before[path] + 1)
        kinds = sorted(kind.as_py() for batch in feed for kind in batch["_change_type"])
        assert kinds == (["update_postimage", "update_preimage"] if path in tables else []), path
        assert done[path].keys == 1
    for path in idle:
        assert DeltaTable(str(place.lake / path)).version() == before[path], path


@pytest.mark.parametrize(
    ("affected", "message"),
    [
        ('{"households": "id_number"}', "affected: households is no input; there are person"),
        ('{"person": "holder_id"}', "affected: person has no column holder_id; there are id_number, "),
    ],
)
def test_a_way_from_an_input_that_is_not_there_is_told(
    place: Place, tmp_path: Path, affected: str, message: str
) -> None:
    project = tiny_project(tmp_path / "project")
    path = project / "foundation_dbs/person/born.py"
    path.write_text(
        "import ibis.expr.types as ir\n\nfrom pipelines.modelling import model\n\n\n"
        f'@model(title="出生", key="id_number", affected={affected})\n'
        'def born(person: ir.Table) -> ir.Table:\n    """Births."""\n'
        '    return person.select("id_number", "birth_date")\n',
        encoding="utf-8",
    )
    with place.opened() as at:
        settings = at.workspace.settings.model_copy(update={"project": project})
    with pytest.raises(DeclarationError) as error:
        plan(open_project(settings))
    assert message in str(error.value)
    assert "born.py" in str(error.value)


def test_a_run_says_why_tables_are_computed_as_a_whole(place: Place) -> None:
    contract = place.project / "foundation_dbs/person/sources/household_registration.yml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("update: daily", "update: weekly"), "utf-8")
    done = place.huiliu("run")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("declarations changed:")]
    assert "standard/household_registration" in line
    assert line.endswith("0 rows differ")


def test_a_batch_that_a_crash_left_without_its_entry_is_entered_though_its_file_is_gone(place: Place) -> None:
    path = Delivered(SOURCE, "taken_away.csv", [household(20)]).write(place.landing)
    kept = Lake.append_rows

    def killed(lake: Lake, spec: TableSpec, rows: list[dict[str, Any]], once: str) -> bool:
        if spec.id == BATCHES.id:
            raise KeyboardInterrupt
        return kept(lake, spec, rows, once)

    with patch.object(Lake, "append_rows", killed), pytest.raises(KeyboardInterrupt):
        place.run()
    path.unlink()
    place.run()
    with place.opened() as at:
        (entry,) = [row for row in at.rows(BATCHES) if row["file"] == "taken_away.csv"]
        (row,) = [row for row in at.raw(SOURCE) if row["_batch"] == entry["batch"]]
        assert row["_received_at"] == entry["received_at"]
        assert entry["rows"] == 1
        assert person_id(20) in numbers(at.standard(SOURCE), "id_number")


def test_few_news_compute_few_rows_of_a_table_that_holds_fewer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is how many rows are read for all keys: those withdrawn are few, those that stand are not."""
    monkeypatch.setattr(refresh, "LOOKUP_KEYS", 0)
    Delivered(SOURCE, "gone.csv", [household(6, 更新时间="2026-07-01 08:00:00", 操作标志="D")]).write(place.landing)
    done = {refreshed.table.path: refreshed for refreshed in place.run().refreshed}
    assert done["withdrawn/household_registration"].keys == done["standard/household_registration"].keys == 1
    assert done["foundation/person/conflict"].keys == 1
