"""The status says where every table stands and what waits for it, and leaves the lake as it is."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.operations.due import next_due
from pipelines.operations.status import TableStatus, status
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.plan import plan
from pipelines.steps.task import Step
from tests.support.deliveries import cells_of, csv_text, deliver, household, marriage
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

pytestmark = pytest.mark.whole_lake

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("status"))
    deliver(place.landing, SOURCE, "1.csv", csv_text(cells_of([household(n) for n in range(4)])))
    place.run()
    return place


@pytest.fixture
def filled(run_once: Place, tmp_path: Path) -> Place:
    shutil.copytree(run_once.folder, tmp_path / "copy")
    return Place(tmp_path / "copy")


def of(place: Place) -> dict[str, TableStatus]:
    with place.opened() as at:
        return {table.table.path: table for table in status(at.workspace)}


def test_after_a_run_nothing_waits(filled: Place) -> None:
    found = of(filled)
    standard = found[f"standard/{SOURCE}"]
    assert standard.rows == 4
    assert standard.refreshed_at
    assert [consumed.table for consumed in standard.inputs] == [f"raw/{SOURCE}", f"quality/batch_verdict[{SOURCE}]"]
    assert not any(given.is_behind for table in found.values() for given in table.inputs)
    assert {(table.files, table.unjudged, table.held, table.rows_pending) for table in found.values()} == {(0, 0, 0, 0)}
    assert found["raw/marriage_registration"].version is None, "nothing has come, and nothing is overdue"
    assert not found["raw/marriage_registration"].overdue


def test_what_waits_is_counted_where_it_waits(filled: Place) -> None:
    moved = [household(n, 更新时间="2026-04-01 08:00:00", 住址="别处") for n in (0, 1)]
    deliver(filled.landing, SOURCE, "2.csv", csv_text(cells_of([*moved, household(7)])))
    shutil.copyfile(filled.landing / SOURCE / "1.csv", filled.landing / SOURCE / "copy.csv")
    assert of(filled)[f"raw/{SOURCE}"].files == 1, "a renamed copy is known"

    with filled.opened() as at:
        tasks = {(task.step, task.name): task for task in plan(at.workspace)}
        tasks[Step.INGEST, SOURCE].work(at.workspace)
    found = of(filled)
    assert found[f"raw/{SOURCE}"].files == 0
    assert found[f"standard/{SOURCE}"].unjudged == 1
    assert found[f"standard/{SOURCE}"].rows_pending == 3
    lag = found[f"standard/{SOURCE}"].lag
    assert lag
    assert lag > datetime.timedelta()

    with filled.opened() as at:
        tasks[Step.STANDARDISE, SOURCE].work(at.workspace)
    found = of(filled)
    assert (found[f"standard/{SOURCE}"].unjudged, found[f"standard/{SOURCE}"].rows_pending) == (0, 0)
    assert found["foundation/person/person"].rows_pending == 3


def test_the_command_shows_it_and_writes_nothing(filled: Place) -> None:
    def files() -> dict[Path, float]:
        return {path: path.stat().st_mtime for path in filled.lake.rglob("*")}

    before = files()
    done = filled.huiliu("status")
    assert done.returncode == 0, done.stderr
    assert "overdue: none" in done.stdout
    assert SOURCE in done.stdout
    statuses: list[dict[str, Any]] = json.loads(filled.huiliu("status", "--json").stdout)
    raw = next(table for table in statuses if table["table"] == f"raw/{SOURCE}")
    assert (raw["rows"], raw["version"], raw["overdue"]) == (4, 0, False)
    assert datetime.datetime.fromisoformat(raw["due"]) > datetime.datetime.now(datetime.UTC)
    assert files() == before


def test_a_source_that_is_late_is_overdue(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    late = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)
    monkeypatch.setattr("pipelines.clock.now", lambda: late)
    assert [path for path, table in of(filled).items() if table.overdue] == [f"raw/{SOURCE}"]


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=PEOPLE_TIME)


@pytest.mark.parametrize(
    ("update", "last", "now", "due", "overdue"),
    [
        ("daily", "2026-03-05 08:00", "2026-03-05 10:00", "2026-03-06 09:00", False),
        ("daily", "2026-03-05 09:30", "2026-03-05 10:00", "2026-03-07 09:00", False),
        ("daily", "2026-03-04 08:00", "2026-03-05 08:59", "2026-03-05 09:00", False),
        ("daily", "2026-03-04 08:00", "2026-03-05 09:01", "2026-03-05 09:00", True),
        ("daily", "2026-03-04 08:00", "2026-03-08 09:01", "2026-03-05 09:00", True),
        ("weekly", "2026-03-02 08:00", "2026-03-04 10:00", "2026-03-09 09:00", False),
        ("weekly", "2026-03-01 08:00", "2026-03-09 10:00", "2026-03-09 09:00", True),
        ("monthly", "2026-02-20 08:00", "2026-03-02 10:00", "2026-04-01 09:00", False),
        ("quarterly", "2026-01-05 08:00", "2026-04-02 10:00", "2026-07-01 09:00", False),
        ("yearly", "2025-03-01 08:00", "2026-03-02 10:00", "2027-01-01 09:00", False),
        ("realtime", "2026-03-05 08:00", "2026-03-05 08:20", "2026-03-05 08:30", False),
        ("realtime", "2026-03-05 08:00", "2026-03-05 08:31", "2026-03-05 08:30", True),
    ],
)
def test_due_by_the_clock_of_people(update: str, last: str, now: str, due: str, overdue: bool) -> None:
    found = next_due(update, at(last), at(now).astimezone(datetime.UTC))
    assert (found.at, found.overdue) == (at(due), overdue)


def test_a_narrow_terminal_cuts_no_name_and_no_time(filled: Place) -> None:
    output = filled.huiliu("status", columns=80).stdout
    assert "…" not in output
    assert max(map(len, output.splitlines()[:-1])) <= 80
    assert SOURCE in output


def test_a_file_of_the_same_name_and_size_that_came_later_waits(filled: Place) -> None:
    file = filled.landing / SOURCE / "1.csv"
    file.write_bytes(file.read_bytes().replace(b"08:00:00", b"09:00:00"))
    soon = time.time() + 5
    os.utime(file, (soon, soon))
    assert of(filled)[f"raw/{SOURCE}"].files == 1


def test_tables_of_a_source_that_is_gone_are_listed(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    place = Place(tmp_path, project=project)
    deliver(place.landing, SOURCE, "1.csv", csv_text(cells_of([household(1)])))
    deliver(place.landing, "marriage_registration", "1.csv", csv_text(cells_of([marriage(1)])))
    place.run()
    for declared in (
        "foundation_dbs/person/sources/marriage_registration.yml",
        "expectations/person/marriage_registration.yml",
        "foundation_dbs/person/marriage.py",
    ):
        (project / declared).unlink()
    undeclared = {path for path, table in of(place).items() if not table.declared}
    assert {"raw/marriage_registration", "standard/marriage_registration"} <= undeclared
    assert not {path for path in undeclared if SOURCE in path}
    done = place.huiliu("status")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("! ")]
    assert "raw/marriage_registration, " in line
    assert "nothing declares them any more" in line
    assert "what to do: put the declaration back" in line
