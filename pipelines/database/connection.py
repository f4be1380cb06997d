"""Transactions in `HUILIU_DB` for the service: durable once committed; errors hold neither rows nor secrets."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from pipelines.database.address import check_database, database_now, database_of, shown_database
from pipelines.database.sqlite import keep_commits
from pipelines.database.tables import REQUESTS, TABLES
from pipelines.errors import LakeError
from pipelines.settings import Settings
from pipelines.storage.durable import make_folder

WAIT = 10  # seconds for a connection, a lock, or an answer of the server


class ServiceError(LakeError):
    """The service cannot start or go on."""

    kind = "service"


class DatabaseAwayError(ServiceError):
    """The database does not answer or refuses; whether a commit under way was done is unknown."""

    kind = "database"


class Database:
    """The service's connections. Close it at the end; `now` is the database's clock, in seconds since 1970."""

    def __init__(self, settings: Settings) -> None:
        self.url = database_of(settings)
        self.now = database_now(self.url)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def create(self) -> None:
        """Make the tables unless they are there; another process may be doing the same."""
        check_database(self.url)
        if self.is_sqlite and self.url.database:
            make_folder(Path(self.url.database).absolute().parent)
        for _ in range(2):
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error), self._engine.begin() as connection:
                TABLES.create_all(connection)
                return
        with self.transaction() as connection:
            TABLES.create_all(connection)

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
            raise DatabaseAwayError(
                f"{shown_database(self.url)} does not answer or refuses ({type(error).__name__})",
                "see that it runs and has space, and that HUILIU_DB names it with a user who may make tables and write "
                "there",
            ) from None

    @cached_property
    def _engine(self) -> sa.Engine:
        if self.is_sqlite:
            engine = sa.create_engine(self.url, connect_args={"timeout": WAIT}, hide_parameters=True)
            keep_commits(engine)
            return engine
        waits = {"connect_timeout": WAIT, "tcp_user_timeout": WAIT * 1000}
        return sa.create_engine(
            self.url, connect_args=waits, hide_parameters=True, pool_pre_ping=True, pool_timeout=WAIT
        )
