"""What `huiliu run`, `watch` and `gate` do to the lake outside Dagster, told to it as events without a run.

The lake is the truth: an event is due where Dagster's last one on an asset is about other rows, or other versions of
its inputs, than the table's log says. So each is told once, and what a run of Dagster's own wrote is not told again.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from dagster_project.checks import AS_OF, check_results, check_specs, evidence
from dagster_project.deliveries import is_idle
from dagster_project.described import asset_key, landing_key
from dagster_project.failures import told_without_values
from dagster_project.opened import opened_lake
from dagster_project.outcomes import described_tables, newest_delivery
from dagster_project.versions import DATA_VERSION, data_version, input_versions, says_same, version_tags
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Project, Workspace, no_lake
from pipelines.rules.verdicts import batches_of
from pipelines.settings import Settings
from pipelines.steps.task import Step, Task
from pipelines.tables.specs import BATCHES, RULE_RESULTS, VERDICTS

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation
Checks = Mapping[tuple[Step, str], Sequence[dg.AssetCheckSpec]]  # by step and name of the task that makes them
UNDER_WAY = "a run is under way, and tells what it writes by itself"


def outside_sensor(project: Project, tasks: Sequence[Task]) -> dg.SensorDefinition:
    """A sensor that reports what others wrote into the lake; `tasks` is the plan of the declarations."""
    checks = {(task.step, task.name): check_specs(project.catalog, task) for task in tasks}

    @dg.sensor(
        name="written_outside",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what `huiliu run`, `huiliu watch` and `huiliu gate` did to the lake outside Dagster: "
        "materialisations and checks, each once per version of its table.",
    )
    def written_outside(context: Any) -> dg.SensorResult | dg.SkipReason:
        if not is_idle(context):
            return dg.SkipReason(UNDER_WAY)
        settings = Settings()
        with told_without_values("written_outside"), opened_lake(settings) as lake:
            if not lake.is_written:
                return dg.SkipReason(str(no_lake(settings)))
            seen = _seen(lake, tasks, itertools.chain(*checks.values()))
            if seen == context.cursor:
                return dg.SkipReason("nothing was written since the last look")
            workspace = Workspace(settings, project.catalog, project.models, lake, derived=project.derived)
            events = list(_Teller(workspace, context.instance, tasks, checks).events())
        if not is_idle(context):  # one that began meanwhile may have written some of it
            return dg.SkipReason(UNDER_WAY)
        summary = f"{len(events)} events told of what was written outside Dagster"
        return dg.SensorResult(asset_events=events, cursor=seen, skip_reason=summary)

    return written_outside


def _seen(lake: Lake, tasks: Sequence[Task], checks: Iterable[dg.AssetCheckSpec]) -> str:
    """What stays the same until somebody commits to the lake or declares a check. A look; telling takes queries."""
    tables = [*(spec.id for task in tasks for spec in task.outputs), BATCHES.id, VERDICTS.id, RULE_RESULTS.id]
    states = [(state.table_id, state.version) if (state := lake.state(table)) else None for table in tables]
    return hashlib.sha256(repr((lake.root, states, sorted(str(spec.key) for spec in checks))).encode()).hexdigest()


class _Teller:
    """The events that are due, in the order of the data's way: what they say is as new as what they follow from."""

    def __init__(
        self, workspace: Workspace, instance: dg.DagsterInstance, tasks: Sequence[Task], checks: Checks
    ) -> None:
        self._workspace, self._instance, self._tasks = workspace, instance, tasks
        keys = [asset_key(spec.id) for task in tasks for spec in task.outputs]
        keys += [landing_key(name) for name in workspace.catalog.contracts]
        self._tags = _tags_of_last(instance, keys)
        self._specs = checks
        self._as_of = _as_of_last(instance, [spec.key for specs in self._specs.values() for spec in specs])

    def events(self) -> Iterator[Event]:
        for task in self._tasks:
            yield from self._delivered(task)
            yield from self._materialised(task)
            yield from self._checked(task)

    def _delivered(self, task: Task) -> Iterator[Event]:
        if task.step != Step.INGEST or not (delivered := newest_delivery(self._workspace.lake, task.name)):
            return
        landing = landing_key(task.name)
        observed = self._instance.fetch_observations(landing, limit=1).records
        known = [
            self._tags.get(landing, {}),
            *(record.asset_observation.tags for record in observed if record.asset_observation),
        ]
        if delivered.batch not in [tags.get(DATA_VERSION) for tags in known]:
            yield delivered.event(landing)

    def _materialised(self, task: Task) -> Iterator[Event]:
        lake, due = self._workspace.lake, {}
        for spec in task.outputs:
            key = asset_key(spec.id)
            if lake.exists(spec.id):
                own, inputs = data_version(lake, [spec.id]), input_versions(lake, task, spec.id)
                if not says_same(self._tags.get(key, {}), own, inputs):
                    due[key] = version_tags(own, inputs, self._tags)
        described = described_tables(self._workspace, task) if due else {}
        for key, tags in due.items():
            self._tags[key] = tags
            yield dg.AssetMaterialization(
                key, description="written outside Dagster", metadata=described[key], tags=tags
            )

    def _checked(self, task: Task) -> Iterator[Event]:
        lake = self._workspace.lake
        was_delivered = task.contract is not None and batches_of(lake, task.name)
        if not was_delivered and not any(lake.exists(spec.id) for spec in task.outputs):
            return
        as_of, specs = evidence(lake, task), self._specs[task.step, task.name]
        if all(self._as_of.get(spec.key) == as_of for spec in specs):
            return
        blocking = {spec.key: spec.blocking for spec in specs}
        for result in check_results(self._workspace, task):
            yield _evaluation(result, blocking)


def _evaluation(result: dg.AssetCheckResult, blocking: Mapping[dg.AssetCheckKey, bool]) -> dg.AssetCheckEvaluation:
    assert result.asset_key
    assert result.check_name
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
        blocking=blocking[dg.AssetCheckKey(result.asset_key, result.check_name)],
    )


def _tags_of_last(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]) -> dict[dg.AssetKey, Mapping[str, str]]:
    """What Dagster's last materialisation of each asset says of versions."""
    last = {record.asset_entry.asset_key: record.asset_entry for record in instance.get_asset_records(list(keys))}
    found = {key: entry.last_materialization for key, entry in last.items()}
    return {
        key: event.asset_materialization.tags or {}
        for key, event in found.items()
        if event and event.asset_materialization
    }


def _as_of_last(instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]) -> dict[dg.AssetCheckKey, Any]:
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    evaluations = {key: record.evaluation for key, record in records.items() if record.evaluation}
    return {
        key: evaluation.metadata[AS_OF].value for key, evaluation in evaluations.items() if AS_OF in evaluation.metadata
    }
