"""Damage is told with the table, the file and what to do; `huiliu doctor --deep` finds it before a run does."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from deltalake import DeltaTable

from dagster_project.definitions import examination
from pipelines.operations.deep import examine_files
from pipelines.operations.explaining import explained
from pipelines.settings import Settings
from tests.support.deliveries import cells_of, csv_text, deliver, household
from tests.support.place import HUILIU, PROJECT, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("damage")
    place = Place(folder, project=tiny_project(folder / "project"))
    for number in range(3):
        deliver(place.landing, SOURCE, f"{number}.csv", csv_text(cells_of([household(number)])))
        place.run()
    return place


@pytest.fixture
def filled(run_once: Place, tmp_path: Path) -> Place:
    shutil.copytree(run_once.folder, tmp_path / "copy")
    return Place(tmp_path / "copy", project=tmp_path / "copy/project")


def parquet_of(place: Place, table: str) -> Path:
    return Path(sorted(DeltaTable(str(place.lake / table)).file_uris())[0])


def lose_entry(place: Place) -> str:
    (place.lake / "raw" / SOURCE / "_delta_log" / f"{1:020d}.json").unlink()
    return f"raw/{SOURCE}"


def break_entry(place: Place) -> str:
    """An entry of long ago, and not a commit that a power cut might have left in pieces: a run would undo that."""
    entries = sorted((place.lake / "standard" / SOURCE / "_delta_log").glob("*.json"))
    entries[1].write_text("{", encoding="utf-8")
    for entry in entries[:-1]:
        os.utime(entry, (0, 0))
    return f"standard/{SOURCE}"


def lose_checkpoint(place: Place) -> str:
    DeltaTable(str(place.lake / "standard" / SOURCE)).create_checkpoint()
    for checkpoint in (place.lake / "standard" / SOURCE / "_delta_log").glob("*.checkpoint.parquet"):
        checkpoint.unlink()
    return f"standard/{SOURCE}"


def lose_parquet(place: Place) -> str:
    parquet_of(place, f"raw/{SOURCE}").unlink()
    return f"raw/{SOURCE}"


def cut_parquet(place: Place) -> str:
    file = parquet_of(place, f"standard/{SOURCE}")
    file.write_bytes(file.read_bytes()[:100])
    return f"standard/{SOURCE}"


def spoil_parquet(place: Place) -> str:
    """As many bytes, others."""
    file = parquet_of(place, "foundation/person/person")
    content = bytearray(file.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    file.write_bytes(content)
    return "foundation/person/person"


def spoil_original(place: Place) -> str:
    file = next((place.lake / "raw/_files").iterdir())
    file.write_bytes(b"other bytes")
    return "raw/_files"


def settings_of(place: Place) -> Settings:
    return Settings(project=place.project, landing=place.landing, lake=place.lake)


DAMAGE = (lose_entry, break_entry, lose_checkpoint, lose_parquet, cut_parquet, spoil_parquet, spoil_original)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_deep_look_finds_each_damage_with_its_table(filled: Place, damage: Callable[[Place], str]) -> None:
    *bad, good = examine_files(settings_of(filled))
    assert (bad, good.state) == ([], "good")
    table = damage(filled)
    *bad, summary = examine_files(settings_of(filled))
    assert {check.name for check in bad} == {table}
    assert summary.state == "bad"
    assert all("backup" in check.todo for check in bad)


def test_the_command_and_the_weekly_job_say_it(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    file = parquet_of(filled, f"raw/{SOURCE}").name
    lose_parquet(filled)
    done = filled.huiliu("doctor", "--deep")
    assert done.returncode == 1
    assert f"{file} is missing" in done.stdout
    assert "bring the table's folder back" in done.stdout
    for name, value in {"LAKE": filled.lake, "LANDING": filled.landing, "PROJECT": filled.project}.items():
        monkeypatch.setenv(f"HUILIU_{name}", str(value))
    with dg.DagsterInstance.ephemeral() as instance:
        ended = examination.execute_in_process(instance=instance, raise_on_error=False)
        assert not ended.success
        failures = [event.message + str(event.event_specific_data) for event in ended.all_events if event.is_failure]
    assert any(file in failure and f"raw/{SOURCE}" in failure for failure in failures)


@pytest.mark.parametrize("damage", [lose_checkpoint, break_entry])
def test_a_run_names_the_table_and_the_way_back_is_one(filled: Place, damage: Callable[[Place], str]) -> None:
    table = damage(filled)
    deliver(
        filled.landing,
        SOURCE,
        "new.csv",
        csv_text(cells_of([household(0, 更新时间="2026-05-01 08:00:00"), household(9)])),
    )
    done = filled.huiliu("run")
    assert done.returncode == 3
    assert done.stderr.strip().splitlines()[-1].startswith("damage ")
    assert table in done.stderr
    assert "move it away and run again" in done.stderr
    shutil.rmtree(filled.lake / table)
    assert filled.huiliu("run").returncode == 0
    with filled.opened() as at:
        assert len(at.standard(SOURCE)) == 4


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "a disk is full"),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), "a disk is full"),
        (MemoryError("row 1"), "HUILIU_MEMORY"),
        (duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"), "HUILIU_MEMORY"),
    ],
)
def test_a_full_disk_and_too_little_memory_are_told_as_such(error: Exception, message: str) -> None:
    explanation = explained(error)
    assert explanation.kind == "machine"
    assert message in explanation.texts[0]
    assert "what to do: " in explanation.texts[0]
    assert "row 1" not in explanation.texts[0]


def test_a_terminal_without_chinese_is_told_so_and_shows_the_rest() -> None:
    surroundings = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([HUILIU, "--help"], env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\\u6c47" in done.stdout
    assert "cannot show Chinese" in done.stderr
    assert "LANG=C.UTF-8" in done.stderr


def test_python_that_strips_docstrings_is_told_as_the_cause(tmp_path: Path) -> None:
    command = [sys.executable, "-OO", str(HUILIU), "status", "--lake", str(tmp_path / "lake")]
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Python runs with -OO" in done.stderr
