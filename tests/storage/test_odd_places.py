"""A lake, a project and deliveries in folders whose names a URL or a shell would read otherwise."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from pipelines.reports.site import build_report
from tests.support.deliveries import Delivered, household, marriage
from tests.support.place import Place
from tests.support.simulated_demo import PROGRAMS, huiliu
from tests.support.tiny_project import tiny_project

SOURCES = ("household_registration", "marriage_registration")
ODD = ["目录 with space/汇 流#1", 'it\'s 100% "mine"/a+b&c=d;e$HOME']
FILES = 6  # of one table, so that it lies in many small ones


@pytest.mark.parametrize("odd", ODD)
def test_a_lake_is_filled_reported_and_opened_wherever_it_lies(odd: str, tmp_path: Path) -> None:
    folder = tmp_path / odd
    place = Place(folder, project=tiny_project(folder / "the project"))
    for file in range(FILES):
        people = range(10 * file, 10 * file + 10)
        Delivered(SOURCES[0], f"户籍 %41#'{file}.csv", [household(person) for person in people]).write(place.landing)
        Delivered(SOURCES[1], f"{file}.jsonl", [marriage(2 * file), marriage(2 * file + 1)]).write(place.landing)
    assert place.run().exit_code == 0
    Delivered(SOURCES[0], "later.csv", [household(10 * FILES)]).write(place.landing)
    assert place.run().exit_code == 0
    assert not place.run().changed, "what stands under which inputs is read from the tables' commits"
    assert place.huiliu("status").returncode == 0
    with place.opened() as at:
        assert len(at.raw(SOURCES[0])) == len(at.standard(SOURCES[0])) == 10 * FILES + 1
        report = build_report(at.workspace, folder / "report")
    assert (folder / "report" / "data_docs" / "index.html").is_file()
    assert "户籍 %41#" in report.read_text(encoding="utf-8")
    typed = place.huiliu("duckdb", "--out", "the file.duckdb")
    assert typed.returncode == 0, typed.stderr
    launch = shlex.split(typed.stdout.partition("Open it with: ")[2])
    asked = "SELECT count(*) FROM person.person"
    done = subprocess.run(
        [*launch, "-csv", "-noheader", "-c", asked],
        cwd=folder, env={"DUCKDB": str(PROGRAMS / "duckdb"), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == (str(10 * FILES + 1), "")


@pytest.mark.parametrize("odd", ["p%41q", "a[1]", "back\\slash"])
def test_where_delta_rs_writes_elsewhere_nothing_is_written(odd: str, tmp_path: Path) -> None:
    folder = tmp_path / odd
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    for typed in (
        huiliu("demo", "--people", "500", where=folder),
        huiliu("run", "--landing", str(tmp_path), "--lake", "lake", where=folder),
        huiliu("run", "--landing", str(tmp_path), "--lake", str(tmp_path / "link" / "lake"), where=tmp_path),
    ):
        assert typed.code == 2
        assert f"no table can be written under {folder}/" in typed.shown
        assert "what to do: rename that folder, or say with HUILIU_LAKE or --lake" in typed.shown
    checked = huiliu("doctor", "--lake", "lake", where=folder)
    assert "delta-rs, which writes them, misreads" in checked.shown
    assert [*folder.iterdir()] == []
