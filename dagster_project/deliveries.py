"""What agencies deliver, as assets that must stay fresh: the sensor that sees new files, the schedule for tables."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dagster as dg

from dagster_project.described import landing_key
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.operations.due import DUE, REALTIME
from pipelines.readers import shown_name
from pipelines.service.database import ServiceError
from pipelines.service.deliver import deliver_pushed
from pipelines.settings import PEOPLE_TIME, Settings
from pipelines.steps.landing import file_hash, lying_in, ready_files, unopened

# The moments of `pipelines.operations.due`, as Dagster says them.
DEADLINES: Mapping[str, str] = {
    "daily": "0 9 * * *",
    "weekly": "0 9 * * 1",
    "monthly": "0 9 1 * *",
    "quarterly": "0 9 1 1,4,7,10 *",
    "yearly": "0 9 1 1 *",
}
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def landing_assets(catalog: Catalog) -> list[dg.AssetSpec]:
    """One asset per source that no run makes: agencies do."""
    return [
        dg.AssetSpec(
            landing_key(contract.name),
            group_name=contract.database,
            description=f"**{contract.title}**\n\n{_delivered(contract)} {contract.system}, {contract.update}.",
            owners=[f"team:{name}" for name in contract.providers],
            kinds={"postgres" if contract.table else "file"},
            tags={"huiliu/layer": "landing"},
            metadata={"legal_basis": contract.legal_basis, "update": contract.update, "sharing": contract.sharing},
            freshness_policy=freshness(contract),
        )
        for contract in catalog.contracts.values()
    ]


def _delivered(contract: Contract) -> str:
    return f"Rows of the table `{contract.table.name}` of" if contract.table else "Files as delivered from"


def freshness(contract: Contract) -> dg.FreshnessPolicy:
    """When a delivery is overdue, by the contract's update frequency and the clock of Asia/Shanghai."""
    if contract.update == "realtime":
        return dg.FreshnessPolicy.time_window(fail_window=REALTIME)
    window = datetime.timedelta(days=DUE[contract.update][1])
    return dg.FreshnessPolicy.cron(DEADLINES[contract.update], window, timezone=str(PEOPLE_TIME))


def table_schedule(job: dg.UnresolvedAssetJobDefinition, contracts: Iterable[Contract]) -> list[dg.ScheduleDefinition]:
    """A schedule where a front-end database's table is due in real time: it sends no file that a sensor could see.

    The other tables are read by the nightly run, which comes before every delivery is due.
    """
    if not any(contract.table and contract.update == "realtime" for contract in contracts):
        return []
    return [
        dg.ScheduleDefinition(
            name="realtime_tables",
            job=job,
            cron_schedule="*/5 * * * *",
            execution_timezone=str(PEOPLE_TIME),
            should_execute=_is_idle,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Reads what is new in the tables of front-end databases that are due in real time.",
        )
    ]


def _is_idle(context: dg.ScheduleEvaluationContext) -> bool:
    """Whether no run waits or works: one run at a time is all there is, and a longer one would gather a queue."""
    return not context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED), limit=1)


def delivery_sensor(job: dg.UnresolvedAssetJobDefinition, sources: list[str]) -> dg.SensorDefinition:
    """A sensor that asks for a run when a settled file of unknown content lies in a landing folder."""

    @dg.sensor(
        name="new_deliveries",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a run when a source has delivered a file that was not seen before, or rows were pushed.",
    )
    def new_deliveries(context: Any) -> dg.SensorResult | dg.SkipReason:
        seen: dict[str, dict[str, Any]] = json.loads(context.cursor or "{}")
        try:
            deliver_pushed(Settings())
        except ServiceError as error:  # files are taken all the same
            context.log.warning(str(error))
        found = _found(sources, seen, context.log.warning)
        known = {(name.partition("/")[0], one["sha256"]) for name, one in seen.items()}
        new = {(name.partition("/")[0], one["sha256"]) for name, one in found.items()} - known
        cursor = json.dumps(found, ensure_ascii=False, sort_keys=True)
        if not new:
            context.update_cursor(cursor)
            return dg.SkipReason("no new files")
        run_key = hashlib.sha256(json.dumps(sorted(new)).encode()).hexdigest()
        delivered_by = ", ".join(sorted({source for source, _ in new}))
        return dg.SensorResult(
            [dg.RunRequest(run_key=run_key, tags={"huiliu/delivered": delivered_by})],
            cursor=cursor,
        )

    return new_deliveries


def _found(
    sources: list[str], seen: Mapping[str, Mapping[str, Any]], told: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Per file its hash. A file's size and time only save hashing it again: what counts is its content."""
    settings = Settings()
    found = {}
    for source in sources:
        if problem := lying_in(settings.landing / source)[1]:
            told(str(problem))
        for path, state in ready_files(settings, source):
            name = f"{source}/{path.name}"
            same = {"size": state.st_size, "changed": state.st_mtime_ns}
            before = seen.get(name, {})
            is_same = same.items() <= before.items()
            try:
                found[name] = {**same, "sha256": before["sha256"] if is_same else file_hash(path)}
            except OSError as error:
                told(str(unopened(path, error).renamed(f"{source}/{shown_name(path)}")))
    return found
