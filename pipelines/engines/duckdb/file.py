"""A DuckDB file of commented tables and views, that opens without internet access; what is in it, others say.

DuckDB writes whole blocks, and where a block is not filled, what lay in the process's memory before: pads of the key
of pseudonyms were found so in three of forty files, and a number that was masked could be. So masked rows are first
written as Parquet, which holds values alone, and the file is written from them by a process that never saw more.
"""

from __future__ import annotations

import multiprocessing
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.engines.duckdb.pseudonyms import teach_pseudonyms
from pipelines.engines.duckdb.session import open_s3
from pipelines.errors import MachineError
from pipelines.storage.extensions import load_extension
from pipelines.storage.scratch import Scratch
from pipelines.storage.store import S3, as_url, s3_access

SOURCE = "stored"
# Most of some hundred tables are small, and each column takes a block at least.
BLOCKS = {"default_block_size": "16384"}
OPENING = "LOAD delta;"
# The reader's own credentials, from the reader's environment: none are written beside the file.
OPENING_S3 = (
    "LOAD delta; LOAD httpfs; CREATE SECRET huiliu (TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'), "
    "SECRET getenv('AWS_SECRET_ACCESS_KEY'), SESSION_TOKEN getenv('AWS_SESSION_TOKEN'), {place});"
)
LAUNCHER = """#!/bin/sh
# Opens the file beside it in the plain DuckDB command line, with the extensions that lie beside it, if it needs any.
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


@dataclass(frozen=True)
class DayMacro:
    """A table macro beside a table: `name(day)` gives the rows that hold on a day.

    `first` and `last` are its columns of the days that a row holds from and to; `only` the codes that it must have.
    """

    name: str
    first: str
    last: str
    only: Mapping[str, str]


@dataclass(frozen=True)
class ShownTable:
    """A table of the lake as the file shows it: `rows` follows from one table of the name SOURCE, which lies at `uri`.

    `place` is schema and name in the file, `titles` are the columns' comments. `on_day` is for a table with a history.
    """

    place: tuple[str, str]
    comment: str
    titles: Mapping[str, str]
    rows: ir.Table
    uri: str
    on_day: DayMacro | None = None


@dataclass(frozen=True)
class ListedTable:
    """A table that comes with its rows; otherwise as ShownTable."""

    place: tuple[str, str]
    comment: str
    titles: Mapping[str, str]
    rows: pa.Table


@dataclass(frozen=True)
class Contents:
    """What a file is made of."""

    shown: Sequence[ShownTable] = ()
    listed: Sequence[ListedTable] = ()

    @property
    def on_s3(self) -> bool:
        return any(table.uri.startswith(S3) for table in self.shown)


@dataclass(frozen=True)
class _Selected:
    """A shown table as a statement that selects its rows; otherwise as ShownTable."""

    place: tuple[str, str]
    comment: str
    titles: Mapping[str, str]
    query: str
    on_day: DayMacro | None = None


@dataclass(frozen=True)
class _Session:
    """How DuckDB is opened: `memory` such as 2GB, DuckDB spills beyond."""

    memory: str
    on_s3: bool


def write_file(path: Path, contents: Contents, key: bytes | None, *, portable: bool, memory: str) -> None:
    """Write `path` anew; `memory` such as 2GB, DuckDB spills beyond.

    With the `key` of pseudonyms the file holds the rows and nothing of the lake is needed to read it: a view could not
    give pseudonyms without the key in its text. Without, it holds views that name the lake's tables by their absolute
    place (after the lake is moved, write the file anew; on S3 readers need credentials of their own), or the rows where
    it is to be `portable`. A launcher is written beside a file that is not.

    Raises MachineError where the process that writes it is ended from outside.
    """
    session = _Session(memory, contents.on_s3)
    selected = [
        _Selected(table.place, table.comment, table.titles, _query(table), table.on_day) for table in contents.shown
    ]
    holds_rows = portable or key is not None
    with Scratch("rows-") as name:
        folder = Path(name)
        if key is not None:
            selected = _masked(selected, session, key, folder)
        with _process_of_its_own() as apart:
            apart.submit(_write, path, selected, contents.listed, session, "TABLE" if holds_rows else "VIEW").result()
    if not portable:
        _write_launcher(path, () if holds_rows else ("delta", "httpfs") if contents.on_s3 else ("delta",))


def _query(table: ShownTable) -> str:
    stored = f"SELECT * FROM delta_scan({_text(as_url(table.uri))})"
    return f"WITH {SOURCE} AS ({stored}) {ibis.to_sql(table.rows, dialect='duckdb')}"


def _masked(tables: Sequence[_Selected], session: _Session, key: bytes, folder: Path) -> list[_Selected]:
    """The same tables, of rows that were put down in `folder`."""
    put_down = []
    with duckdb.connect() as connection:
        _prepare(connection, session)
        teach_pseudonyms(connection, key)
        for number, table in enumerate(tables):
            rows = _text(str(folder / f"{number}.parquet"))
            connection.execute(f"COPY ({table.query}) TO {rows} (FORMAT parquet)")
            put_down.append(replace(table, query=f"SELECT * FROM read_parquet({rows})"))
    return put_down


@contextmanager
def _process_of_its_own() -> Iterator[ProcessPoolExecutor]:
    """A process that begins with nothing of this one's memory."""
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
            yield apart
    except BrokenProcessPool:
        raise MachineError(
            "the process that writes the DuckDB file was ended before it was done",
            "look whether the system ran out of memory (HUILIU_MEMORY says how much DuckDB may take), and try again",
        ) from None


def _write(
    path: Path, selected: Sequence[_Selected], listed: Sequence[ListedTable], session: _Session, kind: str
) -> None:
    partial = path.with_name(path.name + ".part")
    # A write-ahead log that an interrupted attempt left would be replayed into the new file.
    for left in (partial, partial.with_name(partial.name + ".wal")):
        left.unlink(missing_ok=True)
    with duckdb.connect(str(partial), config=BLOCKS) as connection:
        _prepare(connection, session)
        connection.begin()  # one transaction for some thousand comments, or each would be flushed to disk
        places = [*(table.place for table in selected), *(table.place for table in listed)]
        for schema in dict.fromkeys(schema for schema, _ in places):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_name(schema)}")
        for table in selected:
            connection.execute(f"CREATE {kind} {_placed(table)} AS {table.query}")
            _comment(connection, table, kind)
            if table.on_day:
                _write_macro(connection, table, table.on_day)
        for entries in listed:
            _write_listed(connection, entries)
        connection.commit()
    partial.replace(path)


def _prepare(connection: duckdb.DuckDBPyConnection, session: _Session) -> None:
    load_extension(connection, "delta")
    if session.on_s3:
        open_s3(connection)
    connection.execute(f"SET memory_limit = {_text(session.memory)}")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET preserve_insertion_order = false")  # kept, whole row groups of all threads would wait


def folder_beside(path: Path) -> Path:
    """The folder of an analyst's file: `extensions/` and `open.sh`; `path` must have a suffix."""
    return path.with_suffix("")


def _write_listed(connection: duckdb.DuckDBPyConnection, table: ListedTable) -> None:
    connection.register("entries", table.rows)
    connection.execute(f"CREATE TABLE {_placed(table)} AS SELECT * FROM entries")
    connection.unregister("entries")
    _comment(connection, table, "TABLE")


def _comment(connection: duckdb.DuckDBPyConnection, table: _Selected | ListedTable, kind: str) -> None:
    connection.execute(f"COMMENT ON {kind} {_placed(table)} IS {_text(table.comment)}")
    for column, title in table.titles.items():
        connection.execute(f"COMMENT ON COLUMN {_placed(table)}.{_name(column)} IS {_text(title)}")


def _write_macro(connection: duckdb.DuckDBPyConnection, table: _Selected, macro: DayMacro) -> None:
    first, last = _name(macro.first), _name(macro.last)
    asked = [f"{first} <= CAST(day AS DATE)", f"({last} IS NULL OR {last} >= CAST(day AS DATE))"]
    asked += [f"{_name(column)} = {_text(code)}" for column, code in macro.only.items()]
    place = f"{_name(table.place[0])}.{_name(macro.name)}"
    connection.execute(f"CREATE MACRO {place}(day) AS TABLE SELECT * FROM {_placed(table)} WHERE {' AND '.join(asked)}")
    connection.execute(f"COMMENT ON MACRO TABLE {place} IS {_text(f'{table.place[1]}: rows that hold on a day')}")


def _placed(table: _Selected | ListedTable) -> str:
    return ".".join(map(_name, table.place))


def _write_launcher(path: Path, extensions: Sequence[str]) -> None:
    folder = folder_beside(path)
    installed = []
    with duckdb.connect() as connection:
        for name in extensions:
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
            opening=_opening(extensions),
            release=version.removeprefix("v"),
            duckdb=shlex.quote(str(Path(sys.executable).with_name("duckdb"))),
        ),
        encoding="utf-8",
    )
    launcher.chmod(0o755)


def _opening(extensions: Sequence[str]) -> str:
    if "httpfs" in extensions:
        return OPENING_S3.format(place=_s3_place())
    return OPENING if extensions else ""


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
