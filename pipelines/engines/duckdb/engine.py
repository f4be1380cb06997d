"""The embedded engine: DuckDB computes, Arrow streams into delta-rs; no JVM, nothing downloaded."""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from deltalake.exceptions import DeltaError
from ibis.backends.duckdb import Backend
from ibis.backends.sql.datatypes import DuckDBType
from ibis.formats.pyarrow import PyArrowData

from pipelines.engines import delta_files, delta_rs
from pipelines.engines.base import OPERATION, Engine, FeedGapError, Merge, matching
from pipelines.engines.duckdb.failures import blames_rows
from pipelines.engines.duckdb.session import open_s3, open_session
from pipelines.engines.geometry import Expression, for_duckdb
from pipelines.engines.kept_sql import COUNTED, KeptSQL
from pipelines.storage.extensions import load_extension
from pipelines.storage.memory import in_bytes
from pipelines.storage.scratch import Scratch
from pipelines.storage.store import S3, as_url
from pipelines.tables.table import TableSpec

if TYPE_CHECKING:
    from pipelines.readers.postgres.snapshot import Snapshot
    from pipelines.readers.postgres.table import Portion

BATCH_ROWS = 122_880  # a row group of DuckDB, so that a batch is one unit of its scan
VERSIONS = 3  # of a table that stay open: one step reads it before and after it is written
READER = 1_600_000_000  # bytes that a run takes for each file that it reads at once, while DuckDB has nothing to do
MERGED_IN_MEMORY = 50_000  # rows of a merge that may be in memory
# Up to so many rows in each table that it reads, a query runs sooner as it is written: rules of a source are 100 to
# 240 kB of SQL, which take the optimizer 0.2 to 0.4 s, and 30,000 rows no longer.
FEW_ROWS = 10_000


class DuckDBEngine(Engine):
    """One DuckDB connection in memory; what is materialised there spills to a scratch folder beyond its share.

    `memory` is what the whole process may take, such as `4GB`: DuckDB's share is what the rest of it leaves.
    `retention` is how long the tables that it creates keep what they were before, `cache` a folder for SQL that the
    next process can use again (none: nothing is kept).
    """

    def __init__(
        self, memory: str, retention: datetime.timedelta = delta_rs.RETENTION, cache: Path | None = None
    ) -> None:
        self._retention = retention
        self.readers = max(1, min(os.cpu_count() or 1, int(in_bytes(memory) // READER)))
        self._scratch = Scratch()
        self.connection = open_session(memory, self._scratch.path)
        self.ibis = ibis.duckdb.from_connection(self.connection)
        self._unoptimized = self.connection.cursor()
        self._unoptimized.execute("PRAGMA disable_optimizer")
        self._ibis_unoptimized = ibis.duckdb.from_connection(self._unoptimized)
        # Tables in memory that hold few rows, and views that read none but such. Never those of files: only the
        # optimizer leaves those alone that a filter cannot mean, and one of them may be unreadable.
        self._few: set[str] = set()
        self._kept_sql = KeptSQL(cache, "duckdb")
        self._read: dict[str, dict[int, ir.Table]] = {}
        self._named_so_far = 0
        self._described: dict[str, ibis.Schema] = {}  # by what a table's log says of its columns
        self._scattered: dict[str, _Scattered] = {}
        self._empty: dict[TableSpec, ir.Table] = {}
        self._reads_delta = False
        self._reads_s3 = False
        self._knows_shapes = False

    def read(self, uri: str, version: int | None = None) -> ir.Table:
        if version is None:
            version = delta_rs.stored(uri).version()
        versions = self._read.setdefault(uri, {})
        if version not in versions:
            if not self._reads_delta:  # a fifth of a second: its signature is of 80 MB
                load_extension(self.connection, "delta")
                self._reads_delta = True
            if uri.startswith(S3) and not self._reads_s3:
                open_s3(self.connection)
                self._reads_s3 = True
            versions[version] = self._opened(uri, version)
            if len(versions) > VERSIONS:
                self._forget(versions.pop(min(versions)).get_name())
        return versions[version]

    def _opened(self, uri: str, version: int) -> ir.Table:
        """A name per table and version: an expression built earlier must not move to newer data."""
        name = self._next_name()
        files = delta_files.files_of(uri, version)
        whole = scan = f"SELECT * FROM delta_scan({_text(as_url(uri))}, version = {version})"
        if not files.are_scattered:
            self.connection.execute(f"CREATE VIEW {name} AS {scan}")
            return self._stored(name, uri, version)
        # Many small files are read once, for each query would open all of them again; and then what was appended.
        before = self._scattered.pop(uri, None)
        # A file holds none of the columns that its table is partitioned by.
        grew = before and before.files < files.paths and not delta_rs.stored(uri).metadata().partition_columns
        if before and grew and before.name in {table.get_name() for table in self._read[uri].values()}:
            added = ", ".join(map(_text, sorted(files.paths - before.files)))
            added = f"read_parquet([{added}], hive_partitioning = false)"
            scan = f"SELECT * FROM {before.name} UNION ALL BY NAME SELECT * FROM {added}"
        try:
            self._keep(self.connection, name, scan)
            self._scattered[uri] = _Scattered(name, files.paths)
        except duckdb.InvalidInputException:
            # One of them holds what cannot be read. Who asks for the rows of others does not have to open it.
            self.connection.execute(f"CREATE VIEW {name} AS {whole}")
        return self._named(name)

    def _next_name(self) -> str:
        self._named_so_far += 1
        return f"{COUNTED}{self._named_so_far}"

    def _stored(self, name: str, uri: str, version: int) -> ir.Table:
        """As `_named`; tables that say the same columns in their logs are described once."""
        columns = delta_rs.columns(uri, version)
        if columns not in self._described:
            self._described[columns] = self._columns(name)
        return self._known_as(name, self._described[columns])

    def _named(self, name: str) -> ir.Table:
        return self._known_as(name, self._columns(name))

    def _known_as(self, name: str, columns: ibis.Schema) -> ir.Table:
        return ops.DatabaseTable(name, columns, self.ibis).to_expr()

    def _columns(self, name: str) -> ibis.Schema:
        columns = self.connection.execute(f"DESCRIBE {name}").fetchall()
        return ibis.schema({column: _kind(kind) for column, kind, *_ in columns})

    def _forget(self, name: str) -> None:
        self._few.discard(name)
        kind = self.connection.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = ?", [name]).fetchone()
        self.connection.execute(f"DROP {'VIEW' if kind and kind[0] else 'TABLE'} IF EXISTS {name}")

    def changes(self, uri: str, first: int, last: int, columns: Sequence[str], name: str) -> ir.Table:
        try:
            self.connection.register("feed", delta_rs.changes(uri, first, last, columns))
            self._keep(self.connection, name, "SELECT * FROM feed")
        except (DeltaError, duckdb.Error, OSError) as error:
            raise FeedGapError(f"{uri}, versions {first} to {last}") from error
        finally:
            self.connection.unregister("feed")
        return self._named(name).select(*columns)

    def read_csv(self, path: Path) -> ir.Table:
        return self.ibis.read_csv(str(path), all_varchar=True, header=True, quote='"', delim=",", nullstr="\x01")

    def read_postgres(
        self, snapshot: Snapshot, portion: Portion, spec: TableSpec
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        from pipelines.engines.duckdb.postgres import streamed

        return streamed(snapshot, portion, spec.ibis_schema.to_pyarrow())

    def taken_in(self, rows: pa.RecordBatchReader, name: str) -> ir.Table:
        self.connection.register("stream", rows)
        try:
            self._keep(self.connection, name, "SELECT * FROM stream")
        finally:
            self.connection.unregister("stream")
        return self.ibis.table(name)

    def materialise(self, expression: ir.Table, name: str) -> ir.Table:
        # Ibis would create the table first and insert into it; created as a query, DuckDB writes it once.
        backend = self._planned_by(worded := self._in_words(expression))
        self._keep(backend.con, name, self._kept_sql.sql(worded, backend.compile))
        return self._named(name)

    def kept_if_few(self, expression: ir.Table, name: str) -> ir.Table:
        # What is asked of few rows by a long query is planned sooner, and its text is the same whichever rows they are.
        kept = self.materialise(expression.limit(FEW_ROWS + 1), name)
        return kept if name in self._few else expression

    def _keep(self, connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
        """Compute a table called `name`, instead of any that is called so."""
        count = connection.execute(f"CREATE OR REPLACE TABLE {name} AS {query}").fetchone()
        assert count
        self._note(name, is_few=count[0] <= FEW_ROWS)

    def _note(self, name: str, *, is_few: bool) -> None:
        (self._few.add if is_few else self._few.discard)(name)

    def _planned_by(self, worded: ir.Expr) -> Backend:
        """Who plans a query: without an optimizer where it reads few rows, unless they are searched by their shapes."""
        reads_few = all(table.name in self._few for table in worded.op().find(ops.PhysicalTable))
        return self._ibis_unoptimized if reads_few and not self._knows_shapes else self.ibis

    def empty(self, spec: TableSpec) -> ir.Table:
        if spec not in self._empty:
            name = self._next_name()
            self._empty[spec] = self.ibis.create_table(name, schema=spec.ibis_schema)
            self._note(name, is_few=True)
        return self._empty[spec]

    def view(self, expression: ir.Table, name: str) -> str:
        # As Ibis would, which asks for the view's columns besides: a long expression takes as long again to be bound.
        backend = self._planned_by(worded := self._in_words(expression))
        self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS {self._kept_sql.sql(worded, backend.compile)}")
        self._note(name, is_few=backend is self._ibis_unoptimized)
        return name

    def connection_for(self, view: str) -> duckdb.DuckDBPyConnection:
        """The connection by which to ask questions about a view or table: one that plans them as is due to its rows."""
        return self._unoptimized if view in self._few else self.connection

    def blames_rows(self, error: Exception) -> bool:
        return blames_rows(error)

    def named(self, expression: ir.Table, name: str) -> ir.Table:
        if self._planned_by(self._in_words(expression)) is self._ibis_unoptimized:
            # A view would be planned for itself and again for its use. Not of the same name: it may be a view already.
            return self.materialise(expression, f"kept_{name}")
        return self._known_as(self.view(expression, name), expression.schema())

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        return self._answer(expression).to_pylist()

    def scalar(self, expression: ir.Scalar) -> Any:
        return self._answer(expression.as_table())[0][0].as_py()

    def stream(self, expression: ir.Table) -> pa.RecordBatchReader:
        worded = self._in_words(expression)
        if _brings_rows(worded):
            return self.ibis.to_pyarrow_batches(worded, chunk_size=BATCH_ROWS)

        def batches() -> Iterator[pa.RecordBatch]:
            # Asked with the first batch: whatever else the connection was asked before that would end the answer.
            yield from self._asked(worded).to_arrow_reader(BATCH_ROWS)

        return pa.RecordBatchReader.from_batches(expression.schema().to_pyarrow(), batches())

    def _answer(self, expression: ir.Table) -> pa.Table:
        worded = self._in_words(expression)
        if _brings_rows(worded):
            return self.ibis.to_pyarrow(worded)
        return _Answer.convert_table(self._asked(worded).to_arrow_table(), expression.schema())

    def _asked(self, worded: ir.Table) -> duckdb.DuckDBPyConnection:
        """The connection that has begun to answer. Ibis would plan a query twice, and import pandas for it."""
        backend = self._planned_by(worded)
        return backend.con.execute(self._kept_sql.sql(worded, backend.compile))

    def _in_words(self, expression: Expression) -> Expression:
        """With operations on shapes in DuckDB's words; the extension is loaded for the first that has any."""
        worded = for_duckdb(expression)
        if worded is not expression and not self._knows_shapes:
            load_extension(self.connection, "spatial")
            self._knows_shapes = True
        return worded

    def create(
        self,
        uri: str,
        spec: TableSpec,
        rows: ir.Table | pa.RecordBatchReader | None,
        metadata: str,
        once: str | None = None,
    ) -> None:
        first = None if rows is None else self._streamed(rows)
        delta_rs.create(uri, spec, first, metadata, once, self._retention)

    def append(self, uri: str, rows: ir.Table | pa.RecordBatchReader, metadata: str, once: str | None = None) -> None:
        delta_rs.append(uri, self._streamed(rows), metadata, once)

    def _streamed(self, rows: ir.Table | pa.RecordBatchReader) -> pa.RecordBatchReader:
        return rows if isinstance(rows, pa.RecordBatchReader) else self.stream(rows)

    def merge(self, merge: Merge) -> None:
        columns = [name for name in merge.changes.columns if name != OPERATION]
        rows, condition = self.stream(merge.changes), matching(merge, quote="")
        delta_rs.merge(merge.uri, rows, columns, condition, merge.metadata, few=merge.rows <= MERGED_IN_MEMORY)

    def overwrite(self, uri: str, rows: ir.Table, spec: TableSpec, metadata: str) -> None:
        delta_rs.overwrite(uri, self.stream(rows), spec, metadata, self._retention)

    def add_columns(self, uri: str, spec: TableSpec, names: list[str], metadata: str) -> None:
        delta_rs.add_columns(uri, spec, names, metadata)

    def interrupt(self) -> None:
        self.connection.interrupt()
        self._unoptimized.interrupt()

    def close(self) -> None:
        self._kept_sql.close()
        self._unoptimized.close()
        self.connection.close()
        self._scratch.close()


@dataclass(frozen=True)
class _Scattered:
    """A table of many small files as it was read into memory."""

    name: str
    files: frozenset[str]


class _Answer(PyArrowData):
    """DuckDB's columns as Ibis has them."""

    @classmethod
    def convert_column(cls, column: pa.Array, dtype: dt.DataType) -> pa.Array:
        # What is NULL and nothing else is a number in DuckDB.
        return pa.nulls(len(column)) if dtype.is_null() else super().convert_column(column, dtype)


def _brings_rows(expression: ir.Table) -> bool:
    """Whether it has rows of Python's in it, which Ibis hands over to DuckDB."""
    return bool(expression.op().find(ops.InMemoryTable))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@functools.cache
def _kind(text: str) -> dt.DataType:
    """Ibis's type of DuckDB's, by its name; reading one takes longer than describing a whole table."""
    return DuckDBType.from_string(text)
