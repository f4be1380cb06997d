"""The delivered batches of the lake with their verdicts, as the pages show them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from pipelines.declarations.contract import Contract
from pipelines.project.workspace import Workspace
from pipelines.reports.site.words import UNJUDGED, batch_rule_title, local
from pipelines.rules.verdicts import in_order, on_batches
from pipelines.tables.rows import BatchEntry, VerdictRow
from pipelines.tables.specs import BATCHES, RULE_RESULTS
from pipelines.tables.verdict import BY_PEOPLE, Verdict

LISTED = 100


@dataclass(frozen=True)
class Batch:
    """One delivered file or reading of a table.

    `agency` has delivered it: the source's own where nobody said who did. `rules` are titles of the batch rules that it
    failed; counts are the gate's, if it judged. `decided_by` is the name that a person gave when deciding, and never
    the account that they work under. `problems` are English where they were noticed before Chinese was kept of them, as
    `problems_language` says.
    """

    name: str
    source: str
    source_title: str
    agency: str
    file: str
    received_at: datetime.datetime
    bytes: int | None
    format: str | None
    encoding: str | None
    delimiter: str | None
    rows: int
    readable: bool
    problems: tuple[str, ...]
    problems_language: str
    verdict: str
    rules: tuple[str, ...]
    decision: str | None
    decided_by: str | None
    decided_at: datetime.datetime | None
    accepted: int | None
    flagged: int | None
    quarantined: int | None
    is_listed: bool

    @property
    def is_documented(self) -> bool:
        """Whether Data Docs have a page of it."""
        return self.is_listed and self.verdict != UNJUDGED

    @property
    def received_on(self) -> datetime.date:
        """The day of receipt in Asia/Shanghai."""
        return local(self.received_at).date()


@dataclass(frozen=True)
class Deliveries:
    """All batches by source, newest first, and by name."""

    by_source: Mapping[str, list[Batch]]
    by_name: Mapping[str, Batch]

    @property
    def latest_day(self) -> datetime.date | None:
        """The last day on which anything was received; None in an empty lake."""
        return max((batch.received_on for batch in self.by_name.values()), default=None)

    def received_on(self, day: datetime.date) -> list[Batch]:
        return [batch for found in self.by_source.values() for batch in found if batch.received_on == day]

    @property
    def held(self) -> list[Batch]:
        return [batch for found in self.by_source.values() for batch in found if batch.verdict == Verdict.HELD]


def read_deliveries(workspace: Workspace) -> Deliveries:
    """Every batch of a declared source. Only the newest 100 of a source are listed on its page, and linked to."""
    lake = workspace.lake
    # Headers are long, and no page shows them.
    delivered = lake.read(BATCHES).mutate(header=ibis.null("array<string>"))
    verdicts: dict[str, list[VerdictRow]] = {}
    for row in lake.engine.rows(in_order(on_batches(lake))):
        verdicts.setdefault(row["batch"], []).append(VerdictRow.read(row))
    titles = _titles_of_batch_rules(workspace)
    agencies = workspace.catalog.agencies
    by_source: dict[str, list[Batch]] = {name: [] for name in workspace.catalog.contracts}
    for row in lake.engine.rows(delivered.order_by(delivered.received_at.desc(), "file")):
        entry = BatchEntry(**row)
        if contract := workspace.catalog.contracts.get(entry.source):
            found = by_source[contract.name]
            if entry.agency not in agencies:  # nobody said, or it is declared no more
                entry = entry._replace(agency=None)
            found.append(_batch(entry, verdicts.get(entry.batch, []), contract, titles, len(found) < LISTED))
    return Deliveries(by_source, {batch.name: batch for found in by_source.values() for batch in found})


def _titles_of_batch_rules(workspace: Workspace) -> dict[str, str]:
    results = workspace.lake.read(RULE_RESULTS)
    of_batch = results.filter(results.evaluated.isnull()).select("rule", "title").distinct().order_by("rule", "title")
    return {row["rule"]: row["title"] for row in workspace.lake.engine.rows(of_batch)}


def _batch(
    entry: BatchEntry,
    decided: list[VerdictRow],
    contract: Contract,
    titles: Mapping[str, str],
    is_listed: bool,
) -> Batch:
    judged = next((row for row in reversed(decided) if row.rows is not None), None)
    last = decided[-1] if decided else None
    by_person = last if last and last.verdict in BY_PEOPLE else None
    codes = judged.rules or () if judged else ()
    return Batch(
        name=entry.batch,
        source=contract.name,
        source_title=contract.title,
        agency=entry.agency or contract.responsible,
        file=entry.file,
        received_at=entry.received_at,
        bytes=entry.bytes,
        format=entry.format,
        encoding=entry.encoding,
        delimiter=entry.delimiter,
        rows=entry.rows,
        readable=entry.readable,
        problems=tuple(entry.problems_zh or entry.problems or ()),
        problems_language="zh-CN" if entry.problems_zh or not entry.problems else "en",
        verdict=last.verdict if last else UNJUDGED,
        rules=tuple(batch_rule_title(code, contract) or titles.get(code, code) for code in codes),
        decision=by_person.reason if by_person else None,
        decided_by=by_person.decided_by if by_person else None,
        decided_at=last.decided_at if last else None,
        accepted=judged.accepted if judged else None,
        flagged=judged.flagged if judged else None,
        quarantined=judged.quarantined if judged else None,
        is_listed=is_listed,
    )
