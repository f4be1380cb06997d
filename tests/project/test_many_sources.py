"""The project of many sources, with which costs at rest are measured: every copy has tables of its own."""

from __future__ import annotations

from pathlib import Path

from benchmarks.many_sources import ROOT, write_landing, write_project
from pipelines.project.workspace import open_project
from pipelines.settings import Settings
from pipelines.steps.plan import plan
from pipelines.steps.task import Task


def _tasks(project: Path) -> list[Task]:
    """What is done for a source or a database; a release and what is collected twice are of the whole project."""
    tasks = plan(open_project(Settings(project=project)))
    return [task for task in tasks if task.step != "release" and task.group != "quality"]


def test_a_second_copy_has_every_table_of_the_first(tmp_path: Path) -> None:
    write_project(tmp_path, 2)
    own, both = _tasks(ROOT), _tasks(tmp_path)
    assert len(both) == 2 * len(own)
    tables = [spec.id for task in both for spec in task.outputs]
    assert len({*tables}) == len(tables) == 2 * sum(len(task.outputs) for task in own)
    of_first = {spec.id for task in own for spec in task.outputs}
    second = [task for task in both if not of_first & {spec.id for spec in task.outputs}]
    assert len(second) == len(own)
    # Forms of an identifier are gathered from whatever sources there are.
    read = {table for task in second for table in task.inputs if table.layer != "alias"}
    assert not of_first & read, "a copy reads its own tables alone"


def test_every_source_of_every_copy_is_delivered(tmp_path: Path) -> None:
    write_project(tmp_path, 2)
    write_landing(tmp_path, 2, people=500)
    delivered = {folder.name for folder in (tmp_path / "landing").iterdir() if any(folder.iterdir())}
    assert delivered == {*open_project(Settings(project=tmp_path)).catalog.contracts}
