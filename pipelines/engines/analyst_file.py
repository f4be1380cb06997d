"""The analyst's DuckDB file: a commented view per Delta table, or a copy of it, that opens without internet access."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import ibis

from pipelines.engines.duckdb import load_extension
from pipelines.lake.shown import shown
from pipelines.lake.table import TableSpec

SOURCE = "stored"
LAUNCHER = """#!/bin/sh
# Opens {file} in the plain DuckDB command line with the Delta extension that lies beside it; nothing is downloaded.
here=$(cd "$(dirname "$0")" && pwd)
exec duckdb -cmd "SET extension_directory='$here/extensions'; SET autoinstall_known_extensions=false; LOAD delta;" \\
  "$here/../{file}" "$@"
"""


def write_analyst_file(
    path: Path, tables: Mapping[tuple[str, str], tuple[TableSpec, str]], *, unmasked: bool, portable: bool
) -> None:
    """Write `path` anew: (schema, name) → (spec, uri of the Delta table).

    Personal columns are masked as their element says, or wholly where it says nothing. That is a courtesy to the
    reader, not access control: whoever can read the lake's files can read the values. `portable` copies the rows in.
    """
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with duckdb.connect(str(partial)) as connection:
        load_extension(connection, "delta")
        for schema in dict.fromkeys(schema for schema, _ in tables):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_name(schema)}")
        for (schema, name), (spec, uri) in tables.items():
            _write_table(connection, f"{_name(schema)}.{_name(name)}", spec, uri, unmasked, portable)
    partial.replace(path)
    if not portable:
        _write_launcher(path)


def _write_table(
    connection: duckdb.DuckDBPyConnection, name: str, spec: TableSpec, uri: str, unmasked: bool, portable: bool
) -> None:
    kind = "TABLE" if portable else "VIEW"
    expression = shown(spec, ibis.table(spec.ibis_schema, name=SOURCE), unmasked=unmasked)
    query = ibis.to_sql(expression, dialect="duckdb")
    connection.execute(f"CREATE {kind} {name} AS WITH {SOURCE} AS (SELECT * FROM delta_scan({_text(uri)})) {query}")
    connection.execute(f"COMMENT ON {kind} {name} IS {_text(f'{spec.title}. {spec.description}')}")
    for column in spec.columns:
        hidden = "（已脱敏）" if column.is_personal and not unmasked else ""
        connection.execute(f"COMMENT ON COLUMN {name}.{_name(column.name)} IS {_text(column.title + hidden)}")


def _write_launcher(path: Path) -> None:
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        load_extension(connection, "delta")
        found: Iterable[tuple[str]] = connection.execute(
            "SELECT install_path FROM duckdb_extensions() WHERE extension_name = 'delta'"
        ).fetchall()
        version, platform = connection.execute("SELECT library_version FROM pragma_version()").fetchone(), None
        platform = connection.execute("PRAGMA platform").fetchone()
    installed = Path(next(iter(found))[0])
    place = folder / "extensions" / version[0] / platform[0] / "delta.duckdb_extension"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(installed, place)
    launcher = folder / "open.sh"
    launcher.write_text(LAUNCHER.format(file=path.name), encoding="utf-8")
    launcher.chmod(0o755)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
