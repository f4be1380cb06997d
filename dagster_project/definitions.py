"""Everything that Dagster is told: `dagster dev -w workspace.yaml` and `-m dagster_project.definitions` load this."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets import assets_of
from dagster_project.deliveries import delivery_sensor, landing_assets, table_schedule
from pipelines.quality.great_expectations import warm_up
from pipelines.settings import PEOPLE_TIME, Settings
from pipelines.steps.plan import declared_workspace, plan
from pipelines.steps.workspace import Workspace, open_workspace


@dg.resource(description="The lake and its engine, opened once per run; settings from HUILIU_* variables.")
def opened_workspace(_: dg.InitResourceContext) -> Iterator[Workspace]:
    warm_up()
    with open_workspace(Settings()) as workspace:
        yield workspace


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions of all that a project declares; raises DeclarationError, reads nothing of the lake."""
    declared = declared_workspace(settings)
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
        description="Takes in what people decided on held batches, new rows of tables, and what the sensor could not.",
    )
    return dg.Definitions(
        assets=[*landing_assets(declared.catalog), *assets_of(plan(declared), settings.engine)],
        jobs=[everything],
        sensors=[delivery_sensor(everything, list(declared.catalog.contracts))],
        schedules=[nightly, *table_schedule(everything, declared.catalog.contracts.values())],
        resources={"workspace": opened_workspace},
        executor=dg.in_process_executor,
    )


defs = build_definitions(Settings())
