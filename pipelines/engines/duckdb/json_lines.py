"""JSON lines as Arrow columns of text, by DuckDB's JSON functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

# Strings and whatever is no number are consumed whole, so that digits within strings are never touched. That holds
# only while a number follows: one is put behind the line and taken away again (` "0"`, four characters).
_BEFORE_NUMBER = r"""((?:"(?:[^"\\]|\\.)*"|[^"0-9-])*)(-?[0-9][0-9.eE+-]*)"""
_FRACTION = r"[0-9][.eE]"


def json_connection() -> duckdb.DuckDBPyConnection:
    """A connection that uses one thread and keeps the order of lines."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("SET enable_progress_bar = false")
    return connection


def line_keys(connection: duckdb.DuckDBPyConnection, lines: Any) -> pa.Array:
    """Per line the keys of its object as the text of a JSON list, doubled ones included; NULL where it is no object."""
    query = """
        SELECT CASE WHEN starts_with(line, '{') AND json_valid(line) THEN to_json(json_keys(line))::VARCHAR END AS keys
        FROM given
    """
    return _column(_run(connection, query, pa.table({"line": lines})), 0)


def cells(connection: duckdb.DuckDBPyConnection, lines: Any, keys: Sequence[str]) -> list[pa.Array]:
    """Per valid line one text column for each key.

    Strings are unescaped, numbers keep their digits as written, arrays and objects are JSON text, null and absent
    keys are NULL.
    """
    paths = ", ".join(_path(key) for key in keys)
    nested = ", ".join(
        f"CASE WHEN json_type(line, {path}) IN ('ARRAY', 'OBJECT') THEN json_extract_string(line, {path}) "
        f"ELSE json_extract_string(quoted, {path}) END"
        for path in map(_path, keys)
    )
    columns = ", ".join(f"found[{place}]" for place in range(1, len(keys) + 1))
    # DuckDB writes 1.50 as 1.5 and 1e5 as 100000.0: where there are such numbers, they are quoted before it parses.
    query = f"""
        WITH marked AS (SELECT line, regexp_matches(line, '{_FRACTION}') AS fraction FROM given),
        exact AS (
            SELECT line, fraction,
                   CASE WHEN fraction
                        THEN regexp_replace(line || ' 0', '{_BEFORE_NUMBER}', '\\1"\\2"', 'g')[:-5] END AS quoted
            FROM marked
        ),
        extracted AS (
            SELECT CASE WHEN fraction THEN [{nested}] ELSE json_extract_string(line, [{paths}]) END AS found FROM exact
        )
        SELECT {columns} FROM extracted
    """
    result = _run(connection, query, pa.table({"line": lines}))
    return [_column(result, place) for place in range(len(keys))]


def _run(connection: duckdb.DuckDBPyConnection, query: str, given: pa.Table) -> pa.Table:
    """Run a query over `given`; DuckDB's own messages quote the line, so they are not passed on."""
    connection.register("given", given)
    try:
        return connection.execute(query).to_arrow_table()
    except duckdb.Error as error:
        raise RuntimeError(f"DuckDB could not take JSON lines apart ({type(error).__name__})") from None
    finally:
        connection.unregister("given")


def _column(table: pa.Table, place: int) -> pa.Array:
    return pa.concat_arrays(table.column(place).cast(pa.string()).chunks or [pa.array([], pa.string())])


def _path(key: str) -> str:
    """A key as a JSON pointer (RFC 6901) in an SQL literal; DuckDB's `$` paths have no way to write the key `*`."""
    pointer = key.replace("~", "~0").replace("/", "~1").replace("'", "''")
    return f"'/{pointer}'"
