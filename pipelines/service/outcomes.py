"""What became of pushed rows, kept beside their receipts: written after a run, for a service that opens no lake."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.database.connection import Database, ServiceError
from pipelines.database.tables import OUTCOMES, REQUESTS, SEGMENTS
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import last_decided, verdicts_of
from pipelines.steps.landing import batch_of
from pipelines.tables.specs import VERDICTS, quarantine_spec, standard_spec
from pipelines.tables.verdict import Verdict

HELD, REJECTED, TAKEN = Verdict.HELD.value, Verdict.REJECTED.value, "taken"
SHOWN = 1_000  # quarantined rows of a request that are named one by one


def note_outcomes(workspace: Workspace) -> None:
    """Write down what became of the requests that a run has judged, or that were held and no longer are.

    Where the database is away the run has been done all the same, and the next one writes it down.
    """
    with contextlib.suppress(ServiceError), Database(workspace.settings) as database:
        if not database.exists():
            return
        database.create()  # a database of before outcomes were kept
        for source in _unsettled_sources(database):
            contract = workspace.catalog.contracts.get(source)
            if contract and _follows_verdicts(workspace, contract):
                _note_source(workspace, contract, database)


def _unsettled() -> sa.Select[Any]:
    """Requests in delivered segments whose end is not written down."""
    joined = REQUESTS.join(SEGMENTS, REQUESTS.c.segment == SEGMENTS.c.number).outerjoin(
        OUTCOMES, OUTCOMES.c.receipt == REQUESTS.c.receipt
    )
    columns = (*REQUESTS.c["id", "receipt", "rows", "segment", "source"], SEGMENTS.c.sha256)
    is_open = OUTCOMES.c.state.is_(None) | (OUTCOMES.c.state == HELD)
    return sa.select(*columns).select_from(joined).where(SEGMENTS.c.sha256.is_not(None), is_open)


def _unsettled_sources(database: Database) -> list[str]:
    unsettled = _unsettled().with_only_columns(REQUESTS.c.source).distinct()
    with database.transaction() as connection:
        return list(connection.execute(unsettled).scalars())


def _follows_verdicts(workspace: Workspace, contract: Contract) -> bool:
    """Whether standard and quarantine hold what follows from the verdicts of now: a decision waits for the next run."""
    state = workspace.lake.state(standard_spec(workspace.catalog, contract).id)
    mark = state.watermark if state else None
    decided = last_decided(workspace.lake, contract.name)
    return mark is not None and mark.inputs.get(f"{VERDICTS.id}[{contract.name}]") == decided


def _note_source(workspace: Workspace, contract: Contract, database: Database) -> None:
    verdicts = verdicts_of(workspace.lake, contract.name)
    with database.transaction() as connection:
        open_ones = connection.execute(_unsettled().where(REQUESTS.c.source == contract.name)).all()
    for segment, sha256 in {(one.segment, one.sha256) for one in open_ones}:
        batch = batch_of(contract.name, sha256)
        if batch not in verdicts:
            continue
        quarantined = _quarantined(workspace, contract, batch) if verdicts[batch] not in (HELD, REJECTED) else []
        with database.transaction() as connection:
            requests = connection.execute(
                sa.select(*REQUESTS.c["receipt", "rows"]).where(REQUESTS.c.segment == segment).order_by(REQUESTS.c.id)
            ).all()
            before = 0
            for request in requests:
                own = [one for one in quarantined if before < one[ROW_NUMBER] <= before + request.rows]
                _write(connection, database, request, verdicts[batch], own, before)
                before += request.rows


def _quarantined(workspace: Workspace, contract: Contract, batch: str) -> list[dict[str, Any]]:
    rows = workspace.lake.read(quarantine_spec(workspace.catalog, contract))
    return workspace.lake.engine.rows(rows.filter(rows[BATCH] == batch).select(ROW_NUMBER, RULES).order_by(ROW_NUMBER))


def _write(
    connection: sa.Connection,
    database: Database,
    request: sa.Row[Any],
    verdict: Verdict,
    quarantined: Sequence[dict[str, Any]],
    before: int,
) -> None:
    state = verdict.value if verdict in (HELD, REJECTED) else TAKEN
    named = [{"row": one[ROW_NUMBER] - before, "rules": list(one[RULES])} for one in quarantined[:SHOWN]]
    connection.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.receipt == request.receipt))
    connection.execute(
        sa.insert(OUTCOMES).values(
            receipt=request.receipt,
            state=state,
            accepted=request.rows - len(quarantined) if state == TAKEN else 0,
            quarantined=len(quarantined),
            rules=json.dumps(named),
            noted_at=database.now,
        )
    )
