"""Runs that are struck are made good by the next; and a lake that is not as it should be is found out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks.strikes import WRITES
from pipelines.engines.base import Engine
from pipelines.steps.run import run
from tests.support.deliveries import Delivered, household
from tests.support.place import PROJECT, Place
from tests.support.tiny_project import tiny_project
from tests.support.whole_lakes import lake_differences, lake_faults

SOURCE = "household_registration"
PERSON = "foundation/person/person"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake of ten people, one of whom moved later."""
    folder = tmp_path_factory.mktemp("sound")
    place = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in range(10)]).write(place.landing)
    place.run()
    moved = household(3, 姓名="测试", 更新时间="2026-04-01 08:00:00")
    Delivered(SOURCE, "2.jsonl", [moved, household(4, 操作标志="D", 更新时间="2026-04-01 08:00:00")]).write(
        place.landing
    )
    with place.opened() as at:
        assert run(at.workspace).exit_code == 0
    return place


def copied(sound: Place, folder: Path) -> Path:
    return shutil.copytree(sound.lake, folder / "copy")


def test_a_sound_lake_has_no_fault_and_equals_its_copy(sound: Place, tmp_path: Path) -> None:
    lake = copied(sound, tmp_path)
    assert lake_faults(lake, sound.landing) == []
    assert lake_differences(sound.lake, lake) == []


def lose_a_row(lake: Path) -> None:
    number = DeltaTable(str(lake / PERSON)).to_pyarrow_table()["id_number"][0].as_py()
    DeltaTable(str(lake / PERSON)).delete(f"id_number = '{number}'")


def double_raw(lake: Path) -> None:
    table = str(lake / "raw" / SOURCE)
    write_deltalake(table, DeltaTable(table).to_pyarrow_table().slice(0, 2), mode="append")


def cut_an_original(lake: Path) -> None:
    path = next((lake / "raw/_files").iterdir())
    path.write_bytes(path.read_bytes()[:-1])


def lose_an_original(lake: Path) -> None:
    next((lake / "raw/_files").iterdir()).unlink()


def leave_half_a_copy(lake: Path) -> None:
    (lake / "raw/_files/0.csv.part").touch()


def lose_a_verdict(lake: Path) -> None:
    table = DeltaTable(str(lake / "quality/batch_verdict"))
    table.delete(f"batch = '{table.to_pyarrow_table()['batch'][0].as_py()}'")


def lose_a_batch(lake: Path) -> None:
    table = DeltaTable(str(lake / "quality/batch"))
    table.delete(f"batch = '{table.to_pyarrow_table()['batch'][0].as_py()}'")


def double_a_batch(lake: Path) -> None:
    table = str(lake / "quality/batch")
    write_deltalake(table, DeltaTable(table).to_pyarrow_table().slice(0, 1), mode="append")


def lose_a_change(lake: Path) -> None:
    next((lake / PERSON / "_change_data").rglob("*.parquet")).unlink()


def silence_a_change(lake: Path) -> None:
    """A commit that says that its rows are no news."""
    log = lake / "raw" / SOURCE / "_delta_log" / f"{1:020d}.json"
    log.write_text(log.read_text().replace('"dataChange":true', '"dataChange":false'))


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lose_a_row, f"quality/release: {PERSON} is not released as it is"),
        (double_raw, f"raw/{SOURCE}: 2 rows stand there more than once"),
        (cut_an_original, "is not whole"),
        (lose_an_original, "raw/_files: 1 originals are missing"),
        (leave_half_a_copy, "is not whole"),
        (lose_a_verdict, "quality/batch_verdict: 1 batches have no verdict"),
        (lose_a_batch, "quality/batch: 1 deliveries have no batch"),
        (double_a_batch, "quality/batch: 1 deliveries were taken more than once"),
        (lose_a_change, f"{PERSON}: the change feed cannot be read"),
        (silence_a_change, f"raw/{SOURCE}: the change feed adds up to 2 other rows"),
    ],
)
def test_damage_is_told(sound: Place, tmp_path: Path, damage: Callable[[Path], None], fault: str) -> None:
    lake = copied(sound, tmp_path)
    damage(lake)
    assert fault in "\n".join(lake_faults(lake, sound.landing))


def test_lakes_that_differ_in_a_row_a_table_or_a_column_are_told_apart(sound: Place, tmp_path: Path) -> None:
    lake = copied(sound, tmp_path)
    lose_a_row(lake)
    shutil.rmtree(lake / "foundation/person/conflict")
    quarantine = str(lake / "quarantine" / SOURCE)
    write_deltalake(quarantine, pa.table({"other": ["x"]}), mode="overwrite", schema_mode="overwrite")
    assert lake_differences(sound.lake, lake) == [
        f"foundation/person/conflict: only in {sound.lake.name}",
        f"{PERSON}: 1 rows only in {sound.lake.name}",
        f"quarantine/{SOURCE}: columns or their types differ",
    ]


def test_every_method_of_an_engine_that_commits_can_be_struck() -> None:
    others = {
        *("read", "together", "changes", "read_csv", "read_postgres", "taken_in", "materialise", "empty", "view"),
        *("named", "rows", "stream", "scalar", "interrupt", "close"),
    }
    assert set(Engine.__abstractmethods__) - others == set(WRITES)


def chaos(*arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    command = ["-c", program] if program else ["benchmarks/chaos.py"]
    return subprocess.run(
        [sys.executable, *command, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600
    )


def test_struck_runs_are_made_good_by_the_next() -> None:
    done = chaos("--seed", "2", "--count", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 runs struck, 3 made good, 0 failures" in done.stdout
    assert "killed" in done.stdout


def test_a_lake_that_is_not_made_good_fails_with_what_repeats_it() -> None:
    program = (
        "import sys; from benchmarks.chaos import main; from tests.steps.test_chaos import lose_a_row; "
        "sys.exit(main(sys.argv[1:], meddle=lose_a_row))"
    )
    done = chaos("--seed", "2", "--count", "1", program=program)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{PERSON}: 1 rows only in undisturbed" in done.stdout
    assert "again: --seed 2 --only 0" in done.stdout
