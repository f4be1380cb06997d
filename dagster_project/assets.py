"""The plan's tasks as Dagster assets: one multi-asset per task, with the checks that it makes of its own tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import dagster as dg

from dagster_project.checks import check_results, check_specs, problems_of
from dagster_project.described import asset_key, asset_specs, landing_key
from dagster_project.failures import told_without_values
from dagster_project.outcomes import described_outcome, described_tables, newest_delivery
from dagster_project.versions import data_version
from pipelines.project.catalogue_entry import AUTHORITY
from pipelines.project.workspace import Project, Workspace
from pipelines.steps.ingest import Ingested
from pipelines.steps.log import log_outcome
from pipelines.steps.plan import origins_of_tables
from pipelines.steps.retire import check_declared
from pipelines.steps.task import Origins, Step, Task
from pipelines.tables.layout import TableId

Events = Iterator[dg.MaterializeResult]


def assets_of(project: Project, tasks: tuple[Task, ...]) -> list[dg.AssetsDefinition]:
    """One definition per task."""
    agencies, origins = _agencies(tasks), origins_of_tables(project, tasks)
    return [_asset(project, task, agencies, origins) for task in tasks]


def _agencies(tasks: tuple[Task, ...]) -> Mapping[TableId, tuple[str, ...]]:
    """Per table the agencies that answer for it: a source's providers, then whoever is responsible upstream.

    What is made of the catalogue alone is answered for by who reviews the catalogue.
    """
    owners: dict[TableId, tuple[str, ...]] = {}
    answers: dict[TableId, list[str]] = {}
    for task in tasks:
        if task.contract:
            owning, answering = task.contract.providers, [task.contract.responsible]
        else:
            answering = list(dict.fromkeys(name for table in task.inputs for name in answers[table]))
            owning = tuple(answering) or (AUTHORITY,)
        for spec in task.outputs:
            owners[spec.id], answers[spec.id] = owning, answering
    return owners


def _asset(
    project: Project,
    task: Task,
    agencies: Mapping[TableId, tuple[str, ...]],
    origins: Mapping[TableId, Origins],
) -> dg.AssetsDefinition:
    name = "_".join([task.step.value, *(task.name.split("/") if task.name else ())])

    @dg.multi_asset(
        name=name,
        specs=asset_specs(project, task, agencies, origins),
        check_specs=check_specs(project.catalog, task),
        required_resource_keys={"workspace"},
    )
    def work(context) -> Events:  # type: ignore[no-untyped-def]
        yield from _done(context, task)

    return work


def _done(context: dg.AssetExecutionContext, task: Task) -> Events:
    from pipelines.service.outcomes import note_outcomes  # SQLAlchemy with it, which definitions need not wait for

    workspace: Workspace = context.resources.workspace
    with told_without_values(f"{task.step} {task.name}"):
        if task.step == Step.INGEST:  # what all other tasks come after
            check_declared(workspace)
        began = time.monotonic()
        outcome = task.work(workspace)
        log_outcome(workspace.settings, task, outcome, time.monotonic() - began)
        if task.step == Step.STANDARDISE:
            note_outcomes(workspace)
        described, done = described_tables(workspace, task), described_outcome(task, outcome)
        versions = {asset_key(spec.id): data_version(workspace.lake, [spec.id]) for spec in task.outputs}
        checked = list(check_results(workspace, task, problems_of(outcome)))
        delivered = newest_delivery(workspace.lake, task.name) if isinstance(outcome, Ingested) else None
    if isinstance(outcome, Ingested) and outcome.new and delivered:
        # The delivery itself is the event that a contract's frequency is about: a run without one must not count.
        context.log_event(delivered.event(landing_key(task.name)))
    for key, metadata in described.items():
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=metadata | done.get(key, {}),
            check_results=[check for check in checked if check.asset_key == key],
            data_version=dg.DataVersion(versions[key]),
        )
