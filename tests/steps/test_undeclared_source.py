"""A source whose contract is taken away while the lake holds its rows: refused with what to do, until it is retired."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from deltalake import DeltaTable

from pipelines.operations.watch import Round, watch
from pipelines.project.workspace import open_workspace
from pipelines.settings import Settings
from pipelines.steps.retire import UndeclaredSourceError
from tests.support.deliveries import Delivered, household, permit
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

KEPT, GONE = "household_registration", "residence_permit"


def without_permits(folder: Path) -> Path:
    """The declarations in which nothing names the source any more."""
    project = tiny_project(folder)
    (project / f"foundation_dbs/person/sources/{GONE}.yml").unlink()
    (project / f"expectations/person/{GONE}.yml").unlink()
    record = project / "foundation_dbs/person/person.yml"
    text = record.read_text(encoding="utf-8")
    for named in (f", until: {{{GONE}: valid_to}}", f"{GONE}, "):
        assert named in text
        text = text.replace(named, "")
    assert GONE not in text
    record.write_text(text, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake with rows of two sources, and the declarations without one of them."""
    folder = tmp_path_factory.mktemp("undeclared")
    both = Place(folder, project=tiny_project(folder / "both"))
    Delivered(KEPT, "1.csv", [household(number) for number in range(3)]).write(both.landing)
    Delivered(GONE, "1.csv", [permit(1)]).write(both.landing)
    both.run()
    return Place(folder, project=without_permits(folder / "one"))


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


@pytest.fixture
def ended(tmp_path: Path) -> Place:
    """A lake of its own with rows of two sources, and the declarations without one of them."""
    both = Place(tmp_path, project=tiny_project(tmp_path / "both"))
    Delivered(KEPT, "1.csv", [household(number) for number in range(3)]).write(both.landing)
    Delivered(GONE, "1.csv", [permit(1)]).write(both.landing)
    both.run()
    return Place(tmp_path, project=without_permits(tmp_path / "one"))


def count(place: Place, path: str) -> int:
    return int(DeltaTable(str(place.lake / path)).count())


def test_the_rows_of_a_retired_source_leave_what_was_built_from_them(ended: Place) -> None:
    refused = ended.huiliu("run")
    assert f"huiliu source retire {GONE}" in refused.stderr
    done = ended.huiliu("source", "retire", GONE, "--reason", "the register was closed", "--by", "examiner")
    assert done.returncode == 0, done.stderr
    assert f"{GONE} is retired: 1 rows left its standard tables and quarantine, raw keeps 1." in done.stdout
    shutil.rmtree(ended.landing / GONE)  # or the run says that nobody declares it
    assert ended.huiliu("run").returncode == 0
    rows = {path: count(ended, path) for path in (f"standard/{GONE}", f"raw/{GONE}", "foundation/person/person")}
    assert rows == {f"standard/{GONE}": 0, f"raw/{GONE}": 1, "foundation/person/person": 3}
    assert GONE not in ended.huiliu("status").stdout
    again = ended.huiliu("source", "retire", GONE, "--reason", "said twice")
    assert again.returncode == 0
    assert count(ended, "quality/confirmation") == 1


def test_a_contract_that_comes_back_brings_its_rows_back(ended: Place) -> None:
    ended.huiliu("source", "retire", GONE, "--reason", "by mistake")
    ended.huiliu("run")
    both = Place(ended.folder, project=ended.folder / "both")
    both.run()
    assert count(both, f"standard/{GONE}") == 1
    Delivered(GONE, "2.csv", [permit(2)]).write(both.landing)
    both.run()
    refused = ended.huiliu("run")  # something came since: the retirement of then says nothing of it
    assert refused.returncode == 2
    assert f"{GONE} (2 batches)" in refused.stderr


def test_a_declared_source_is_not_retired(ended: Place) -> None:
    refused = ended.huiliu("source", "retire", KEPT, "--reason", "too early")
    assert refused.returncode == 2
    assert f"{KEPT} is declared in" in refused.stderr
    assert "remove that file" in refused.stderr
    unknown = ended.huiliu("source", "retire", "nobody", "--reason", "no such source")
    assert unknown.returncode == 2
    assert "holds nothing of a source nobody" in unknown.stderr
