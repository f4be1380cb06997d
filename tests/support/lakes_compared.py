"""Two lakes compared table by table and row by row, by DuckDB, whichever engine wrote them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from pipelines.storage.extensions import load_extension
from pipelines.tables.specs import RELEASES, VALIDATIONS
from pipelines.tables.table import TableSpec

# A table's id is drawn by chance, and the words of Great Expectations' result are each of its engines' own.
INCOMPARABLE = {RELEASES.id: {"table_id"}, VALIDATIONS.id: {"result"}}


def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    load_extension(opened, "delta")
    opened.execute("SET TimeZone = 'UTC'")
    return opened


def differences(
    opened: duckdb.DuckDBPyConnection, spec: TableSpec, first: Path, other: Path, *, ignored: Collection[str] = ()
) -> list[str]:
    """What differs in a table of two lakes: columns, types, or the number of rows that only one of them has.

    Rows are compared whole but for the `ignored` columns, and counted, timestamps, lists and NULLs included; no value
    is shown.
    """
    if not any((lake / spec.id.path).exists() for lake in (first, other)):
        return []  # a table that nothing was written to
    names = [name for name in spec.names if name not in {*ignored, *INCOMPARABLE.get(spec.id, ())}]
    listed = ", ".join(f'"{name}"' for name in names)
    queries = [f"SELECT {listed} FROM delta_scan('{lake / spec.id.path}')" for lake in (first, other)]
    types = [[column[:2] for column in opened.execute(f"DESCRIBE {query}").fetchall()] for query in queries]
    if types[0] != types[1]:
        return [f"{spec.id}: types {types[0]} and {types[1]}"]
    found = []
    for here, there, lake in ((queries[0], queries[1], first), (queries[1], queries[0], other)):
        counted = opened.execute(f"SELECT count(*) FROM ({here} EXCEPT ALL {there})").fetchone()
        if counted and counted[0]:
            found.append(f"{spec.id}: {counted[0]} rows only in {lake.name}")
    return found
