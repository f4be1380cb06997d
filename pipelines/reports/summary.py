"""The lake's state in numbers: per source what came in and what became of it, and how much foundation holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import by_gate, last_verdicts
from pipelines.tables.specs import BATCHES, conflict_spec, finding_spec, golden_spec
from pipelines.tables.verdict import ACCEPTED, Verdict

OF_BATCH = "_of_batch"
COUNTS = ("rows", "accepted", "flagged", "quarantined")


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
    """As `summarise_sources`, of one."""
    return summarise_sources(lake, [contract])[0]


def summarise_sources(lake: Lake, contracts: Sequence[Contract]) -> list[SourceSummary]:
    """Counts from the gate's own verdicts; a batch's rows move from held to accepted when it is released."""
    names = [contract.name for contract in contracts]
    batches = lake.read(BATCHES)
    batches = batches.filter(batches.source.isin(names))
    delivered = batches.group_by("source").agg(batches=batches.count(), rows=batches["rows"].sum())
    in_all = {row["source"]: row for row in lake.engine.rows(delivered)}
    counted = by_gate(lake).select(**{OF_BATCH: "batch"}, **{name: name for name in COUNTS})
    last = last_verdicts(lake)
    last = last.filter(last.source.isin(names)).select("source", "batch", "verdict")
    judged = last.inner_join(counted, [("batch", OF_BATCH)])
    totals = {name: judged[name].sum() for name in COUNTS}
    counts: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in names}
    for row in lake.engine.rows(judged.group_by("source", "verdict").agg(batches=judged.count(), **totals)):
        counts[row["source"]][row["verdict"]] = row
    return [_summary(contract, in_all.get(contract.name), counts[contract.name]) for contract in contracts]


def _summary(
    contract: Contract, delivered: Mapping[str, Any] | None, judged: Mapping[str, Mapping[str, Any]]
) -> SourceSummary:
    def total(name: str, *verdicts: Verdict) -> int:
        return sum(int(judged[verdict][name] or 0) for verdict in verdicts if verdict in judged)

    return SourceSummary(
        source=contract.name,
        title=contract.title,
        batches=int(delivered["batches"]) if delivered else 0,
        rows=int(delivered["rows"] or 0) if delivered else 0,
        accepted=total("accepted", *ACCEPTED),
        flagged=total("flagged", *ACCEPTED),
        quarantined=total("quarantined", *ACCEPTED),
        held=total("rows", Verdict.HELD),
        verdicts={verdict: int(row["batches"]) for verdict, row in judged.items()},
    )


def summarise_record(workspace: Workspace, record: GoldenRecord) -> RecordSummary:
    catalog, lake = workspace.catalog, workspace.lake
    disputed = lake.distinct_rows(conflict_spec(catalog, record), [*record.key, "attribute"])
    golden, found = (lake.row_count(spec(catalog, record).id) for spec in (golden_spec, finding_spec))
    return RecordSummary(record.name, record.title, golden, disputed, found)
