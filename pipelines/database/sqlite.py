"""How a SQLite file is opened that holds what must not be lost."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa


def keep_commits(engine: sa.Engine) -> None:
    """Let a commit last through a power cut, and readers and a writer not wait for each other.

    Where the file system knows no shared memory SQLite keeps its rollback journal, which is as durable.
    """

    @sa.event.listens_for(engine, "connect")
    def opened(connection: sqlite3.Connection, _: Any) -> None:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait here for who uses the file at this moment; the next connection tries again.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        connection.execute("PRAGMA synchronous=FULL")
