"""What a run ends with, and how it stops when it is told to."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli import run as verb
from pipelines.cli.stopping import STOPPED, stops_when_told
from pipelines.lake.lake import Lake, StoppedError
from pipelines.project.workspace import Workspace
from pipelines.settings import Settings
from pipelines.steps.run import Run
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("run")
    found = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in range(5)]).write(found.landing)
    found.run()
    return found


def brought(output: str) -> dict[str, tuple[str, str]]:
    lines = [line.split() for line in output.partition("本次 this run")[2].splitlines()]
    return {words[0]: (words[1], words[2]) for words in lines if len(words) == 3 and "/" in words[0]}


def test_a_run_ends_with_what_it_brought_itself(place: Place) -> None:
    moved = household(1, 户籍地区划代码="150105", 更新时间="2026-06-01 08:00:00")
    gone = household(2, 操作标志="D", 更新时间="2026-06-01 08:00:00")
    Delivered(SOURCE, "2.csv", [{"操作标志": "", **moved}, household(7, 操作标志=""), gone]).write(place.landing)
    done = place.huiliu("run")
    assert done.returncode == 0, done.stderr
    found = brought(done.stdout)
    assert found[f"raw/{SOURCE}"] == ("3", "0")
    assert found[f"standard/{SOURCE}"] == ("2", "1")
    assert found["foundation/person/person"] == ("2", "1")
    assert found["returns/person/person"] == ("2", "1")
    assert brought(place.huiliu("run").stdout) == {}, "the next one brought nothing"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as a person's process has it: one that was begun in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_first_interruption_is_answered_at_once_and_a_second_ends_it(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted_twice(lake: Lake) -> None:
        output = ""
        with stops_when_told(lake):
            os.kill(os.getpid(), signal.SIGINT)
            while "Ctrl-C again" not in output:
                time.sleep(0.01)
                output += capfd.readouterr().err
            with pytest.raises(StoppedError):
                lake.hold()
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(60)

    with place.opened() as at:
        with pytest.raises(KeyboardInterrupt):
            interrupted_twice(at.workspace.lake)
        at.workspace.lake.check_stopped()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_run_stops_between_its_steps_and_the_next_one_goes_on(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Place(tmp_path, project=place.project)
    Delivered(SOURCE, "1.csv", [household(number) for number in range(5)]).write(other.landing)
    settings = Settings(project=other.project, landing=other.landing, lake=other.lake, settle=0)
    work = Run.work

    def interrupted(run: Run, workspace: Workspace, *callbacks: object) -> None:
        work(run, workspace, *callbacks)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGINT)
        assert workspace.lake.stopped.wait(60)

    monkeypatch.setattr(Run, "work", interrupted)
    assert verb.run_and_show(settings) == STOPPED
    assert "the next run goes on from there" in capsys.readouterr().err
    monkeypatch.undo()
    assert not (other.lake / "quality/release").exists()
    assert other.run().released
