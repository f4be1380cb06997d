"""A source whose contract is taken away while the lake holds its rows: refused, with what to do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipelines.operations.watch import Round, watch
from pipelines.project.workspace import open_workspace
from pipelines.settings import Settings
from pipelines.steps.retired import UndeclaredSourceError
from tests.conftest import Place
from tests.deliveries import household
from tests.small_project import Delivered, death, small_project

KEPT, GONE = "household_registration", "death_registration"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake with rows of two sources, and the declarations without one of them."""
    folder = tmp_path_factory.mktemp("undeclared")
    both = Place(folder, project=small_project(folder / "both", [KEPT, GONE]))
    Delivered(KEPT, "1.csv", [household(number) for number in range(3)]).write(both.landing)
    Delivered(GONE, "1.csv", [death(1)]).write(both.landing)
    both.run()
    return Place(folder, project=small_project(folder / "one", [KEPT]))


def files(place: Place) -> set[Path]:
    return {*place.lake.rglob("*")}


def test_a_run_names_the_contract_that_is_missing_and_writes_nothing(place: Place) -> None:
    before = files(place)
    Delivered(KEPT, "2.csv", [household(number) for number in range(3, 5)]).write(place.landing)
    done = place.huiliu("run")
    assert done.returncode == 2
    assert f"{GONE} (1 batches)" in done.stderr
    assert f"put foundation_dbs/*/sources/{GONE}.yml back" in done.stderr
    assert str(place.lake) in done.stderr
    assert files(place) == before


def test_watching_ends_with_the_same_words(place: Place) -> None:
    rounds: list[Round] = []
    settings = Settings(project=place.project, landing=place.landing, lake=place.lake, settle=0)
    with pytest.raises(UndeclaredSourceError, match=GONE):
        watch(lambda: open_workspace(settings), rounds.append, lambda *_: None, threading.Event())
    assert not rounds
