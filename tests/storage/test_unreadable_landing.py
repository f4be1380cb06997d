"""What cannot be opened in the landing folder, or comes and goes there, is told; everything else goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.deliveries import delivery_sensor
from pipelines.operations.status import status
from pipelines.readers.naming import shown_name
from pipelines.steps.landing import file_hash
from tests.support.deliveries import cells_of, csv_text, deliver, household, marriage
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE, OTHER = "household_registration", "marriage_registration"
# Root reads everything; without these two rights it is held to what permissions say, as any account is.
AS_AN_ACCOUNT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    deliver(place.landing, SOURCE, "好.csv", csv_text(cells_of([household(1), household(2)])))
    deliver(place.landing, OTHER, "好.csv", csv_text(cells_of([marriage(1)])))
    return place


@pytest.fixture
def shut(place: Place) -> Iterator[Place]:
    """A file, a source's folder and a folder of the file system that only others may open, and a link to nowhere."""
    closed = [place.landing / "lost+found", place.landing / OTHER]
    closed[0].mkdir()
    closed.append(deliver(place.landing, SOURCE, "别人的.csv", csv_text(cells_of([household(3)]))))
    for path in closed:
        path.chmod(0)
    (place.landing / "长").symlink_to("x" * 300)
    (place.landing / SOURCE / "长.csv").symlink_to("x" * 300)
    yield place
    for path in closed:
        path.chmod(0o700)


def test_what_may_not_be_opened_is_told_and_the_others_are_taken(shut: Place) -> None:
    done = shut.huiliu("run", before=AS_AN_ACCOUNT)
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("! ")]
    for name in ("lost+found/", f"{SOURCE}/别人的.csv", f"{OTHER}/"):
        (line,) = [line for line in lines if line.startswith(f"! {name}:")]
        assert "could not be opened (Permission denied)" in line
        assert "what to do: let the account under which huiliu runs read it" in line
    assert any(line.startswith("! 长: ") and "shorter name" in line for line in lines)
    assert any(line.startswith(f"! {SOURCE}/长.csv: is a link that leads nowhere") for line in lines)
    with shut.opened() as at:
        assert len(at.standard(SOURCE)) == 2

    found = shut.huiliu("status", before=AS_AN_ACCOUNT)
    assert f"{SOURCE}/别人的.csv: could not be opened" in found.stdout
    assert f"{OTHER}/: the folder could not be opened" in found.stdout
    assert "overdue: none" in found.stdout


def comes_and_goes(monkeypatch: pytest.MonkeyPatch, folder: Path, file: Path) -> None:
    """The folder is gone whenever it is looked into, and the file whenever its bytes are read."""
    listed = Path.iterdir

    def iterdir(path: Path) -> Any:
        if path == folder:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return listed(path)

    def gone(path: Path) -> str:
        if path == file:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return file_hash(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    for module in ("pipelines.steps.ingest", "pipelines.operations.status", "dagster_project.deliveries"):
        monkeypatch.setattr(f"{module}.file_hash", gone)


def test_what_comes_and_goes_stops_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_away = deliver(place.landing, SOURCE, "走.csv", csv_text(cells_of([household(3)])))
    comes_and_goes(monkeypatch, place.landing / OTHER, taken_away)
    monkeypatch.setenv("HUILIU_LANDING", str(place.landing))
    monkeypatch.setenv("HUILIU_SETTLE", "0")
    monkeypatch.setenv("HUILIU_LAKE", str(place.lake))
    with place.opened() as at:
        contracts = [at.workspace.catalog.contracts[source] for source in (SOURCE, OTHER)]
        waiting = {table.table.path: table.files for table in status(at.workspace)}
    assert (waiting[f"raw/{SOURCE}"], waiting[f"raw/{OTHER}"]) == (1, 0)

    job = dg.define_asset_job("everything")
    with dg.DagsterInstance.ephemeral() as instance:
        tick = delivery_sensor(job, contracts).evaluate_tick(dg.build_sensor_context(instance))
    assert tick.cursor
    assert "好.csv" in tick.cursor
    assert "走.csv" not in tick.cursor, "it is asked for when it is there again"

    run = place.run()
    (line,) = [str(problem) for problem in run.problems]
    assert line.startswith(f"{SOURCE}/{shown_name(taken_away)}: was taken away while it was looked at")
    assert run.ingested[SOURCE].rows == 2
