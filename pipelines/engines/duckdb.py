"""The embedded engine: DuckDB computes, Arrow streams into delta-rs; no JVM, nothing downloaded."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from duckdb_extensions import import_extension

from pipelines.engines import delta_rs
from pipelines.engines.base import OPERATION, Engine
from pipelines.lake.table import TableSpec

BATCH_ROWS = 122_880  # a row group of DuckDB, so that a batch is one unit of its scan


class DuckDBEngine(Engine):
    """One DuckDB connection in memory; what is materialised there spills to a scratch folder beyond `memory`."""

    def __init__(self, memory: str) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="huiliu-"))
        connection = duckdb.connect()
        load_extension(connection, "delta")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{memory}'")
        connection.execute(f"SET temp_directory = '{self._scratch}'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        self.connection = connection
        self.ibis = ibis.duckdb.from_connection(connection)
        self._views: dict[str, str] = {}
        self._empty: dict[TableSpec, ir.Table] = {}

    def read(self, uri: str, version: int | None = None) -> ir.Table:
        if version is None:
            version = delta_rs.DeltaTable(uri).version()
        # One view per table and version: an expression built earlier must not move to newer data.
        name = self._views.setdefault(f"{uri}@{version}", f"delta_{len(self._views)}")
        path = uri.replace("'", "''")
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM delta_scan('{path}', version = {version})"
        )
        return self.ibis.table(name)

    def read_csv(self, path: Path) -> ir.Table:
        return self.ibis.read_csv(str(path), all_varchar=True, header=True, quote='"', delim=",", nullstr="\x01")

    def materialise(self, expression: ir.Table, name: str) -> ir.Table:
        # Ibis would create the table first and insert into it; created as a query, DuckDB writes it once.
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {self.ibis.compile(expression)}")
        return self.ibis.table(name)

    def empty(self, spec: TableSpec) -> ir.Table:
        name = f"empty_{len(self._empty)}"
        if spec not in self._empty:
            self._empty[spec] = self.ibis.create_table(name, schema=spec.ibis_schema)
        return self._empty[spec]

    def view(self, expression: ir.Table, name: str) -> str:
        self.ibis.create_view(name, expression, overwrite=True)
        return name

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        return self.ibis.to_pyarrow(expression).to_pylist()

    def scalar(self, expression: ir.Scalar) -> Any:
        return self.ibis.to_pyarrow(expression).as_py()

    def stream(self, expression: ir.Table) -> pa.RecordBatchReader:
        return self.ibis.to_pyarrow_batches(expression, chunk_size=BATCH_ROWS)

    def create(self, uri: str, spec: TableSpec) -> None:
        delta_rs.create(uri, spec)

    def append(self, uri: str, rows: ir.Table | pa.RecordBatchReader, metadata: str, once: str | None = None) -> None:
        reader = rows if isinstance(rows, pa.RecordBatchReader) else self.stream(rows)
        delta_rs.append(uri, reader, metadata, once)

    def merge(self, uri: str, changes: ir.Table, key: tuple[str, ...], metadata: str) -> None:
        columns = [name for name in changes.columns if name != OPERATION]
        delta_rs.merge(uri, self.stream(changes), columns, key, metadata)

    def overwrite(self, uri: str, rows: ir.Table, spec: TableSpec, metadata: str) -> None:
        delta_rs.overwrite(uri, self.stream(rows), spec, metadata)

    def add_columns(self, uri: str, spec: TableSpec, names: list[str]) -> None:
        delta_rs.add_columns(uri, spec, names)

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its PyPI package: DuckDB's own INSTALL would download it."""
    import_extension(name, con=connection)
    connection.execute(f"LOAD {name}")
