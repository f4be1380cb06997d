"""What follows from declarations and code is worked out once, and again as soon as it may be something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import ibis
import pytest
from pydantic import TypeAdapter

from pipelines.declarations.reading import DeclarationError
from pipelines.project import conclusions
from pipelines.project.catalog import read_catalog
from pipelines.project.conclusions import Conclusions
from pipelines.project.workspace import Project, open_project
from pipelines.settings import Settings
from pipelines.steps.plan import origins_of_tables, plan
from pipelines.storage.kept import KeptTexts
from tests.support.covering_project import covering_project
from tests.support.place import copied_project

NUMBERS = TypeAdapter(list[int])
MODEL = "foundation_dbs/person/death.py"
DEATHS = "foundation_dbs/person/sources/death_registration.yml"
CONTRACT = "foundation_dbs/person/sources/household_registration.yml"


class WorkingOut:
    """A conclusion, and how often it was worked out."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[int]:
        self.times += 1
        return [1, 2]


def test_a_conclusion_is_worked_out_once(tmp_path: Path) -> None:
    work_out = WorkingOut()
    for _ in range(2):
        assert Conclusions(KeptTexts(tmp_path), {"a": 1}).of("numbers", NUMBERS, work_out) == [1, 2]
    assert work_out.times == 1


@pytest.mark.parametrize("premises", [({"a": 2},), ({"a": 1}, 3), ({"b": 1, "a": 1},), ()])
def test_from_other_premises_follows_what_they_say(tmp_path: Path, premises: tuple[object, ...]) -> None:
    work_out = WorkingOut()
    kept = KeptTexts(tmp_path)
    Conclusions(kept, {"a": 1, "b": 1}).of("numbers", NUMBERS, work_out)
    Conclusions(kept, *premises).of("numbers", NUMBERS, work_out)
    assert work_out.times == 2


def test_another_name_another_version_and_other_code_are_other_conclusions(tmp_path: Path) -> None:
    work_out = WorkingOut()
    kept = KeptTexts(tmp_path / "kept")
    Conclusions(kept).of("numbers", NUMBERS, work_out)
    Conclusions(kept).of("others", NUMBERS, work_out)
    for library in (ibis, conclusions.pydantic):
        with patch.object(library, "__version__" if library is ibis else "VERSION", "0"):
            Conclusions(kept).of("numbers", NUMBERS, work_out)
    with patch.object(sys, "version", "0"):
        Conclusions(kept).of("numbers", NUMBERS, work_out)
    code = tmp_path / "pipelines"
    shutil.copytree(conclusions.PIPELINES, code, ignore=shutil.ignore_patterns("__pycache__"))
    (code / "elements/phone.py").open("a").write("\nOTHER = 1\n")
    with (
        patch.object(conclusions, "PIPELINES", code),
        patch.object(conclusions, "_code", conclusions._code.__wrapped__),
    ):
        Conclusions(kept).of("numbers", NUMBERS, work_out)
    assert work_out.times == 6
    Conclusions(kept).of("numbers", NUMBERS, work_out)
    assert work_out.times == 6


@pytest.mark.parametrize("text", ["", "[1", '["1 and more"]', '{"numbers": [1, 2]}', "null"])
def test_what_is_no_such_conclusion_is_worked_out_anew_and_mended(tmp_path: Path, text: str) -> None:
    work_out = WorkingOut()
    kept = KeptTexts(tmp_path)
    Conclusions(kept).of("numbers", NUMBERS, work_out)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept.keep(file.name, text)
    for _ in range(2):
        assert Conclusions(kept).of("numbers", NUMBERS, work_out) == [1, 2]
    assert work_out.times == 2


def test_where_nothing_can_be_kept_it_is_worked_out_each_time(tmp_path: Path) -> None:
    work_out = WorkingOut()
    (tmp_path / "file").write_text("no folder")
    for kept in (KeptTexts(tmp_path / "file"), KeptTexts(tmp_path / "file"), None):
        assert Conclusions(kept).of("numbers", NUMBERS, work_out) == [1, 2]
    assert work_out.times == 3


def test_a_failure_is_no_conclusion(tmp_path: Path) -> None:
    def fail() -> list[int]:
        raise RuntimeError("no reason")

    kept = KeptTexts(tmp_path)
    with pytest.raises(RuntimeError, match="no reason"):
        Conclusions(kept).of("numbers", NUMBERS, fail)
    assert Conclusions(kept).of("numbers", NUMBERS, WorkingOut()) == [1, 2]


@pytest.mark.parametrize("write", [covering_project, copied_project])
def test_a_project_opened_again_is_the_same_and_builds_no_expression(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    folder = write(tmp_path / "project")
    unkept, first = opened(folder, tmp_path / "file"), opened(folder, tmp_path / "cache")
    with (
        patch("pipelines.project.catalog.check_references", side_effect=AssertionError),
        patch("pipelines.steps.inputs.parents", side_effect=AssertionError),
        patch("pipelines.tables.lineage.parents", side_effect=AssertionError),
        patch("pipelines.steps.task.parents", side_effect=AssertionError),
    ):
        again = opened(folder, tmp_path / "cache")
    assert again == first == unkept


def opened(folder: Path, cache: Path) -> tuple[object, ...]:
    """All that is kept of a project, as a process has it that opens it."""
    (folder.parent / "file").touch()
    project = open_project(Settings(project=folder, cache=cache))
    tasks = plan(project)
    shown = [(task.step, task.name, task.outputs, task.inputs) for task in tasks]
    return shown, project.derived, origins_of_tables(project, tasks)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied_project(tmp_path / "project")


def test_another_process_finds_all_of_it(tmp_path: Path, project: Path) -> None:
    """Each process hashes in another order."""
    cache = tmp_path / "cache"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "HUILIU_CACHE": str(cache), "HUILIU_PROJECT": str(project)}
        subprocess.run([sys.executable, "-c", OPENED], check=True, env=environment, cwd=conclusions.PIPELINES.parent)
    assert len([path for path in cache.rglob("*") if path.is_file()]) == 4  # elements, references, models, origins


OPENED = """
from pipelines.project.workspace import open_project; from pipelines.settings import Settings
from pipelines.steps.plan import origins_of_tables, plan
project = open_project(Settings()); origins_of_tables(project, plan(project))
"""


def test_a_changed_declaration_and_a_changed_model_show(tmp_path: Path, project: Path) -> None:
    def columns() -> dict[str, str]:
        settings = Settings(project=project, cache=tmp_path / "cache")
        declared: Project = open_project(settings)
        [spec] = [spec for task in plan(declared) for spec in task.outputs if spec.id.path == "foundation/person/death"]
        return {column.name: column.title for column in spec.columns}

    before = columns()
    assert columns() == before
    edit(project / MODEL, "standing.select(", 'standing.mutate(also_on="died_on").select("also_on", ')
    assert columns() == {**before, "also_on": before["died_on"]}
    edit(project / DEATHS, before["died_on"], "离世日期")
    assert columns() == {**before, "died_on": "离世日期", "also_on": "离世日期"}


def test_a_moved_model_shows(tmp_path: Path, project: Path) -> None:
    """Its table and what flows back of it are named by the folder that its module stands in."""

    def tables(cache: Path) -> set[str]:
        declared: Project = open_project(Settings(project=project, cache=cache))
        return {table.path for table in origins_of_tables(declared, plan(declared))}

    cache = tmp_path / "cache"
    before = tables(cache)
    (project / "theme_dbs/shown").mkdir()
    (project / "theme_dbs/shown/__init__.py").write_bytes((project / "foundation_dbs/person/__init__.py").read_bytes())
    (project / "foundation_dbs/economy/disclosed_year.py").rename(project / "theme_dbs/shown/disclosed_year.py")
    after = tables(cache)
    assert after == tables(tmp_path / "another")
    assert before - after == {"foundation/economy/disclosed_year", "returns/economy/disclosed_year"}
    assert "theme/shown/disclosed_year" in after


def test_a_mistake_is_found_each_time_and_no_more_when_it_is_mended(tmp_path: Path, project: Path) -> None:
    kept = KeptTexts(tmp_path / "cache")
    read_catalog(project, kept)
    edit(project / CONTRACT, "name!", "nobody!")
    messages = []
    for texts in (kept, kept, None):
        with pytest.raises(DeclarationError) as raised:
            read_catalog(project, texts)
        messages.append(str(raised.value))
    assert messages == [messages[0]] * 3
    assert "household_registration.yml:" in messages[0]
    edit(project / CONTRACT, "nobody!", "name!")
    read_catalog(project, kept)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
