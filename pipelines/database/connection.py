"""Transactions in `HUILIU_DB`: durable once committed; errors hold neither rows nor secrets."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from pipelines.database.address import check_database, database_now, database_of, shown_database
from pipelines.database.migration import VERSION, check_version, upgrade_tables, version_of
from pipelines.database.sqlite import keep_commits
from pipelines.database.tables import REQUESTS
from pipelines.errors import LakeError
from pipelines.settings import Settings
from pipelines.storage.durable import make_folder

WAIT = 10  # seconds for a connection, a lock, or an answer of the server


class ServiceError(LakeError):
    """The service cannot start or go on."""

    kind = "service"


class DatabaseAwayError(ServiceError):
    """The database does not answer or refuses; whether a commit under way was done is unknown.

    `reason` is the kind of the library's error: what it says may hold rows and secrets.
    """

    kind = "database"

    def __init__(self, what: str, todo: str, reason: str = "") -> None:
        super().__init__(what, todo)
        self.reason = reason


class Database:
    """Connections to one database. Close it at the end; `now` is the database's clock, in seconds since 1970.

    `wait` is for a connection or a lock, in seconds.
    """

    def __init__(self, url: sa.URL, wait: int = WAIT) -> None:
        self.url, self._wait = url, wait
        self.now = database_now(url)

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """`HUILIU_DB`; raises LeaseError where it is no URL of SQLite or PostgreSQL."""
        return cls(database_of(settings))

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections; the next transaction opens one anew."""
        self._engine.dispose()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def upgrade(self) -> None:
        """Bring the tables to this program's version, or make them; to be called before anything is written.

        Another process may be doing the same. Raises FolderError, NewerDatabaseError or DatabaseAwayError.
        """
        check_database(self.url)
        if self.is_sqlite and self.url.database:
            make_folder(Path(self.url.database).absolute().parent)
        with self.transaction() as connection:
            is_current = version_of(connection) == VERSION
        if not is_current:
            with self.transaction() as connection:
                upgrade_tables(connection)

    def check(self) -> None:
        """Raises DatabaseAwayError where it does not answer, NewerDatabaseError where it is not to be written."""
        with self.transaction() as connection:
            check_version(connection)

    def exists(self) -> bool:
        """Whether anything can have been pushed; a SQLite file is not made by asking."""
        if self.is_sqlite and self.url.database and not Path(self.url.database).exists():
            return False
        with self.transaction() as connection:
            return sa.inspect(connection).has_table(REQUESTS.name)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction, durable when this is left. Raises DatabaseAwayError, and IntegrityError as it is."""
        try:
            with self._engine.begin() as connection:
                if not self.is_sqlite:
                    # A server may be set to answer before a commit is on its disk.
                    connection.execute(sa.select(sa.func.set_config("synchronous_commit", "on", True)))
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, sqlite3.Error) as error:  # SQLite's own come from what a connection opens with
            reason = type(error).__name__
            raise DatabaseAwayError(
                f"{shown_database(self.url)} does not answer or refuses ({reason})",
                "see that it runs and has space, and that HUILIU_DB names it with a user who may make tables and write "
                "there",
                reason,
            ) from None

    @cached_property
    def _engine(self) -> sa.Engine:
        if self.is_sqlite:
            engine = sa.create_engine(self.url, connect_args={"timeout": self._wait}, hide_parameters=True)
            keep_commits(engine)
            return engine
        waits = {"connect_timeout": self._wait, "tcp_user_timeout": self._wait * 1000}
        return sa.create_engine(
            self.url, connect_args=waits, hide_parameters=True, pool_pre_ping=True, pool_timeout=self._wait
        )
