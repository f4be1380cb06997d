"""The lake's state in numbers: per source what came in and what became of it, and how much foundation holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import batches_of, gate_verdicts, verdicts_of
from pipelines.tables.specs import conflict_spec, finding_spec, golden_spec


@dataclass(frozen=True)
class SourceSummary:
    """Rows of one source over all its batches. `held` rows wait for a decision and are in no other count but `rows`."""

    source: str
    title: str
    batches: int
    rows: int
    accepted: int
    flagged: int
    quarantined: int
    held: int
    verdicts: dict[str, int]


@dataclass(frozen=True)
class RecordSummary:
    """A golden record's table: keys, attributes in conflict, and findings of its database."""

    record: str
    title: str
    golden: int
    conflicts: int
    findings: int


def summarise_source(lake: Lake, contract: Contract) -> SourceSummary:
    """Counts from the gate's own verdicts; a batch's rows move from held to accepted when it is released."""
    batches = batches_of(lake, contract.name)
    last = verdicts_of(lake, contract.name)
    judged = {row["batch"]: row for row in gate_counts(lake, contract.name)}
    standing = [judged[batch] for batch, verdict in last.items() if verdict in ("passed", "released")]
    waiting = [judged[batch] for batch, verdict in last.items() if verdict == "held"]
    verdicts: dict[str, int] = {}
    for verdict in last.values():
        verdicts[verdict] = verdicts.get(verdict, 0) + 1

    def total(rows: list[dict[str, Any]], name: str) -> int:
        return sum(row[name] for row in rows)

    return SourceSummary(
        source=contract.name,
        title=contract.title,
        batches=len(batches),
        rows=sum(batch["rows"] for batch in batches),
        accepted=total(standing, "accepted"),
        flagged=total(standing, "flagged"),
        quarantined=total(standing, "quarantined"),
        held=total(waiting, "rows"),
        verdicts=verdicts,
    )


def gate_counts(lake: Lake, source: str) -> list[dict[str, Any]]:
    """The gate's last verdict on each batch, with its counts; people's later decisions carry none."""
    return [*gate_verdicts(lake, source).values()]


def summarise_record(workspace: Workspace, record: GoldenRecord) -> RecordSummary:
    catalog, lake = workspace.catalog, workspace.lake
    conflicts = lake.read(conflict_spec(catalog, record))
    counts = [
        lake.read(golden_spec(catalog, record)).count(),
        conflicts.select(record.key, "attribute").distinct().count(),
        lake.read(finding_spec(catalog, record)).count(),
    ]
    golden, disputed, found = (int(lake.engine.scalar(count)) for count in counts)
    return RecordSummary(record.name, record.title, golden, disputed, found)
