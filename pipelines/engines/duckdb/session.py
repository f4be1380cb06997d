"""The DuckDB session: one connection in memory, set so that results equal Spark's and nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.engines.checksums import IN_DUCKDB
from pipelines.errors import StoreError
from pipelines.storage.extensions import load_extension
from pipelines.storage.memory import in_bytes
from pipelines.storage.store import s3_access

# Bytes that Python, the readers and delta-rs take beside DuckDB, whatever its limit and however many rows there are.
BESIDE, LEAST = 1_250_000_000, 0.3


def open_session(memory: str, spilled: Path) -> duckdb.DuckDBPyConnection:
    """A connection with a share of a process's `memory`, such as `4GB`; what it cannot hold goes to `spilled`."""
    connection = duckdb.connect()
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{_share(memory)}B'")
    connection.execute("SET temp_directory = '" + str(spilled).replace("'", "''") + "'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(IN_DUCKDB)
    return connection


def open_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection read from S3 with what the environment says; the secret is kept in memory only."""
    access = s3_access()
    load_extension(connection, "httpfs")
    options: dict[str, str | bool | None] = {
        "key_id": access.key,
        "secret": access.secret,
        "session_token": access.token,
        "region": access.region,
        "endpoint": access.endpoint,
        "url_style": "path" if access.endpoint else "vhost",
        "use_ssl": access.tls,
    }
    given = {name: value for name, value in options.items() if value is not None}
    try:
        connection.execute(
            f"CREATE OR REPLACE SECRET huiliu (TYPE s3, {', '.join(f'{name} ${name}' for name in given)})", given
        )
    except duckdb.Error:  # its text may quote what was given
        what = "DuckDB does not take the S3 credentials or the endpoint of the environment"
        raise StoreError(what, "see that the AWS_* variables hold nothing but values", 2) from None


def _share(memory: str) -> int:
    """Bytes for DuckDB of a process's memory."""
    return round(max(in_bytes(memory) - BESIDE, LEAST * in_bytes(memory)))
