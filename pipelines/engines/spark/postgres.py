"""Rows of PostgreSQL in Spark: JDBC, one partition for each reader, all within one snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from pyspark.sql import DataFrame, SparkSession

from pipelines.readers.postgres.failures import failure_of
from pipelines.readers.postgres.snapshot import CONNECT_SECONDS, Access, Snapshot
from pipelines.readers.postgres.table import Portion

DRIVER = "org.postgresql.Driver"
# The driver keeps so many rows in a worker's memory, and asks for the next when they are used up. It is also what
# makes Spark open a transaction, which the snapshot needs.
FETCH_ROWS = 5_000


@contextmanager
def loaded(session: SparkSession, snapshot: Snapshot, portion: Portion, columns: list[str]) -> Iterator[DataFrame]:
    """The portion's rows, read by the workers whenever the result is computed, which must happen inside.

    A worker that dies is replaced by one that sees the same rows. Raises PostgresFailure where the server failed.
    """
    properties = {
        "driver": DRIVER,
        "user": snapshot.access.user,
        "password": snapshot.access.password,
        "fetchsize": str(FETCH_ROWS),
        "sessionInitStatement": snapshot.settings,
    }
    try:
        rows = session.read.jdbc(
            _url(snapshot.access), f"({portion.sql}) portion", predicates=portion.shares, properties=properties
        )
        yield rows.select(*columns)
    except Exception as error:
        if "org.postgresql" not in str(error):
            raise
        # Not chained: Spark quotes the driver, and the driver address and values.
        raise failure_of(str(error), snapshot.access.variable) from None


def _url(access: Access) -> str:
    settings = {
        **access.options,
        "ApplicationName": "huiliu",
        "connectTimeout": CONNECT_SECONDS,
        "tcpKeepAlive": "true",
        "readOnly": "true",
    }
    return f"jdbc:postgresql://{access.hosts}/{quote(access.database, safe='')}?{urlencode(settings)}"
