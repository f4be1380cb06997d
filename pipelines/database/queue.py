"""The durable queue of pushed requests: taken once under its key, and no more than may wait."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pipelines.database.connection import Database
from pipelines.database.tables import OUTCOMES, REQUESTS, SEGMENTS

MICROSECOND = 1e-6  # of a second, about the least that a time since 1970 tells apart


class KeyReusedError(Exception):
    """A key came before with another body, whose rows were accepted."""


class QueueFullError(Exception):
    """With the `rows` of a request beside those `waiting`, more would wait than the `limit`."""

    def __init__(self, rows: int, waiting: int, limit: int) -> None:
        super().__init__(f"{rows} rows beside {waiting} that wait, of {limit} that may")
        self.rows, self.waiting, self.limit = rows, waiting, limit


@dataclass(frozen=True)
class Request:
    """What tells one pushed request from all others."""

    source: str
    agency: str
    key: str
    sha256: str

    @classmethod
    def of(cls, source: str, agency: str, key: str, body: bytes) -> Request:
        return cls(source, agency, key, hashlib.sha256(body).hexdigest())


@dataclass(frozen=True)
class Receipt:
    """That rows are kept durably; the same request gets the same one again."""

    accepted: int
    receipt: str


class Queue:
    """Requests of one database; at most `limit` rows wait for ingest."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database, self._limit = database, limit
        # SQLite has one writer, and who waits for it sleeps between tries: within a process they take turns instead.
        self._turn = threading.Lock() if database.is_sqlite else contextlib.nullcontext()

    def known(self, request: Request) -> Receipt | None:
        """The answer that a request got before; raises KeyReusedError where its key came with another body."""
        same_key = sa.select(*REQUESTS.c["sha256", "rows", "receipt"]).where(
            REQUESTS.c.source == request.source, REQUESTS.c.agency == request.agency, REQUESTS.c.key == request.key
        )
        with self._database.transaction() as connection:
            found = connection.execute(same_key).first()
        if found is None:
            return None
        if found.sha256 != request.sha256:
            raise KeyReusedError(request.key)
        return Receipt(found.rows, found.receipt)

    def take(self, request: Request, lines: Sequence[bytes]) -> Receipt:
        """Keep the rows; they are durable when this returns. Raises QueueFullError."""
        self._check_room(len(lines))
        receipt = Receipt(len(lines), uuid.uuid4().hex)
        row = {**vars(request), "rows": len(lines), "receipt": receipt.receipt, "payload": b"".join(lines)}
        try:
            with self._turn, self._database.transaction() as connection:
                connection.execute(sa.insert(REQUESTS).values(**row, received_at=self._now()))
        except IntegrityError:
            before = self.known(request)
            if before is None:
                raise
            return before
        return receipt

    def _now(self) -> sa.ColumnElement[float]:
        """The database's time, and after the receipt of the request before: clocks are set back."""
        now = self._database.now
        last = sa.select(REQUESTS.c.received_at).order_by(REQUESTS.c.id.desc()).limit(1).scalar_subquery()
        return sa.case((last >= now, last + MICROSECOND), else_=now)

    def outcome(self, receipt: str, agency: str) -> dict[str, Any] | None:
        """What became of the rows of an agency's receipt; None where it has none of this name, or not any more."""
        joined = REQUESTS.outerjoin(OUTCOMES, OUTCOMES.c.receipt == REQUESTS.c.receipt)
        columns = (*REQUESTS.c["receipt", "source", "rows"], *OUTCOMES.c["state", "accepted", "quarantined", "rules"])
        of_receipt = (REQUESTS.c.receipt == receipt) & (REQUESTS.c.agency == agency)
        with self._database.transaction() as connection:
            found = connection.execute(sa.select(*columns).select_from(joined).where(of_receipt)).first()
        if found is None:
            return None
        request = {"receipt": found.receipt, "source": found.source, "rows": found.rows}
        if found.state is None:
            return {**request, "state": "waiting", "accepted": 0, "quarantined": 0, "broken": []}
        counts = {"state": found.state, "accepted": found.accepted, "quarantined": found.quarantined}
        return {**request, **counts, "broken": json.loads(found.rules)}

    def waiting(self) -> int:
        """Rows that no run has taken into the lake yet, as far as the last delivery has seen."""
        queued = sa.select(sa.func.sum(REQUESTS.c.rows)).where(REQUESTS.c.segment.is_(None))
        delivered = sa.select(sa.func.sum(SEGMENTS.c.rows)).where(SEGMENTS.c.ingested_at.is_(None))
        with self._database.transaction() as connection:
            return sum(int(connection.execute(query).scalar() or 0) for query in (queued, delivered))

    def _check_room(self, rows: int) -> None:
        waiting = self.waiting() if rows <= self._limit else 0
        if waiting + rows > self._limit:
            raise QueueFullError(rows, waiting, self._limit)
