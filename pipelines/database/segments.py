"""What `HUILIU_DB` knows of segments: which requests are in them, and how far each is on its way into the lake."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.database.connection import Database
from pipelines.database.tables import OUTCOMES, REQUESTS, SEGMENTS
from pipelines.settings import Settings

DAY = 86_400


def agencies_of(settings: Settings, files: Sequence[str]) -> dict[str, str]:
    """The agency of each file of pushed rows that is known; raises DatabaseAwayError."""
    with Database.of(settings) as database:
        if not database.exists():
            return {}
        asked = sa.select(SEGMENTS.c.file, SEGMENTS.c.agency).where(SEGMENTS.c.file.in_(files))
        with database.transaction() as connection:
            return {row.file: row.agency for row in connection.execute(asked)}


def is_any_waiting(database: Database) -> bool:
    """Whether requests wait for a segment, or segments for their file."""
    requests = sa.exists().where(REQUESTS.c.segment.is_(None))
    segments = sa.exists().where(SEGMENTS.c.delivered_at.is_(None))
    with database.transaction() as connection:
        return bool(connection.execute(sa.select(sa.or_(requests, segments))).scalar())


def seal_waiting(database: Database, segment_rows: int) -> None:
    """Give what waits now to segments; what arrives meanwhile is for the next call, or many small ones would result."""
    with database.transaction() as connection:
        newest = connection.execute(sa.select(sa.func.max(REQUESTS.c.id))).scalar() or 0
    while _seal_next(database, segment_rows, newest):
        pass


def _seal_next(database: Database, segment_rows: int, newest: int) -> bool:
    """Give the longest waiting requests of one source and agency to a new segment; False where none waits.

    Agencies have segments of their own: a batch that is held because of one agency's rows holds no other's.
    """
    waiting = sa.select(*REQUESTS.c["id", "source", "agency", "rows"]).where(
        REQUESTS.c.segment.is_(None), REQUESTS.c.id <= newest
    )
    with database.transaction() as connection:
        first = connection.execute(waiting.order_by(REQUESTS.c.id).limit(1)).first()
        if first is None:
            return False
        of_sender = (REQUESTS.c.source == first.source) & (REQUESTS.c.agency == first.agency)
        last, rows = first.id, 0
        for request in connection.execute(waiting.where(of_sender).order_by(REQUESTS.c.id).limit(segment_rows)):
            rows += request.rows
            if rows > segment_rows and request.id != first.id:
                break
            last = request.id
        sealed = {"source": first.source, "agency": first.agency, "file": "", "rows": 0, "sealed_at": database.now}
        made = sa.insert(SEGMENTS).values(**sealed).returning(SEGMENTS.c.number)
        number = connection.execute(made).scalar_one()
        segment = SEGMENTS.c.number == number
        given = sa.update(REQUESTS).where(of_sender, REQUESTS.c.segment.is_(None), REQUESTS.c.id <= last)
        if not connection.execute(given.values(segment=number)).rowcount:
            # Another machine was faster.
            connection.execute(sa.delete(SEGMENTS).where(segment))
            return True
        # The random part keeps a name from coming back where a database began to count anew beside old files.
        name = f"push-{number:08d}-{secrets.token_hex(4)}.jsonl"
        total = sa.select(sa.func.sum(REQUESTS.c.rows)).where(REQUESTS.c.segment == number).scalar_subquery()
        connection.execute(sa.update(SEGMENTS).where(segment).values(file=name, rows=total))
    return True


def undelivered(database: Database) -> list[tuple[int, str]]:
    """Numbers and sources of the segments that wait for their file."""
    waiting = sa.select(SEGMENTS.c.number, SEGMENTS.c.source).where(SEGMENTS.c.delivered_at.is_(None))
    with database.transaction() as connection:
        return [(row.number, row.source) for row in connection.execute(waiting.order_by(SEGMENTS.c.number))]


def lock_undelivered(connection: sa.Connection, number: int) -> sa.Row[Any] | None:
    """A segment that waits, for this transaction alone; None where another machine has it, or it waits no more."""
    waiting = sa.select(SEGMENTS).where(SEGMENTS.c.number == number, SEGMENTS.c.delivered_at.is_(None))
    return connection.execute(waiting.with_for_update(skip_locked=True)).first()


def payloads(connection: sa.Connection, number: int) -> Iterator[bytes]:
    """The rows of a segment's requests, request by request in their order."""
    kept = sa.select(REQUESTS.c.payload).where(REQUESTS.c.segment == number).order_by(REQUESTS.c.id)
    for (payload,) in connection.execute(kept, execution_options={"yield_per": 100}):
        yield payload


def note_delivered(connection: sa.Connection, number: int, sha256: str, now: sa.ColumnElement[float]) -> None:
    """Note that a segment's file is durable, by its SHA-256, and let its payloads go."""
    delivered = {"sha256": sha256, "delivered_at": now}
    connection.execute(sa.update(SEGMENTS).where(SEGMENTS.c.number == number).values(**delivered))
    connection.execute(sa.update(REQUESTS).where(REQUESTS.c.segment == number).values(payload=None))


def delivered(database: Database, awaited: bool = False) -> list[dict[str, Any]]:
    """Segments whose file has been written; those alone that the lake was not seen to keep where `awaited`."""
    columns = SEGMENTS.c["number", "source", "agency", "file", "rows", "sha256"]
    found = sa.select(*columns).where(SEGMENTS.c.sha256.is_not(None))
    if awaited:
        found = found.where(SEGMENTS.c.delivered_at.is_not(None), SEGMENTS.c.ingested_at.is_(None))
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(found).mappings()]


def note_ingested(database: Database, number: int) -> None:
    """A segment's rows wait no longer."""
    with database.transaction() as connection:
        noted = sa.update(SEGMENTS).where(SEGMENTS.c.number == number)
        connection.execute(noted.values(ingested_at=database.now))


def receipt_times(connection: sa.Connection, number: int) -> tuple[float, float]:
    """When the first and the last request of a segment came, in seconds since 1970."""
    times = sa.select(sa.func.min(REQUESTS.c.received_at), sa.func.max(REQUESTS.c.received_at))
    first, last = connection.execute(times.where(REQUESTS.c.segment == number)).one()
    return float(first or 0), float(last or 0)


def forget_past(database: Database, days: int) -> None:
    """Let go of keys and segments that are past: a request that is repeated later than that counts as a new one."""
    past = database.now - days * DAY
    gone = sa.select(SEGMENTS.c.number).where(SEGMENTS.c.ingested_at < past)
    with database.transaction() as connection:
        if connection.execute(gone.limit(1)).first() is None:
            return
        connection.execute(sa.delete(REQUESTS).where(REQUESTS.c.segment.in_(gone), REQUESTS.c.received_at < past))
        connection.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.receipt.not_in(sa.select(REQUESTS.c.receipt))))
        left = sa.select(REQUESTS.c.segment).where(REQUESTS.c.segment.is_not(None))
        connection.execute(sa.delete(SEGMENTS).where(SEGMENTS.c.ingested_at < past, SEGMENTS.c.number.not_in(left)))
