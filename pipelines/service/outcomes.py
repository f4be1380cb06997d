"""What became of pushed rows, kept beside their receipts: written after a run, for a service that opens no lake."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from pipelines.database.connection import Database, ServiceError
from pipelines.database.outcomes import (
    HELD,
    REJECTED,
    TAKEN,
    Outcome,
    keep_outcomes,
    requests_of,
    unsettled_segments,
    unsettled_sources,
)
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import last_decided, verdicts_of
from pipelines.steps.landing import batch_of
from pipelines.tables.specs import VERDICTS, quarantine_spec, standard_spec
from pipelines.tables.verdict import Verdict

SHOWN = 1_000  # quarantined rows of a request that are named one by one


def note_outcomes(workspace: Workspace) -> None:
    """Write down what became of the requests that a run has judged, or that were held and no longer are.

    Where the database is away the run has been done all the same, and the next one writes it down.
    """
    with contextlib.suppress(ServiceError), Database.of(workspace.settings) as database:
        if not database.exists():
            return
        database.upgrade()
        for source in unsettled_sources(database):
            contract = workspace.catalog.contracts.get(source)
            if contract and _follows_verdicts(workspace, contract):
                _note_source(workspace, contract, database)


def _follows_verdicts(workspace: Workspace, contract: Contract) -> bool:
    """Whether standard and quarantine hold what follows from the verdicts of now: a decision waits for the next run."""
    state = workspace.lake.state(standard_spec(workspace.catalog, contract).id)
    mark = state.watermark if state else None
    decided = last_decided(workspace.lake, contract.name)
    return mark is not None and mark.inputs.get(f"{VERDICTS.id}[{contract.name}]") == decided


def _note_source(workspace: Workspace, contract: Contract, database: Database) -> None:
    verdicts = verdicts_of(workspace.lake, contract.name)
    for segment, sha256 in unsettled_segments(database, contract.name):
        batch = batch_of(contract.name, sha256)
        if batch not in verdicts:
            continue
        verdict = verdicts[batch]
        quarantined = _quarantined(workspace, contract, batch) if verdict not in (HELD, REJECTED) else []
        outcomes, before = list[Outcome](), 0
        for receipt, rows in requests_of(database, segment):
            own = [row for row in quarantined if before < row[ROW_NUMBER] <= before + rows]
            outcomes.append(_outcome(receipt, rows, verdict, own, before))
            before += rows
        keep_outcomes(database, outcomes)


def _quarantined(workspace: Workspace, contract: Contract, batch: str) -> list[dict[str, Any]]:
    rows = workspace.lake.read(quarantine_spec(workspace.catalog, contract))
    return workspace.lake.engine.rows(rows.filter(rows[BATCH] == batch).select(ROW_NUMBER, RULES).order_by(ROW_NUMBER))


def _outcome(receipt: str, rows: int, verdict: Verdict, quarantined: Sequence[dict[str, Any]], before: int) -> Outcome:
    """Of a request whose rows come after the `before` first ones of its segment."""
    state = verdict.value if verdict in (HELD, REJECTED) else TAKEN
    accepted = rows - len(quarantined) if state == TAKEN else 0
    broken = [{"row": row[ROW_NUMBER] - before, "rules": list(row[RULES])} for row in quarantined[:SHOWN]]
    return Outcome(receipt, state, accepted, len(quarantined), broken)
