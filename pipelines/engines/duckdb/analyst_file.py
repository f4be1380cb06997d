"""The analyst's DuckDB file: a commented view per Delta table, or a copy of it, that opens without internet access."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import ibis

from pipelines.engines.duckdb.engine import load_extension, open_s3
from pipelines.lake.shown import shown
from pipelines.lake.store import S3, as_url, s3_access
from pipelines.lake.table import TableSpec

SOURCE = "stored"
OPENING = "LOAD delta;"
# The reader's own credentials, from the reader's environment: none are written beside the file.
OPENING_S3 = (
    "LOAD delta; LOAD httpfs; CREATE SECRET huiliu (TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'), "
    "SECRET getenv('AWS_SECRET_ACCESS_KEY'), SESSION_TOKEN getenv('AWS_SESSION_TOKEN'), {place});"
)
LAUNCHER = """#!/bin/sh
# Opens the analyst's file in the plain DuckDB command line, with the Delta extension that lies beside it.
# Nothing is downloaded, nothing is written: several people may have the file open at once.
file={file}
version={version}
here=$(cd "$(dirname "$0")" && pwd)
database=$(dirname "$here")/$file
extensions=$(printf %s "$here/extensions" | sed "s/'/''/g")
# The extension fits one version of DuckDB: one that is named, that is on the PATH, or that wrote this file.
for duckdb in "${{DUCKDB:-duckdb}}" {duckdb}; do
  case $("$duckdb" --version 2>/dev/null) in
    "$version "*)
      exec "$duckdb" -readonly \\
        -cmd "SET extension_directory='$extensions'; SET autoinstall_known_extensions=false; {opening}" \\
        "$database" "$@" ;;
  esac
done
echo "$0: the DuckDB command line $version was not found (looked for: ${{DUCKDB:-duckdb}} on the PATH)." >&2
echo "What to do: pip install duckdb-cli=={release}, or DUCKDB=/path/to/duckdb $0" >&2
exit 127
"""


def write_analyst_file(
    path: Path, tables: Mapping[tuple[str, str], tuple[TableSpec, str]], *, unmasked: bool, portable: bool, memory: str
) -> None:
    """Write `path` anew: (schema, name) → (spec, uri of the Delta table); `memory` such as 2GB, DuckDB spills beyond.

    Personal columns are masked as their element says, or wholly where it says nothing. That is a courtesy to the
    reader, not access control: whoever can read the lake's files can read the values. Views name the lake's tables
    by their absolute place: after the lake is moved, write the file anew. `portable` copies the rows in.
    Whoever opens views of a lake on S3 needs credentials of their own in the environment.
    """
    on_s3 = any(uri.startswith(S3) for _, uri in tables.values())
    partial = path.with_name(path.name + ".part")
    # A write-ahead log that an interrupted attempt left would be replayed into the new file.
    for left in (partial, partial.with_name(partial.name + ".wal")):
        left.unlink(missing_ok=True)
    with duckdb.connect(str(partial)) as connection:
        load_extension(connection, "delta")
        if on_s3:
            open_s3(connection)
        connection.execute(f"SET memory_limit = {_text(memory)}")
        connection.begin()  # one transaction for some thousand comments, or each would be flushed to disk
        for schema in dict.fromkeys(schema for schema, _ in tables):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_name(schema)}")
        for (schema, name), (spec, uri) in tables.items():
            _write_table(connection, f"{_name(schema)}.{_name(name)}", spec, uri, unmasked, portable)
        connection.commit()
    partial.replace(path)
    if not portable:
        _write_launcher(path, on_s3)


def folder_beside(path: Path) -> Path:
    """The folder of an analyst's file: `extensions/` and `open.sh`; `path` must have a suffix."""
    return path.with_suffix("")


def _write_table(
    connection: duckdb.DuckDBPyConnection, name: str, spec: TableSpec, uri: str, unmasked: bool, portable: bool
) -> None:
    kind = "TABLE" if portable else "VIEW"
    expression = shown(spec, ibis.table(spec.ibis_schema, name=SOURCE), unmasked=unmasked)
    query = ibis.to_sql(expression, dialect="duckdb")
    connection.execute(
        f"CREATE {kind} {name} AS WITH {SOURCE} AS (SELECT * FROM delta_scan({_text(as_url(uri))})) {query}"
    )
    connection.execute(f"COMMENT ON {kind} {name} IS {_text(f'{spec.title}. {spec.description}')}")
    for column in spec.columns:
        hidden = "（已脱敏）" if column.is_personal and not unmasked else ""
        connection.execute(f"COMMENT ON COLUMN {name}.{_name(column.name)} IS {_text(column.title + hidden)}")


def _write_launcher(path: Path, on_s3: bool) -> None:
    folder = folder_beside(path)
    installed = []
    with duckdb.connect() as connection:
        for name in ("delta", "httpfs") if on_s3 else ("delta",):
            load_extension(connection, name)
            found = f"SELECT install_path FROM duckdb_extensions() WHERE extension_name = {_text(name)}"
            installed.append(Path(_value(connection, found)))
        version = _value(connection, "SELECT library_version FROM pragma_version()")
        platform = _value(connection, "PRAGMA platform")
    place = folder / "extensions" / version / platform
    place.mkdir(parents=True, exist_ok=True)
    for extension in installed:
        shutil.copyfile(extension, place / extension.name)
    launcher = folder / "open.sh"
    launcher.write_text(
        LAUNCHER.format(
            file=shlex.quote(path.name),
            version=shlex.quote(version),
            opening=OPENING_S3.format(place=_s3_place()) if on_s3 else OPENING,
            release=version.removeprefix("v"),
            duckdb=shlex.quote(str(Path(sys.executable).with_name("duckdb"))),
        ),
        encoding="utf-8",
    )
    launcher.chmod(0o755)


def _s3_place() -> str:
    """Where the store is, as parameters of DuckDB's secret."""
    access = s3_access()
    if not access.endpoint:
        return f"REGION {_text(access.region)}"
    tls = str(access.tls).lower()
    return f"REGION {_text(access.region)}, ENDPOINT {_text(access.endpoint)}, URL_STYLE 'path', USE_SSL {tls}"


def _value(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row
    return row[0]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
