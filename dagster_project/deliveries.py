"""What agencies deliver, as assets that must stay fresh: the sensor that sees new files, the schedule for tables."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg

from dagster_project.described import group, landing_key, provenance
from dagster_project.failures import told_without_values
from dagster_project.opened import opened_lake
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.operations.due import DUE, REALTIME
from pipelines.settings import PEOPLE_TIME, Settings
from pipelines.steps.landing import batch_of, file_hash, lying_for, ready_files, unopened
from pipelines.tables.specs import BATCHES

# The moments of `pipelines.operations.due`, as Dagster says them.
DEADLINES: Mapping[str, str] = {
    "daily": "0 9 * * *",
    "weekly": "0 9 * * 1",
    "monthly": "0 9 1 * *",
    "quarterly": "0 9 1 1,4,7,10 *",
    "yearly": "0 9 1 1 *",
}
RUN_KEY_TAG = "dagster/run_key"
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0  # seconds from asking for a run that failed to asking again
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
            group_name=group("landing", contract.database),
            description=f"**{contract.title}**\n\n{_delivered(contract)} {contract.system}, {contract.update}.",
            owners=[f"team:{name}" for name in contract.providers],
            kinds={"postgres" if contract.table else "file", "landing"},
            tags={"huiliu/layer": "landing", "huiliu/database": contract.database, "huiliu/source": contract.name},
            metadata={"legal_basis": contract.legal_basis, "update": contract.update, "sharing": contract.sharing}
            | provenance(catalog, contract.providers, contract),
            freshness_policy=freshness(contract),
        )
        for contract in catalog.contracts.values()
    ]


def _delivered(contract: Contract) -> str:
    return f"Rows of the table `{contract.table.name}` of" if contract.table else "Files as delivered from"


def freshness(contract: Contract) -> dg.FreshnessPolicy:
    """When a delivery is overdue, by the contract's update frequency and the clock of Asia/Shanghai."""
    return _freshness(contract.update)


@functools.cache
def _freshness(update: str) -> dg.FreshnessPolicy:
    if update == "realtime":
        return dg.FreshnessPolicy.time_window(fail_window=REALTIME)
    window = datetime.timedelta(days=DUE[update][1])
    return dg.FreshnessPolicy.cron(DEADLINES[update], window, timezone=str(PEOPLE_TIME))


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
            should_execute=is_idle,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Reads what is new in the tables of front-end databases that are due in real time.",
        )
    ]


def is_idle(context: dg.ScheduleEvaluationContext | dg.SensorEvaluationContext) -> bool:
    """Whether no run waits or works: one run at a time is all there is, and a longer one would gather a queue."""
    return not context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED), limit=1)


def delivery_sensor(job: dg.UnresolvedAssetJobDefinition, sources: Collection[Contract]) -> dg.SensorDefinition:
    """A sensor that asks for a run when a settled file of unknown content lies in a landing folder."""

    @dg.sensor(
        name="new_deliveries",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a run when a source has delivered a file that was not seen before, or rows were pushed; "
        "again where that run failed.",
    )
    def new_deliveries(context: Any) -> dg.SensorResult | dg.SkipReason:
        from pipelines.database.connection import ServiceError
        from pipelines.service.deliver import deliver_pushed

        before = _Cursor.of(context.cursor)
        try:
            deliver_pushed(Settings())
        except ServiceError as error:  # files are taken all the same
            context.log.warning(str(error))
        found = _found(sources, before.files, context.log.warning)
        lying = _contents(found)
        cursor = _Cursor(found, [ask for ask in before.asks if ask.state(context.instance) == "under way"])
        failed = [ask for ask in before.asks if ask.state(context.instance) == "failed" and ask.files & lying]
        due = [ask for ask in failed if ask.is_due]
        cursor.asks += [ask for ask in failed if ask not in due]
        files = _unknown(lying - _contents(before.files)).union(*(ask.files & lying for ask in due))
        if not files:
            context.update_cursor(cursor.to_json())
            return dg.SkipReason("no new files")
        cursor.asks.append(ask := _Ask.for_files(files, 1 + max((earlier.tries for earlier in due), default=0)))
        tags = {"huiliu/delivered": ", ".join(sorted({source for source, _ in files}))}
        return dg.SensorResult([dg.RunRequest(run_key=ask.run_key, tags=tags)], cursor=cursor.to_json())

    return new_deliveries


def _unknown(files: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of some contents (source, hash) that no run has taken into the lake, here or outside Dagster."""
    settings = Settings()
    if not files:
        return files
    with told_without_values("new_deliveries"), opened_lake(settings) as lake:
        listed = {row["batch"] for row in lake.engine.rows(lake.read(BATCHES).select("batch"))}
    return {file for file in files if batch_of(*file) not in listed}


@dataclass(frozen=True)
class _Ask:
    """A run that was asked for: for which contents (source, hash), the how manyth time, and when (seconds since 1970).

    Dagster makes no second run for a key, so each try has one of its own.
    """

    run_key: str
    files: frozenset[tuple[str, str]]
    tries: int
    at: float

    @classmethod
    def for_files(cls, files: set[tuple[str, str]], tries: int) -> _Ask:
        key = hashlib.sha256(json.dumps(sorted(files)).encode()).hexdigest()
        now = time.time()
        return cls(key if tries == 1 else f"{key}-{tries}-{now:.0f}", frozenset(files), tries, now)

    @property
    def is_due(self) -> bool:
        """Whether the pause after a failure is over: each is twice as long, so that what cannot work fills no queue."""
        return time.time() - self.at >= min(FIRST_PAUSE * 2 ** (self.tries - 1), LONGEST_PAUSE)

    def state(self, instance: dg.DagsterInstance) -> Literal["under way", "failed", "done"]:
        runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: self.run_key}), limit=1)
        if not runs:  # somebody has removed it, or it is not there yet
            return "under way" if time.time() - self.at < LONGEST_PAUSE else "done"
        if runs[0].status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
            return "failed"
        return "under way" if runs[0].status != dg.DagsterRunStatus.SUCCESS else "done"


@dataclass
class _Cursor:
    """What the sensor keeps between two looks: the files that lay there, and the runs that it asked for."""

    files: dict[str, dict[str, Any]]
    asks: list[_Ask]

    @classmethod
    def of(cls, text: str | None) -> _Cursor:
        cursor = json.loads(text or "{}")
        if "files" not in cursor:  # written before runs were kept in mind
            return cls(cursor, [])
        asks = [
            _Ask(kept["key"], frozenset(map(tuple, kept["files"])), kept["tries"], kept["at"])
            for kept in cursor["asks"]
        ]
        return cls(cursor["files"], asks)

    def to_json(self) -> str:
        asks = [{"key": ask.run_key, "files": sorted(ask.files), "tries": ask.tries, "at": ask.at} for ask in self.asks]
        return json.dumps({"files": self.files, "asks": asks}, ensure_ascii=False, sort_keys=True)


def _contents(files: Mapping[str, Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(name.partition("/")[0], file["sha256"]) for name, file in files.items()}


def _found(
    sources: Iterable[Contract], seen: Mapping[str, Mapping[str, Any]], log: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Per file its hash. A file's size and time only save hashing it again: what counts is its content."""
    settings = Settings()
    found = {}
    for contract in sources:
        for problem in lying_for(settings.landing, contract)[1]:
            log(str(problem))
        for lying, state in ready_files(settings, contract):
            name = lying.path.relative_to(settings.landing).as_posix()
            same = {"size": state.st_size, "changed": state.st_mtime_ns}
            before = seen.get(name, {})
            is_same = same.items() <= before.items()
            try:
                found[name] = {**same, "sha256": before["sha256"] if is_same else file_hash(lying.path)}
            except OSError as error:
                log(str(unopened(lying.path, error).renamed(f"{contract.name}/{lying.shown}")))
    return found
