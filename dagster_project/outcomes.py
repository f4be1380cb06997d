"""What a task did, as the metadata that Dagster keeps of each asset's materialisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from dagster_project.described import asset_key
from pipelines.lake.refresh import Refreshed
from pipelines.quality.summary import summarise_source
from pipelines.steps.ingest import Ingested
from pipelines.steps.plan import Outcome, Task
from pipelines.steps.release import Released
from pipelines.steps.standardise import Standardised
from pipelines.steps.workspace import Workspace

Metadata = dict[str, Any]


def described_outcome(workspace: Workspace, task: Task, outcome: Outcome) -> Iterator[tuple[dg.AssetKey, Metadata]]:
    """Each asset of the task with its metadata."""
    first = task.outputs[0]
    match outcome:
        case Ingested():
            yield asset_key(first.id), _ingested(outcome) | _stored(workspace, task)
        case Released():
            yield (
                asset_key(first.id),
                {"release": outcome.number, "tables": outcome.tables, "is_new": outcome.new} | _stored(workspace, task),
            )
        case Standardised():
            counts = _gate_counts(workspace, task)
            for one in outcome.refreshed:
                yield asset_key(one.table), _refreshed(workspace, one) | counts
        case _ if task.step == "return_flow":
            yield asset_key(first.id), _returned(workspace, outcome)
        case _:
            for one in outcome:
                yield asset_key(one.table), _refreshed(workspace, one)


def _stored(workspace: Workspace, task: Task) -> Metadata:
    table = task.outputs[0].id
    return {"dagster/row_count": workspace.lake.row_count(table), "dagster/uri": workspace.lake.uri(table)}


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


def _refreshed(workspace: Workspace, done: Refreshed) -> Metadata:
    return {
        "dagster/row_count": done.rows,
        "dagster/uri": workspace.lake.uri(done.table),
        "reason": done.reason,
        "version": done.version,
        "upserted": done.upserted,
        "deleted": done.deleted,
        "seconds": round(done.seconds, 3),
    }


def _returned(workspace: Workspace, cities: Sequence[Refreshed]) -> Metadata:
    """Sums over the cities, and a line per city."""
    titles = {code: city.title for code, city in workspace.catalog.cities.items()}
    rows = [
        dg.TableRecord(
            {
                "city": one.table.folders[0],
                "title": titles[one.table.folders[0]],
                "rows": one.rows,
                "upserted": one.upserted,
                "deleted": one.deleted,
                "version": one.version,
                "reason": one.reason,
            }
        )
        for one in cities
    ]
    return {
        "dagster/row_count": sum(one.rows for one in cities),
        "cities": dg.MetadataValue.table(rows),
        "upserted": sum(one.upserted for one in cities),
        "deleted": sum(one.deleted for one in cities),
        "seconds": round(sum(one.seconds for one in cities), 3),
    }
