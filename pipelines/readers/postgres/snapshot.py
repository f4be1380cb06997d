"""PostgreSQL as a source: credentials from the environment, and one read-only snapshot that all readers see.

On both engines libpq (in DuckDB's postgres extension) asks what there is to read; the rows come through libpq into
the embedded engine and through JDBC into Spark's workers, within the same snapshot.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb

from pipelines.readers.postgres.failures import PostgresFailure, failure_of
from pipelines.storage.extensions import load_extension

# What libpq and JDBC call by the same name and mean alike.
OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
CONNECT_SECONDS = 10
# A server that vanishes without a word is noticed within a minute.
ALWAYS = (
    f"application_name=huiliu&connect_timeout={CONNECT_SECONDS}"
    "&keepalives_idle=30&keepalives_interval=10&keepalives_count=3"
)
# Every session writes values in the same way, whatever its role, database or driver is set to; names are looked up
# where no user of the database can plant any; a pause between two queries does not end the transaction.
SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
    "SET LOCAL search_path = pg_catalog; SET LOCAL TimeZone = 'Asia/Shanghai'; SET LOCAL DateStyle = 'ISO, YMD'; "
    "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; "
    "SET LOCAL idle_in_transaction_session_timeout = 0"
)


@dataclass(frozen=True)
class Access:
    """Where a database is and who asks; only `variable` may be shown. `hosts` is `host:port`, or several of them."""

    variable: str
    url: str = field(repr=False)
    hosts: str = field(repr=False)
    database: str = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)


def access_to(connection: str, environment: Mapping[str, str] = os.environ) -> Access:
    """What `HUILIU_PG_<CONNECTION>` says; raises PostgresFailure where it is missing or cannot be used."""
    variable = f"HUILIU_PG_{connection.upper()}"
    todo = f"set {variable} to postgresql://USER:PASSWORD@HOST:PORT/DATABASE (in a password % : / @ # are written "
    unusable = PostgresFailure(f"{variable} is no address of a database", todo + "%25 %3A %2F %40 %23)")
    url = environment.get(variable)
    if not url:
        raise PostgresFailure(f"{variable} is not set in the environment", unusable.todo)
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        _ = parts.port if "," not in parts.netloc else None  # raises ValueError where it is no number
    except ValueError:
        raise unusable from None
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    is_whole = hosts and user and parts.path.strip("/") and not parts.fragment
    if parts.scheme not in ("postgresql", "postgres") or not is_whole:
        raise unusable
    if strange := sorted(set(options) - set(OPTIONS)):
        what = f"{variable} has options that are not known: {', '.join(strange)}"
        raise PostgresFailure(what, f"keep to {', '.join(OPTIONS)}")
    return Access(variable, url, hosts, unquote(parts.path[1:]), unquote(user), unquote(password), options)


class Snapshot:
    """One state of a database, which any number of read-only transactions can see as long as this one is open."""

    def __init__(self, access: Access, connection: duckdb.DuckDBPyConnection) -> None:
        self.access = access
        self._connection = connection
        self.name: str = self.rows("SELECT pg_export_snapshot() AS name")[0][0]

    @property
    def settings(self) -> str:
        """The statements with which a further transaction begins that is to see the same state."""
        return f"{SESSION}; SET TRANSACTION SNAPSHOT '{self.name}'"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small result; raises PostgresFailure."""
        with explaining(self.access):
            return self._connection.execute("FROM postgres_query('source', ?)", [query]).fetchall()

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A further transaction, on a connection of its own and for one thread. Queries go by `postgres_query`."""
        with self._connection.cursor() as cursor, _transaction(cursor, self.settings):
            yield cursor


@contextmanager
def open_snapshot(access: Access) -> Iterator[Snapshot]:
    """Connect, and hold the database's present state until the end; raises PostgresFailure."""
    with duckdb.connect() as connection:
        load_extension(connection, "postgres_scanner")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        with explaining(access, connecting=True):
            url = f"{access.url}{'&' if access.options else '?'}{ALWAYS}".replace("'", "''")
            connection.execute(f"ATTACH '{url}' AS source (TYPE postgres, READ_ONLY)")
        with _transaction(connection, SESSION):
            yield Snapshot(access, connection)


@contextmanager
def explaining(access: Access, *, connecting: bool = False) -> Iterator[None]:
    """Errors of libpq inside come out as PostgresFailure. Not chained: their text holds user and address."""
    try:
        yield
    except duckdb.Error as error:
        raise failure_of(str(error), access.variable, connecting=connecting) from None


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection, settings: str) -> Iterator[None]:
    cursor.execute("BEGIN")
    try:
        cursor.execute("CALL postgres_execute('source', ?)", [settings])
        yield
    finally:
        with contextlib.suppress(duckdb.Error):  # where the server is gone, so is the transaction
            cursor.execute("ROLLBACK")
