"""huiliu watch: what arrives is with the cities soon after, whatever brings it, and other writers get their turn."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from tests.conftest import HUILIU, Place
from tests.deliveries import household, person_id
from tests.small_project import Delivered, small_project

CITY = "returns/150100/person/person"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("watched")
    project = small_project(folder / "project", sources=("household_registration",))
    found = Place(folder, project=project)
    found.landing.mkdir()
    return found


@pytest.fixture(scope="module")
def watching(place: Place) -> Iterator[Path]:
    """The command at work; gives the file of what it says."""
    said = place.folder / "watch.log"
    with said.open("wb") as log:
        surroundings = os.environ | {
            "HUILIU_LANDING": str(place.landing),
            "HUILIU_LAKE": str(place.lake),
            "HUILIU_PROJECT": str(place.project),
            "COLUMNS": "200",
        }
        command = [str(HUILIU), "watch", "--settle", "0", "--every", "0.2"]
        process = subprocess.Popen(command, env=surroundings, cwd=place.folder, stdout=log, stderr=subprocess.STDOUT)
        yield said
        assert process.poll() is None, said.read_text(encoding="utf-8")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, said.read_text(encoding="utf-8")


def until(true: Callable[[], bool], said: Path) -> None:
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends, said.read_text(encoding="utf-8")
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
    # Told when the whole round is done, after the city has its rows.
    until(lambda: "2 rows from household_registration" in watching.read_text(encoding="utf-8"), watching)


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
    said = watching.read_text(encoding="utf-8")
    assert said
    assert not [number for number in range(1, 6) if person_id(number) in said]
