"""From the queue to the landing folder: pushed rows become sealed files that ingest takes like any other delivery.

Each step leaves a state from which the next call goes on: requests are given to a numbered segment in one
transaction; its file is written under a temporary name, made durable and renamed; then the payloads are let go. A
step that is repeated gives the same bytes under the same name, and ingest knows a file by its bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pipelines.database.connection import Database, DatabaseAwayError, ServiceError
from pipelines.database.tables import OUTCOMES, REQUESTS, SEGMENTS
from pipelines.settings import Settings
from pipelines.storage.durable import make_folder, sync_folders
from pipelines.storage.refusals import explaining

SEGMENT_ROWS = 50_000
DAY = 86_400
LOCK = ".push.lock"


@dataclass(frozen=True)
class Segment:
    """A file of pushed rows of one agency, complete from the moment at which it is there."""

    number: int
    source: str
    agency: str
    file: str
    rows: int


def deliver_pushed(settings: Settings, segment_rows: int = SEGMENT_ROWS) -> list[Segment]:
    """Move what is queued into `landing/<source>/`; the segments that now lie there.

    A segment holds about `segment_rows` rows at most, and one request whole. One call at a time works on a landing
    folder, a second one waits. Raises ServiceError where a folder cannot be written: its rows stay queued, after the
    others have been delivered.
    """
    with Database.of(settings) as database:
        if not database.exists():
            return []
        database.upgrade()
        delivered, refused = list[Segment](), list[ServiceError]()
        if _is_waiting(database):
            with _folder_errors(settings.landing), _alone(settings.landing):
                _seal(database, segment_rows)
                delivered, refused = _deliver_each(database, settings)
        with explaining(settings.lake):
            _note_ingested(database, settings)
        _forget(database, settings.retention)
        if refused:
            raise refused[0]
        return delivered


def _is_waiting(database: Database) -> bool:
    requests = sa.exists().where(REQUESTS.c.segment.is_(None))
    segments = sa.exists().where(SEGMENTS.c.delivered_at.is_(None))
    with database.transaction() as connection:
        return bool(connection.execute(sa.select(sa.or_(requests, segments))).scalar())


def _seal(database: Database, segment_rows: int) -> None:
    """Give what waits now to segments; what arrives meanwhile is for the next call, or many small ones would result."""
    with database.transaction() as connection:
        newest = connection.execute(sa.select(sa.func.max(REQUESTS.c.id))).scalar() or 0
    while _seal_one(database, segment_rows, newest):
        pass


def _seal_one(database: Database, segment_rows: int, newest: int) -> bool:
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
        mine = (REQUESTS.c.source == first.source) & (REQUESTS.c.agency == first.agency)
        last, rows = first.id, 0
        for request in connection.execute(waiting.where(mine).order_by(REQUESTS.c.id).limit(segment_rows)):
            rows += request.rows
            if rows > segment_rows and request.id != first.id:
                break
            last = request.id
        sealed = {"source": first.source, "agency": first.agency, "file": "", "rows": 0, "sealed_at": database.now}
        made = sa.insert(SEGMENTS).values(**sealed).returning(SEGMENTS.c.number)
        number = connection.execute(made).scalar_one()
        segment = SEGMENTS.c.number == number
        given = sa.update(REQUESTS).where(mine, REQUESTS.c.segment.is_(None), REQUESTS.c.id <= last)
        if not connection.execute(given.values(segment=number)).rowcount:
            # Another machine was faster.
            connection.execute(sa.delete(SEGMENTS).where(segment))
            return True
        # The random part keeps a name from coming back where a database began to count anew beside old files.
        name = f"push-{number:08d}-{secrets.token_hex(4)}.jsonl"
        total = sa.select(sa.func.sum(REQUESTS.c.rows)).where(REQUESTS.c.segment == number).scalar_subquery()
        connection.execute(sa.update(SEGMENTS).where(segment).values(file=name, rows=total))
    return True


def _undelivered(database: Database) -> list[tuple[int, str]]:
    """Numbers and sources of the segments that wait."""
    undelivered = sa.select(SEGMENTS.c.number, SEGMENTS.c.source).where(SEGMENTS.c.delivered_at.is_(None))
    with database.transaction() as connection:
        return [(one.number, one.source) for one in connection.execute(undelivered.order_by(SEGMENTS.c.number))]


def _deliver_each(database: Database, settings: Settings) -> tuple[list[Segment], list[ServiceError]]:
    """Deliver every segment whose source's folder lets it; why the others stay."""
    delivered, refused = list[Segment](), list[ServiceError]()
    for number, source in _undelivered(database):
        try:
            with _folder_errors(settings.landing / source):
                delivered += [one] if (one := _deliver(database, settings, number)) else []
        except DatabaseAwayError:
            raise
        except ServiceError as error:
            refused.append(error)
    return delivered, refused


def _deliver(database: Database, settings: Settings, number: int) -> Segment | None:
    """Write a segment's file and let its payloads go; None where another machine is doing so, or has done it."""
    mine = SEGMENTS.c.number == number
    with database.transaction() as connection:
        undelivered = sa.select(SEGMENTS).where(mine, SEGMENTS.c.delivered_at.is_(None))
        segment = connection.execute(undelivered.with_for_update(skip_locked=True)).first()
        if segment is None:
            return None
        folder = settings.landing / segment.source
        make_folder(folder)
        part = folder / f".{segment.file}.part"
        try:
            sha256 = _write(connection, number, part)
            # Nobody is still writing a segment: it need not lie unchanged for the settle time first.
            settled = _received_at(connection, number) - settings.settle - 1
            os.utime(part, (settled, settled))
            part.replace(folder / segment.file)
        finally:
            part.unlink(missing_ok=True)
        sync_folders([folder], settings.landing)
        connection.execute(sa.update(SEGMENTS).where(mine).values(sha256=sha256, delivered_at=database.now))
        connection.execute(sa.update(REQUESTS).where(REQUESTS.c.segment == number).values(payload=None))
    return Segment(number, segment.source, segment.agency, segment.file, segment.rows)


def _write(connection: sa.Connection, number: int, part: Path) -> str:
    """Write a segment's rows and make them durable; the SHA-256 of the file."""
    payloads = sa.select(REQUESTS.c.payload).where(REQUESTS.c.segment == number).order_by(REQUESTS.c.id)
    sha256 = hashlib.sha256()
    with part.open("wb") as file:
        for (payload,) in connection.execute(payloads, execution_options={"yield_per": 100}):
            sha256.update(payload)
            file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    return sha256.hexdigest()


def _received_at(connection: sa.Connection, number: int) -> float:
    """When the last request came, in seconds since 1970; a database whose clock is ahead of ours counts for nothing."""
    latest = sa.select(sa.func.max(REQUESTS.c.received_at)).where(REQUESTS.c.segment == number)
    return min(float(connection.execute(latest).scalar_one()), time.time())


def _note_ingested(database: Database, settings: Settings) -> None:
    """See which delivered files the lake keeps, or somebody has taken away: their rows wait no longer."""
    delivered = SEGMENTS.c.delivered_at.is_not(None) & SEGMENTS.c.ingested_at.is_(None)
    with database.transaction() as connection:
        files = connection.execute(sa.select(*SEGMENTS.c["number", "source", "file", "sha256"]).where(delivered)).all()
    for one in files:
        lies_there = (settings.landing / one.source / one.file).exists()
        if not lies_there or settings.lake.has(f"raw/_files/{one.sha256}.jsonl"):
            noted = sa.update(SEGMENTS).where(SEGMENTS.c.number == one.number).values(ingested_at=database.now)
            with database.transaction() as connection:
                connection.execute(noted)


def _forget(database: Database, days: int) -> None:
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


@contextmanager
def _alone(landing: Path) -> Iterator[None]:
    """Wait until no other call delivers into this folder; a killed one's lock ends with it."""
    make_folder(landing)
    with (landing / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _folder_errors(landing: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceError(
            f"pushed rows could not be written into {landing} ({error.strerror}) and stay queued",
            "free space, or let the account under which huiliu runs write there, and run again",
        ) from None
