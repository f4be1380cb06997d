"""From the queue to the landing folder: pushed rows become sealed files that ingest takes like any other delivery.

Each step leaves a state from which the next call goes on: requests are given to a numbered segment in one
transaction; its file is written under a temporary name, made durable and renamed; then the payloads are let go. A
step that is repeated gives the same bytes under the same name, and ingest knows a file by its bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.database import segments
from pipelines.database.connection import Database, DatabaseAwayError, ServiceError
from pipelines.settings import Settings
from pipelines.storage.durable import make_folder, sync_folders
from pipelines.storage.refusals import explaining

SEGMENT_ROWS = 50_000
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
        if segments.is_any_waiting(database):
            with _folder_errors(settings.landing), _locked(settings.landing):
                segments.seal_waiting(database, segment_rows)
                delivered, refused = _deliver_each(database, settings)
        with explaining(settings.lake):
            _note_ingested(database, settings)
        segments.forget_past(database, settings.retention)
        if refused:
            raise refused[0]
        return delivered


def _deliver_each(database: Database, settings: Settings) -> tuple[list[Segment], list[ServiceError]]:
    """Deliver every segment whose source's folder lets it; why the others stay."""
    delivered, refused = list[Segment](), list[ServiceError]()
    for number, source in segments.undelivered(database):
        try:
            with _folder_errors(settings.landing / source):
                if segment := _deliver(database, settings, number):
                    delivered.append(segment)
        except DatabaseAwayError:
            raise
        except ServiceError as error:
            refused.append(error)
    return delivered, refused


def _deliver(database: Database, settings: Settings, number: int) -> Segment | None:
    """Write a segment's file and let its payloads go; None where another machine is doing so, or has done it."""
    with database.transaction() as connection:
        segment = segments.lock_undelivered(connection, number)
        if segment is None:
            return None
        folder = settings.landing / segment.source
        make_folder(folder)
        part = folder / f".{segment.file}.part"
        try:
            sha256 = _write(segments.payloads(connection, number), part)
            # Nobody is still writing a segment: it need not lie unchanged for the settle time first. A database whose
            # clock is ahead of ours counts for nothing.
            settled = min(segments.receipt_times(connection, number)[1], time.time()) - settings.settle - 1
            os.utime(part, (settled, settled))
            part.replace(folder / segment.file)
        finally:
            part.unlink(missing_ok=True)
        sync_folders([folder], settings.landing)
        segments.note_delivered(connection, number, sha256, database.now)
    return Segment(number, segment.source, segment.agency, segment.file, segment.rows)


def _write(payloads: Iterable[bytes], part: Path) -> str:
    """Write a segment's rows and make them durable; the SHA-256 of the file."""
    sha256 = hashlib.sha256()
    with part.open("wb") as file:
        for payload in payloads:
            sha256.update(payload)
            file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    return sha256.hexdigest()


def _note_ingested(database: Database, settings: Settings) -> None:
    """See which delivered files the lake keeps, or somebody has taken away: their rows wait no longer."""
    for segment in segments.delivered(database, awaited=True):
        lies_there = (settings.landing / segment["source"] / segment["file"]).exists()
        if not lies_there or settings.lake.has(f"raw/_files/{segment['sha256']}.jsonl"):
            segments.note_ingested(database, segment["number"])


@contextmanager
def _locked(landing: Path) -> Iterator[None]:
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
