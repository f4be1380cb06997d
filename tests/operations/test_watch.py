"""huiliu watch: what arrives is with the cities soon after, whatever brings it, and other writers get their turn."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from pipelines.database.connection import DatabaseAwayError
from pipelines.database.lease import Lease
from pipelines.declarations.contract import Contract
from pipelines.errors import LeaseError
from pipelines.operations.explaining import explained
from pipelines.operations.watch import Round, watch
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.settings import Settings
from pipelines.steps.ingest import Ingested, ingest
from tests.support.deliveries import Delivered, household, marriage, person_id
from tests.support.place import HUILIU, Place
from tests.support.tiny_project import tiny_project

CITY = "returns/person/person"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("watched")
    project = tiny_project(folder / "project")
    found = Place(folder, project=project)
    found.landing.mkdir()
    return found


@pytest.fixture(scope="module")
def watching(place: Place) -> Iterator[Path]:
    """The command at work; gives the file of what it says."""
    output = place.folder / "watch.log"
    with output.open("wb") as log:
        surroundings = os.environ | {
            "HUILIU_LANDING": str(place.landing),
            "HUILIU_LAKE": str(place.lake),
            "HUILIU_PROJECT": str(place.project),
            "COLUMNS": "200",
        }
        command = [str(HUILIU), "watch", "--settle", "0", "--every", "0.2"]
        process = subprocess.Popen(command, env=surroundings, cwd=place.folder, stdout=log, stderr=subprocess.STDOUT)
        yield output
        assert process.poll() is None, output.read_text(encoding="utf-8")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, output.read_text(encoding="utf-8")


def until(true: Callable[[], object], log: Path) -> None:
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends, log.read_text(encoding="utf-8")
        time.sleep(0.2)


def of_the_city(place: Place) -> list[str]:
    try:
        table = DeltaTable(str(place.lake / CITY))
    except TableNotFoundError:
        return []
    with place.opened() as at:
        rows = at.workspace.lake.engine.read(str(place.lake / CITY), table.version())
        return sorted(row["id_number"] for row in at.workspace.lake.engine.rows(rows.select("id_number")))


def arrives(place: Place, file: str, *numbers: int) -> None:
    """The file is there from one moment to the next, as a careful sender leaves it."""
    part = Delivered("household_registration", file, [household(number) for number in numbers])
    whole = part.write(place.folder / "elsewhere")
    target = place.landing / "household_registration"
    target.mkdir(exist_ok=True)
    whole.replace(target / file)


def test_a_file_is_taken_to_its_city(place: Place, watching: Path) -> None:
    arrives(place, "1.csv", 1, 2)
    until(lambda: of_the_city(place) == sorted([person_id(1), person_id(2)]), watching)
    # Told when the whole round is done, after the city has its rows; the first one looks at every source.
    until(lambda: re.search("2 rows from .*household_registration", watching.read_text(encoding="utf-8")), watching)


def test_it_goes_on_from_there_and_lets_others_write_in_between(place: Place, watching: Path) -> None:
    arrives(place, "2.csv", 3)
    until(lambda: person_id(3) in of_the_city(place), watching)
    assert place.run().released, "a run gets its turn while huiliu watch is at work"
    arrives(place, "3.csv", 4)
    until(lambda: person_id(4) in of_the_city(place), watching)


def test_a_decision_is_acted_on(place: Place, watching: Path) -> None:
    broken = [*(household(number, 公民身份号码="1.50102E+17") for number in (6, 7, 8, 9, 10)), household(5)]
    Delivered("household_registration", "4.csv", broken).write(place.landing)
    until(lambda: "held" in watching.read_text(encoding="utf-8"), watching)
    assert person_id(5) not in of_the_city(place)
    batch = place.huiliu("gate", "list").stdout.split()[0]
    assert place.huiliu("gate", "release", batch, "--reason", "the agency has confirmed it").returncode == 0
    until(lambda: person_id(5) in of_the_city(place), watching)


def test_what_it_says_names_no_person(place: Place, watching: Path) -> None:
    text = watching.read_text(encoding="utf-8")
    assert text
    assert not [number for number in range(1, 6) if person_id(number) in text]


SOURCE, OTHER = "household_registration", "marriage_registration"


@pytest.fixture
def two_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("pipelines.operations.watch.FIRST_PAUSE", 0.05)
    place = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    Delivered(SOURCE, "1.csv", [household(1)]).write(place.landing)
    Delivered(OTHER, "1.csv", [marriage(1)]).write(place.landing)
    return place


def watched_until(place: Place, true: Callable[[Counter[str]], bool]) -> list[str]:
    """Watch until so many rows of sources were taken; what was told to have failed, and why."""
    taken, failures, stop = Counter[str](), list[str](), threading.Event()
    settings = Settings(project=place.project, landing=place.landing, lake=place.lake, settle=0)

    def note_round(done: Round) -> None:
        taken.update({ingested.source: ingested.rows for ingested in done.run.ingested.values()})
        if true(taken) and not done.run.behind:
            stop.set()

    def failed(what: str, error: Exception, seconds: float) -> None:
        failures.append(f"{what}: {explained(error)}")
        assert len(failures) < 50, failures

    watch(lambda: open_workspace(settings), note_round, failed, stop, 0.05)
    return failures


def test_a_source_that_fails_keeps_no_other_waiting_and_is_tried_again(
    two_sources: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Counter[str]()

    def failing(workspace: Workspace, contract: Contract) -> Ingested:
        tried[contract.name] += 1
        if contract.name == SOURCE and tried[SOURCE] < 3:
            assert tried[SOURCE] == 1 or tried[OTHER], "the other one was taken meanwhile"
            raise MemoryError("row 3")
        return ingest(workspace, contract)

    monkeypatch.setattr("pipelines.steps.ingest.ingest", failing)
    failures = watched_until(two_sources, lambda taken: bool(taken[SOURCE] and taken[OTHER]))
    assert len(failures) == 2
    assert all(failure.startswith(f"ingest {SOURCE}: ") and "HUILIU_MEMORY" in failure for failure in failures)
    assert "row 3" not in str(failures)
    with two_sources.opened() as at:
        assert len(at.standard(SOURCE)) == len(at.standard(OTHER)) == 1
    assert person_id(1) in of_the_city(two_sources)


def test_a_database_that_is_away_for_a_while_ends_nothing(two_sources: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    times = Counter[str]()

    def away(_: Settings) -> None:
        times["asked"] += 1
        if times["asked"] < 3:
            raise DatabaseAwayError("the database does not answer", "see that it runs")

    hold = Lease.hold

    def locked(self: Lease) -> bool:
        times["locked"] += 1
        if times["locked"] < 3:
            raise LeaseError("the database is locked", "wait")
        return hold(self)

    monkeypatch.setattr("pipelines.operations.watch.deliver_pushed", away)
    monkeypatch.setattr("pipelines.database.lease.Lease.hold", locked)
    failures = watched_until(two_sources, lambda taken: bool(taken[SOURCE] and taken[OTHER]))
    assert [failure.partition(":")[0] for failure in failures] == ["pushed rows", "watch", "watch"]
    assert all("what to do: " in failure for failure in failures)


def test_a_setting_that_must_change_ends_it(two_sources: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: object) -> bool:
        raise LeaseError("the lease is kept in another database", "set HUILIU_DB", 2)

    monkeypatch.setattr("pipelines.database.lease.Lease.hold", refused)
    with pytest.raises(LeaseError, match="HUILIU_DB"):
        watched_until(two_sources, lambda _: False)
