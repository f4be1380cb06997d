"""Damaged deliveries stop nothing; and the harness that says so finds what would be wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzzing import FORMATS, Damaged, _Compared, damaged

ROOT = Path(__file__).resolve().parents[2]
COUNT = 15


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_damaged_files_stop_nothing_and_alter_no_cell(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/fuzzing.py", "--seed", "7", "--count", str(COUNT), "--format", kind],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failures" in done.stdout


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_seed_draws_the_same_damage(kind: str) -> None:
    first, again, other = damaged(kind, 1, 3), damaged(kind, 1, 3), damaged(kind, 1, 4)
    assert first.changes == again.changes
    assert first.content != other.content
    if kind != "xlsx":  # a workbook says when it was written
        assert first.content == again.content


ENTRY = {"format": "csv", "encoding": "utf-8", "delimiter": ",", "readable": True, "problems": [], "rows": 1}
ROW = {"_row": 2, "_damage": None, "_extra": json.dumps({"备注": "x"}), "name": "乌"}


@pytest.mark.parametrize(
    ("row", "entry", "fault"),
    [
        ({}, {}, None),
        ({"name": "云"}, {}, "another cell"),
        ({"_extra": '{"备注": "y"}'}, {}, "another cell"),
        ({"_damage": "row.undecodable", "name": "云"}, {}, None),
        ({"_row": 3}, {}, "second reading"),
        ({}, {"readable": False}, "is refused"),
    ],
)
def test_the_harness_finds_altered_and_lost_rows(
    tmp_path: Path, row: dict[str, object], entry: dict[str, object], fault: str | None
) -> None:
    compared = _Compared({"姓名": "name"})
    damaged = Damaged("a.csv", "", "姓名,备注\n乌,x\n".encode())
    compared.compare(damaged, {**ENTRY, **entry}, [{**ROW, **row}], tmp_path)
    assert [fault in what for _, what in compared.failures if fault] == ([True] if fault else [])
    assert bool(compared.failures) == (fault is not None)
