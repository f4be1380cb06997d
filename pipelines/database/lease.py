"""Who may write a lake: one process at a time, under a number that only grows.

The lease is a row in `HUILIU_DB`. Its times are the database's, so that machines whose clocks differ agree on it; in
SQLite that is this machine's clock, and the lease holds between the processes of this machine only: writers on
several machines need PostgreSQL. The number (fence) is raised whenever the lease is taken, so a holder that slept
through its end finds another number and writes no more.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pipelines.database.address import check_database, database_of, shown_database
from pipelines.database.connection import Database, DatabaseAwayError
from pipelines.database.tables import LEASES
from pipelines.errors import UNHARMED, LeaseError, LeaseLostError
from pipelines.settings import PEOPLE_TIME, EngineName, Settings
from pipelines.storage.boot import boot
from pipelines.storage.store import Store

TERM = 60.0  # seconds that a lease lasts unless it is renewed; it is renewed three times within
POLL = 0.5
WAIT = 30  # seconds for a connection or a lock; who waits for the lease has nothing else to do
CLAIM = "_lease"


def lease_of(settings: Settings) -> Lease:
    """The lease of the settings' lake; nothing is opened before somebody wants to write.

    Raises FolderError where its SQLite file could not be written then.
    """
    database = database_of(settings)
    check_database(database)
    return Lease(database, settings.lake, settings.engine.value, settings.lease_wait)


class Lease:
    """The right to write one lake, taken by the first `hold` and kept by a thread until `release`.

    `wait` and `term` are in seconds: how long to wait for another writer, and how long the lease outlives a holder
    that no longer renews it. `on_lost` is called, from that thread, when somebody else has taken it. While `stopped` is
    set, nobody waits for another writer.
    """

    def __init__(self, database: sa.URL, store: Store, engine: str, wait: float, term: float = TERM) -> None:
        self._database, self._store, self._engine = Database(database, WAIT), store, engine
        self._wait, self._term = wait, term
        self.fence: int | None = None
        self.on_lost: Callable[[], None] = lambda: None
        self.stopped = threading.Event()
        self._stop = threading.Event()
        self._renewing: threading.Thread | None = None

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """Whether this holder has taken it, and not given it back."""
        return self.fence is not None

    def hold(self) -> bool:
        """Take the lease, or see that it is still this holder's; call it right before each commit.

        True where it has just been taken: what was read before may be out of date. Raises LeaseError where someone
        else writes the lake for longer than `wait`, LeaseLostError where someone else has taken it over since.
        """
        if self.fence is not None:
            self._check()
            return False
        # SQLAlchemy looks at its ORM for each statement once something has begun to import it, as Great Expectations
        # does in the background: half imported, it would make the thread fail that renews the lease.
        import sqlalchemy.orm  # noqa: F401

        try:
            self.fence = self._take()
            self._claim()
        except BaseException:
            self.release()
            self._database.close()
            raise
        self._stop.clear()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()
        return True

    def release(self) -> None:
        """Give the lease back if it is held. Where the database does not answer, it ends by itself."""
        if self.fence is None:
            return
        self._stop.set()
        if self._renewing:
            self._renewing.join()
        with contextlib.suppress(LeaseError):
            self._change(self._own_row, expires=self._now)
        self.fence, self._renewing = None, None
        self._database.close()

    def _take(self) -> int:
        deadline = time.monotonic() + self._wait
        self._create()
        free = (LEASES.c.lake == str(self._store)) & (LEASES.c.expires <= self._now)
        while True:
            if (fence := self._acquire(free)) is not None:
                return fence
            holder = self._holder()
            if _has_ended(holder):
                taken = (LEASES.c.lake == str(self._store)) & (LEASES.c.fence == holder.fence)
                if (fence := self._acquire(taken)) is not None:
                    return fence
            if time.monotonic() >= deadline or self.stopped.wait(min(POLL, self._term / 10)):
                raise LeaseError(
                    f"{self._store} is being written by {_described(holder)}; its lease runs until "
                    f"{_clock_time(holder.expires)} and is renewed while it works",
                    f"run again when it is done, or let HUILIU_LEASE_WAIT (seconds, now {self._wait:g}) be longer. The "
                    f"lease of a writer that died ends by itself within {self._term:g} seconds",
                    after=UNHARMED,
                )

    def _check(self) -> None:
        with self._connected() as connection:
            left = connection.execute(sa.select(LEASES.c.expires - self._now).where(self._own_row)).scalar()
        if left is None or (left < self._term / 2 and not self._extend()):
            raise self._lost()

    def _extend(self) -> bool:
        """A full term from now; also after the end of the last one, as long as nobody took the lease meanwhile."""
        return self._change(self._own_row, expires=self._now + self._term)

    def _renew(self) -> None:
        while not self._stop.wait(self._term / 3):
            # A database that is away for a moment is no loss yet; before a commit it must answer.
            with contextlib.suppress(LeaseError):
                if not self._extend():
                    self.on_lost()
                    return

    def _claim(self) -> None:
        """Refuse a lake on S3 whose writers use another database: two leases would protect nothing."""
        if not self._store.is_s3:
            return
        with self._connected() as connection:
            claim = connection.execute(sa.select(LEASES.c.claim).where(self._own_row)).scalar_one()
        first_claim = self._store.claim(CLAIM, f"{claim} {socket.gethostname()}\n".encode()).decode().split()
        if first_claim[:1] != [claim]:
            raise LeaseError(
                f"the lease of {self._store} is kept in another database than {self._where()}: one that was first used "
                f"on the machine {' '.join(first_claim[1:])}",
                "set HUILIU_DB to the same PostgreSQL on all machines that write this lake. If that database is gone "
                f"for good, stop all writers and remove {self._store.uri(CLAIM)}",
                2,
                UNHARMED,
            )

    def _lost(self) -> LeaseLostError:
        holder = self._holder()
        return LeaseLostError(
            f"{_described(holder)} has taken over the lease of {self._store} (fence {holder.fence}; this process had "
            f"{self.fence}), as it was not renewed for {self._term:g} seconds: this machine slept, or the database "
            f"{self._where()} was out of reach. This process stopped before its next commit",
            "run again when the other is done",
            after=UNHARMED,
        )

    def _holder(self) -> Any:
        with self._connected() as connection:
            return connection.execute(sa.select(LEASES).where(LEASES.c.lake == str(self._store))).one()

    def _acquire(self, free: sa.ColumnElement[bool]) -> int | None:
        taken = sa.update(LEASES).where(free).values(**self._self(), fence=LEASES.c.fence + 1)
        with self._connected() as connection:
            return connection.execute(taken.returning(LEASES.c.fence)).scalar()

    def _self(self) -> dict[str, Any]:
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "engine": self._engine,
            "process": _process(os.getpid()),
            "since": self._now,
            "expires": self._now + self._term,
        }

    def _create(self) -> None:
        """The tables and the lake's row, unless they are there; another process may be doing the same."""
        first = {**self._self(), "lake": str(self._store), "fence": 0, "expires": 0.0, "claim": uuid.uuid4().hex}
        with self._refusing():
            self._database.upgrade()
        with self._connected() as connection:
            known = connection.execute(sa.select(LEASES.c.fence).where(LEASES.c.lake == str(self._store))).scalar()
        if known is None:
            with contextlib.suppress(IntegrityError), self._connected() as connection:
                connection.execute(sa.insert(LEASES).values(**first))

    def _change(self, where: sa.ColumnElement[bool], **values: Any) -> bool:
        with self._connected() as connection:
            return connection.execute(sa.update(LEASES).where(where).values(**values)).rowcount == 1

    @property
    def _own_row(self) -> sa.ColumnElement[bool]:
        return (LEASES.c.lake == str(self._store)) & (LEASES.c.fence == self.fence)

    @property
    def _now(self) -> sa.ColumnElement[float]:
        return self._database.now

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """One transaction; raises LeaseError where the database does not answer or refuses."""
        with self._refusing(), self._database.transaction() as connection:
            yield connection

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except DatabaseAwayError as error:
            raise LeaseError(
                f"the database that keeps the lease of {self._store} ({self._where()}) does not answer or refuses "
                f"({error.reason}), so nothing may be written",
                "see that it runs, and that HUILIU_DB names it with a user who may write there",
                after=UNHARMED,
            ) from None

    def _where(self) -> str:
        return shown_database(self._database.url)


def _described(holder: Any) -> str:
    return f"{holder.host}, process {holder.pid} (engine {holder.engine}, since {_clock_time(holder.since)})"


def _clock_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, PEOPLE_TIME).strftime("%Y-%m-%d %H:%M:%S")


def _process(pid: int) -> str:
    """What tells a process from all others that this machine ever ran; empty where the system does not say."""
    if not (machine := boot()):
        return ""
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return f"{machine} {os.readlink('/proc/self/ns/pid')} {started}"
    except OSError:
        return ""


def _has_ended(holder: Any) -> bool:
    """Whether the holder was a process of this machine that is no more; one that ran Spark may have left a JVM."""
    here, there = _process(os.getpid()).split(), holder.process.split()
    if holder.engine == EngineName.SPARK or not here or here[:2] != there[:2]:
        return False
    return _process(holder.pid) != holder.process
