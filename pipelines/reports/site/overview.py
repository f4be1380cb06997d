"""What the index shows beside sources and agencies: the latest release and the golden records' counts."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.project.workspace import Workspace
from pipelines.reports.site.agencies import AgencyPage
from pipelines.reports.site.batches import Batch, Deliveries
from pipelines.reports.site.disputes import Override, overrides
from pipelines.reports.site.sources import Source
from pipelines.reports.summary import RecordSummary, summarise_record
from pipelines.steps.return_flow import Unreturned, flows, unreturned
from pipelines.steps.tables import integrated_tables
from pipelines.tables.layout import TableId
from pipelines.tables.specs import RELEASES


@dataclass(frozen=True)
class ReleasedTable:
    """A foundation or theme table of the release."""

    table: TableId
    title: str
    version: int
    rows: int


@dataclass(frozen=True)
class Release:
    """The latest release: its own tables one by one, those that flow back in one number."""

    number: int
    released_at: datetime.datetime
    tables: list[ReleasedTable]
    returned: int


@dataclass(frozen=True)
class Overview:
    """The whole lake on one page. `day` is the last day of receipt, None where nothing was ever delivered."""

    day: datetime.date | None
    today: list[Batch]
    held: list[Batch]
    sources: Sequence[Source]
    records: list[RecordSummary]
    agencies: Sequence[AgencyPage]
    unreturned: list[Unreturned]
    settled: list[tuple[RecordSummary, list[Override]]]
    release: Release | None
    validations: int

    @property
    def delivered_sources(self) -> int:
        return sum(1 for source in self.sources if source.summary.batches)

    def total(self, count: str) -> int:
        """A count of the sources' summaries over all of them."""
        return sum(getattr(source.summary, count) for source in self.sources)

    def records_total(self, count: str) -> int:
        return sum(getattr(record, count) for record in self.records)


def read_overview(
    workspace: Workspace,
    deliveries: Deliveries,
    sources: Sequence[Source],
    agencies: Sequence[AgencyPage],
    validations: int,
) -> Overview:
    day = deliveries.latest_day
    records = [(record, summarise_record(workspace, record)) for record in workspace.catalog.records.values()]
    settled = [(summary, overrides(workspace, record)) for record, summary in records]
    return Overview(
        day=day,
        today=deliveries.received_on(day) if day else [],
        held=deliveries.held,
        sources=sources,
        records=[summary for _, summary in records],
        agencies=agencies,
        unreturned=[unreturned(workspace, flow) for flow in flows(workspace)],
        settled=[(summary, words) for summary, words in settled if words],
        release=_latest_release(workspace),
        validations=validations,
    )


def _latest_release(workspace: Workspace) -> Release | None:
    entries = workspace.lake.read(RELEASES)
    rows = workspace.lake.engine.rows(entries.filter(entries.release == entries.release.max()).order_by("table"))
    if not rows:
        return None
    own = {spec.id.path: spec for spec in integrated_tables(workspace)}
    tables = [
        ReleasedTable(own[row["table"]].id, own[row["table"]].title, row["version"], row["rows"])
        for row in rows
        if row["table"] in own
    ]
    return Release(rows[0]["release"], rows[0]["released_at"], tables, len(rows) - len(tables))
