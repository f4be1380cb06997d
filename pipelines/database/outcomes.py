"""What `HUILIU_DB` knows of the end of pushed requests: whose is open, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.database.connection import Database
from pipelines.database.tables import OUTCOMES, REQUESTS, SEGMENTS
from pipelines.tables.verdict import Verdict

HELD, REJECTED, TAKEN = Verdict.HELD.value, Verdict.REJECTED.value, "taken"


@dataclass(frozen=True)
class Outcome:
    """What became of a request: how many of its rows, and of quarantined ones `row` (in the request) and `rules`."""

    receipt: str
    state: str
    accepted: int
    quarantined: int
    broken: Sequence[dict[str, Any]]


def unsettled_sources(database: Database) -> list[str]:
    """Sources of the requests whose end is not written down."""
    with database.transaction() as connection:
        return list(connection.execute(_unsettled(REQUESTS.c.source)).scalars())


def unsettled_segments(database: Database, source: str) -> list[tuple[int, str]]:
    """Numbers and SHA-256 of a source's delivered segments with requests whose end is not written down."""
    asked = _unsettled(SEGMENTS.c.number, SEGMENTS.c.sha256).where(REQUESTS.c.source == source)
    with database.transaction() as connection:
        return [(row.number, row.sha256) for row in connection.execute(asked)]


def requests_of(database: Database, segment: int) -> list[tuple[str, int]]:
    """Receipts and numbers of rows of a segment's requests, as they follow each other in its file."""
    asked = sa.select(*REQUESTS.c["receipt", "rows"]).where(REQUESTS.c.segment == segment).order_by(REQUESTS.c.id)
    with database.transaction() as connection:
        return [(row.receipt, row.rows) for row in connection.execute(asked)]


def keep_outcomes(database: Database, outcomes: Sequence[Outcome]) -> None:
    """Keep what became of requests, in place of what was kept of them, in one transaction."""
    with database.transaction() as connection:
        for outcome in outcomes:
            kept = {"state": outcome.state, "accepted": outcome.accepted, "quarantined": outcome.quarantined}
            connection.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.receipt == outcome.receipt))
            made = sa.insert(OUTCOMES).values(receipt=outcome.receipt, **kept, rules=json.dumps(list(outcome.broken)))
            connection.execute(made.values(noted_at=database.now))


def _unsettled(*columns: sa.Column[Any]) -> sa.Select[Any]:
    joined = REQUESTS.join(SEGMENTS, REQUESTS.c.segment == SEGMENTS.c.number).outerjoin(
        OUTCOMES, OUTCOMES.c.receipt == REQUESTS.c.receipt
    )
    is_open = OUTCOMES.c.state.is_(None) | (OUTCOMES.c.state == HELD)
    return sa.select(*columns).distinct().select_from(joined).where(SEGMENTS.c.sha256.is_not(None), is_open)
