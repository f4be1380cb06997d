"""What a table holds and what a task did to it, as the metadata that Dagster keeps of each materialisation."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dagster_project.described import asset_key
from dagster_project.versions import DATA_VERSION
from pipelines import clock
from pipelines.engines import delta_files
from pipelines.lake.lake import Lake
from pipelines.lake.refresh import Refreshed
from pipelines.project.workspace import Workspace
from pipelines.reports.summary import summarise_source
from pipelines.rules.verdicts import batches_of
from pipelines.steps.ingest import Ingested
from pipelines.steps.release import Released
from pipelines.steps.return_flow import CITY
from pipelines.steps.standardise import Standardised
from pipelines.steps.task import Outcome, Step, Tables, Task
from pipelines.tables.specs import RELEASES
from pipelines.tables.table import TableSpec

Metadata = dict[str, Any]
TOLD_IN_TIME = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Delivered:
    """The newest delivery of a source: the batch that it became, its file and rows, and when it was received."""

    batch: str
    file: str
    rows: int
    received_at: datetime.datetime

    def event(self, landing: dg.AssetKey) -> dg.AssetMaterialization | dg.AssetObservation:
        """One that freshness counts from, unless it is told so late that it would make an old delivery look new."""
        is_new = clock.now() - self.received_at < TOLD_IN_TIME
        kind = dg.AssetMaterialization if is_new else dg.AssetObservation
        received = dg.MetadataValue.timestamp(self.received_at)
        metadata: Metadata = {"batch": self.batch, "file": self.file, "rows": self.rows, "received_at": received}
        return kind(landing, metadata=metadata, tags={DATA_VERSION: self.batch})


def newest_delivery(lake: Lake, source: str) -> Delivered | None:
    batches = batches_of(lake, source)
    if not batches:
        return None
    newest = batches[-1]
    return Delivered(newest.batch, newest.file, newest.rows, newest.received_at)


def described_tables(workspace: Workspace, task: Task) -> dict[dg.AssetKey, Metadata]:
    """Each asset of the task with what the lake says of it, whoever wrote it."""
    counts = _gate_counts(workspace, task) if task.step == Step.STANDARDISE else {}
    return {asset_key(spec.id): _stored(workspace, task, spec) | counts for spec in task.outputs}


def described_outcome(task: Task, outcome: Outcome) -> Mapping[dg.AssetKey, Metadata]:
    """Each asset of the task with what this run did to it."""
    first = asset_key(task.outputs[0].id)
    match outcome:
        case Ingested():
            return {first: _ingested(outcome)}
        case Released():
            return {first: {"release": outcome.number, "is_new": outcome.new}}
        case Standardised() | Tables():
            return {asset_key(done.table): _refreshed(done) for done in outcome.refreshed}
    raise TypeError(f"{task.step} {task.name} did {type(outcome).__name__}, which has no description here")


def _stored(workspace: Workspace, task: Task, table: TableSpec) -> Metadata:
    """Rows, version and place of a table, and when its rows came to be what they are; the rows of each city, too."""
    lake = workspace.lake
    state = lake.state(table.id)
    described: Metadata = {
        "dagster/row_count": lake.row_count(table.id),
        "dagster/uri": lake.uri(table.id),
        "version": state.version if state else None,
    }
    if state and (moment := state.written_at):
        described["written_at"] = dg.MetadataValue.timestamp(moment)
    if task.step == Step.RETURN_FLOW:
        described["cities"] = _cities(workspace, table)
    return described | (_released(lake) if task.step == Step.RELEASE else {})


def _cities(workspace: Workspace, table: TableSpec) -> dg.MetadataValue:
    state = workspace.lake.state(table.id)
    rows = delta_files.rows_by(state.delta, CITY.name) if state else {}
    titles = {code: city.title for code, city in workspace.catalog.cities.items()}
    records = [
        dg.TableRecord({"city": city, "title": title, "rows": rows.get(city, 0)}) for city, title in titles.items()
    ]
    return dg.MetadataValue.table(records)


def _released(lake: Lake) -> Metadata:
    releases = lake.read(RELEASES)
    newest = releases.filter(releases.release == releases.release.max())
    (found,) = lake.engine.rows(newest.agg(release=newest.release.max(), tables=newest.count()))
    return found


def _ingested(outcome: Ingested) -> Metadata:
    return {
        "files_new": outcome.new,
        "files_known": outcome.known,
        "files_still_written": len(outcome.waiting),
        "rows_new": outcome.rows,
        "problems": len(outcome.problems),
    }


def _gate_counts(workspace: Workspace, task: Task) -> Metadata:
    """Over the batches that count: `rejects` are quarantined rows, `reject_share` of all rows judged."""
    assert task.contract
    counted = summarise_source(workspace.lake, task.contract)
    judged = counted.accepted + counted.quarantined
    return {
        "accepted": counted.accepted,
        "flagged": counted.flagged,
        "rejects": counted.quarantined,
        "reject_share": counted.quarantined / judged if judged else 0.0,
        "rows_held": counted.held,
    }


def _refreshed(done: Refreshed) -> Metadata:
    return {
        "reason": done.reason,
        "upserted": done.upserted,
        "deleted": done.deleted,
        "seconds": round(done.seconds, 3),
    }
