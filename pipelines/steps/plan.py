"""The plan: every task of the way of the data in its order."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import Project
from pipelines.steps.collected_twice import duplicate_tasks
from pipelines.steps.derive import derive_tasks, find_tasks
from pipelines.steps.ingest import ingest_tasks
from pipelines.steps.integrate import integrate_tasks
from pipelines.steps.release import release_task
from pipelines.steps.return_flow import return_flow_tasks
from pipelines.steps.standardise import standardise_tasks
from pipelines.steps.task import Origins, Task
from pipelines.tables.layout import TableId

STEPS: tuple[Callable[[Project], Iterator[Task]], ...] = (
    ingest_tasks,
    standardise_tasks,
    integrate_tasks,
    derive_tasks,
    find_tasks,
    duplicate_tasks,
    return_flow_tasks,
)

Spelt = dict[str, dict[str, list[tuple[str, str]]]]  # origins, with tables by their paths


def plan(project: Project) -> tuple[Task, ...]:
    """Every task, in an order in which all inputs of a task come before it. Reads declarations only.

    Raises DeclarationError where two declarations would write one table.
    """
    tasks = [task for step in STEPS for task in step(project)]
    _check_writers(tasks)
    return (*_ordered(tasks), release_task(tasks))


def origins_of_tables(project: Project, tasks: Sequence[Task]) -> Mapping[TableId, Origins]:
    """Of every table that tasks of the project's plan write, where its columns come from."""
    found = project.conclusions.of("origins", TypeAdapter(Spelt), lambda: _spelt_origins(tasks))
    return {
        TableId.at(table): {
            column: frozenset((TableId.at(path), name) for path, name in parents) for column, parents in columns.items()
        }
        for table, columns in found.items()
    }


def _spelt_origins(tasks: Sequence[Task]) -> Spelt:
    return {
        table.path: {
            column: sorted((parent.path, name) for parent, name in parents) for column, parents in columns.items()
        }
        for task in tasks
        for table, columns in task.origins().items()
    }


def _check_writers(tasks: Sequence[Task]) -> None:
    writers: dict[TableId, Task] = {}
    for task in tasks:
        for spec in task.outputs:
            other = writers.setdefault(spec.id, task)
            if other is not task:
                place = next(iter((*task.declared_in, *other.declared_in)), Path(spec.id.path))
                raise DeclarationError(
                    place,
                    None,
                    f"{spec.id.path} would be written twice: by {task.step} {task.name} and by {other.step} "
                    f"{other.name}",
                    "give one of them another name or another database",
                )


def _ordered(tasks: Sequence[Task]) -> list[Task]:
    makers = {spec.id: place for place, task in enumerate(tasks) for spec in task.outputs}
    sorter = graphlib.TopologicalSorter(
        {place: {makers[table] for table in task.inputs} for place, task in enumerate(tasks)}
    )
    sorter.prepare()
    order: list[Task] = []
    # Step after step and not as deep as possible, so that what people see going on follows the way of the data.
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [tasks[place] for place in ready]
        sorter.done(*ready)
    return order
