"""JSON lines as Arrow columns of text, by DuckDB's JSON functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

# Strings and blanks are consumed whole, so that what stands within strings is never touched. That holds only while a
# bare word follows: one is put behind the line and taken away again (` "?0"`, five characters).
_BEFORE_WORD = r"""((?:"(?:[^"\\]|\\.)*"|[^"0-9A-Za-z-])*)([0-9A-Za-z-][0-9A-Za-z.+-]*)"""
# Numbers that DuckDB would write otherwise: 1.50 as 1.5, 1e5 as 100000.0, -0 as 0.
_REWRITTEN = r"[0-9][.eE]|[:,\[]\s*-0"
# Private-use characters of which one marks such numbers while DuckDB has the line.
_MARKS = range(0x10FD00, 0x10FDF0)


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

    Strings are unescaped, numbers keep their digits as written (in arrays and objects too, which are JSON text), null
    and absent keys are NULL.
    """
    mark = _unused(lines)
    paths = ", ".join(_path(key) for key in keys)
    columns = ", ".join(f"found[{place}]" for place in range(1, len(keys) + 1))
    query = f"""
        WITH marked AS (SELECT line, regexp_matches(line, '{_REWRITTEN}') AS rewritten FROM given),
        exact AS (
            SELECT rewritten,
                   CASE WHEN rewritten
                        THEN regexp_replace(line || ' 0', '{_BEFORE_WORD}', '\\1"{mark}\\2"', 'g')[:-6]
                        ELSE line END AS line
            FROM marked
        ),
        extracted AS (SELECT rewritten, json_extract_string(line, [{paths}]) AS found FROM exact),
        written AS (
            SELECT CASE WHEN rewritten THEN list_transform(found, lambda one: nullif(
                       replace(regexp_replace(one, '"{mark}([^"]*)"', '\\1', 'g'), '{mark}', ''),
                       CASE WHEN one = '{mark}null' THEN 'null' END
                   )) ELSE found END AS found
            FROM extracted
        )
        SELECT {columns} FROM written
    """
    result = _run(connection, query, pa.table({"line": lines}))
    return [_column(result, place) for place in range(len(keys))]


def _unused(lines: Any) -> str:
    """A mark that no line holds, be it as a character or as an escape."""
    for code in _MARKS:
        spellings = chr(code), json.dumps(chr(code))[1:-1]
        if not any(pc.any(pc.match_substring(lines, spelling, ignore_case=True)).as_py() for spelling in spellings):
            return chr(code)
    raise ValueError("every private character is in use")


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
