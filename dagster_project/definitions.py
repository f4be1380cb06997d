"""Everything that Dagster is told: `dagster dev -w workspace.yaml` and `-m dagster_project.definitions` load this."""

from __future__ import annotations

import dagster as dg

from dagster_project.assets import assets_of
from dagster_project.deliveries import delivery_sensor, landing_assets, table_schedule
from dagster_project.failures import told_without_values
from dagster_project.opened import opened_workspace
from dagster_project.outside import outside_sensor
from pipelines.errors import with_todo
from pipelines.operations.deep import examine_files
from pipelines.operations.maintenance import maintain
from pipelines.project.workspace import open_project
from pipelines.settings import PEOPLE_TIME, Settings
from pipelines.steps.plan import plan


@dg.op(required_resource_keys={"workspace"})
def maintain_tables(context) -> None:  # type: ignore[no-untyped-def]
    """Small files, logs and change data under HUILIU_RETENTION."""
    with told_without_values("maintain"):
        done = maintain(context.resources.workspace)
    context.log.info(f"{len(done)} tables, {sum(table.changed for table in done)} of them touched")


@dg.job(description="Small files are put together, and what is older than the retention is removed. No row changes.")
def maintenance() -> None:
    maintain_tables()


@dg.op
def look_at_files(context) -> None:  # type: ignore[no-untyped-def]
    """Each file that the lake names; fails with all that is wrong."""
    with told_without_values("examine"):
        checks = list(examine_files(Settings()))
    context.log.info(checks[-1].found)
    if bad := [check for check in checks[:-1] if check.state == "bad"]:
        faults = "; ".join(with_todo(f"{check.name}: {check.found}", check.todo) for check in bad)
        raise dg.Failure(faults, allow_retries=False)


@dg.job(
    description="Every file that the lake names is there, whole and readable: what `huiliu doctor --deep` looks at."
)
def examination() -> None:
    look_at_files()


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions of all that a project declares; raises DeclarationError, reads nothing of the lake."""
    project = open_project(settings)
    tasks = plan(project)
    everything = dg.define_asset_job(
        "everything",
        selection=dg.AssetSelection.all(),
        description="Landing to returns, then a release: what `huiliu run` does.",
    )
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=everything,
        cron_schedule="30 2 * * *",
        execution_timezone=str(PEOPLE_TIME),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Takes in what people decided and settled, new rows of tables, and what the sensor could not.",
    )
    weekly = dg.ScheduleDefinition(
        name="maintenance",
        job=maintenance,
        cron_schedule="30 4 * * 0",
        execution_timezone=str(PEOPLE_TIME),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Keeps small files, logs and change data in check: what `huiliu maintain` does.",
    )
    deep = dg.ScheduleDefinition(
        name="examination",
        job=examination,
        cron_schedule="30 5 * * 0",
        execution_timezone=str(PEOPLE_TIME),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads every file that the lake names: what `huiliu doctor --deep` does.",
    )
    return dg.Definitions(
        assets=[*landing_assets(project.catalog), *assets_of(project, tasks)],
        jobs=[everything, maintenance, examination],
        sensors=[delivery_sensor(everything, project.catalog.contracts.values()), outside_sensor(project, tasks)],
        schedules=[nightly, weekly, deep, *table_schedule(everything, project.catalog.contracts.values())],
        resources={"workspace": opened_workspace},
        executor=dg.in_process_executor,
    )


defs = build_definitions(Settings())
