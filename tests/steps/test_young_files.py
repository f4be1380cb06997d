"""Files that somebody may still be writing: `huiliu run` waits for them, or names them and what they wait for."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from pipelines.cli.run import run_and_show
from pipelines.settings import Settings
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_project(tmp_path_factory.mktemp("project"))


def written_now(place: Place) -> Path:
    return Delivered(SOURCE, "刚 写.csv", [household(number) for number in range(3)]).write(place.landing)


def test_a_run_waits_for_files_that_were_written_just_now(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path, project=project)
    file = written_now(place)
    slept: list[float] = []

    def hour_passes(seconds: float) -> None:
        slept.append(seconds)
        os.utime(file, (time.time() - 3600,) * 2)

    monkeypatch.setattr(time, "sleep", hour_passes)
    assert run_and_show(Settings(project=project, landing=place.landing, lake=place.lake, settle=3600)) == 0
    assert [round(seconds, -3) for seconds in slept] == [4000]
    output = capsys.readouterr().out
    assert re.search(rf"^  {SOURCE}/刚 写\.csv: 3[56]\d\d s$", output, re.MULTILINE), output
    assert "--no-wait" in output
    assert "not taken" not in output
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 3


def test_a_run_that_must_not_wait_names_what_it_leaves(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, settle=3600, project=project)
    written_now(place)
    done = place.huiliu("run", "--no-wait")
    assert done.returncode == 0, done.stderr
    *_, named, then = done.stdout.splitlines()
    assert re.fullmatch(rf"  {SOURCE}/刚 写\.csv: waits 3\d\d\d s more", named)
    assert "next run" in then
    assert "Nothing new was delivered" not in done.stdout
    with place.opened() as at:
        assert at.raw(SOURCE) == []


def test_a_run_waits_for_nothing_where_no_file_is_young(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, settle=3600, project=project)
    (place.landing / SOURCE).mkdir(parents=True)
    (place.landing / SOURCE / "1.csv.part").touch()
    assert "waiting" not in place.huiliu("run").stdout
