"""The lake: tables by their place, read at a version, refreshed by writing only what differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from deltalake import DeltaTable

from pipelines.engines import delta_rs
from pipelines.engines.base import OPERATION, Engine, check_columns, difference
from pipelines.lake.layout import TableId
from pipelines.lake.store import Store
from pipelines.lake.table import TableSpec
from pipelines.lake.watermark import Watermark

if TYPE_CHECKING:
    from pipelines.lake.lease import Lease

Reason = Literal["unchanged", "first load", "inputs changed", "declarations changed"]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did to a table. `rows` is what it holds now."""

    table: TableId
    reason: Reason
    version: int
    rows: int
    upserted: int = 0
    deleted: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        return self.reason == "first load" or self.upserted > 0 or self.deleted > 0


class Lake:
    """Delta tables under one root, computed by one engine; written only while `lease` is held, where there is one."""

    def __init__(self, root: Store, engine: Engine, lease: Lease | None = None) -> None:
        self.root, self.engine, self.lease = root, engine, lease

    def uri(self, table: TableId) -> str:
        return self.root.uri(table.path)

    def delta(self, table: TableId) -> DeltaTable | None:
        return delta_rs.open_table(self.uri(table))

    def exists(self, table: TableId) -> bool:
        return self.delta(table) is not None

    def read(self, spec: TableSpec) -> ir.Table:
        """The table as it is now; an empty one of the declared columns where it has not been written yet."""
        if not self.exists(spec.id):
            return self.engine.empty(spec)
        stored = self.engine.read(self.uri(spec.id))
        missing = {c.name: ibis.null(c.ibis_type) for c in spec.columns if c.name not in stored.columns}
        return stored.mutate(**missing).select(*spec.names)

    def version(self, table: TableId) -> tuple[str, int]:
        """(table id, version); ("", -1) where the table does not exist yet."""
        delta = self.delta(table)
        return (str(delta.metadata().id), delta.version()) if delta else ("", -1)

    def row_count(self, table: TableId) -> int:
        """Rows by the table's log; 0 where there is no table."""
        delta = self.delta(table)
        return delta_rs.row_count(delta) if delta else 0

    def hold(self) -> bool:
        """Hold the lease; True where it was taken just now: another writer may have written since the last look."""
        return self.lease is not None and self.lease.hold()

    def watermark(self, inputs: Iterable[TableId], declarations: str) -> Watermark:
        return Watermark({table.path: self.version(table) for table in inputs}, declarations)

    def is_current(self, table: TableId, watermark: Watermark) -> bool:
        """Whether the table was computed from just these inputs under just these declarations."""
        return self._state(table)[1] == watermark

    def append(self, spec: TableSpec, rows: ir.Table | pa.RecordBatchReader, once: str, metadata: str = "{}") -> bool:
        """Append under the name `once`; False, and nothing written, where that append is already in the table."""
        self.hold()
        delta, uri = self.delta(spec.id), self.uri(spec.id)
        if delta is not None and delta_rs.has_committed(delta, once):
            return False
        if isinstance(rows, ir.Table):
            rows = self._declared(rows, spec)
        if delta is None:
            self._writer().create(uri, spec, rows, metadata, once)
        else:
            self._writer().append(uri, rows, metadata, once)
        return True

    def append_rows(self, spec: TableSpec, rows: list[dict[str, Any]], once: str) -> bool:
        """Append a few rows that the pipeline itself reports, such as verdicts."""
        table = pa.Table.from_pylist(rows, schema=spec.ibis_schema.to_pyarrow())
        return self.append(spec, pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), once)

    def refresh(
        self, spec: TableSpec, compute: Callable[[], ir.Table], watermark: Watermark, *, nothing: bool = False
    ) -> Refreshed:
        """Bring a table to what `compute` gives, unless its watermark says that it is there already.

        Rows that did not change are not rewritten. Where nothing changed but the inputs moved, an empty commit
        carries the new watermark and the change feed stays empty. `nothing` says that `compute` gives no rows, where
        that is known: an empty table that stays empty is then not compared.
        """
        started = time.monotonic()
        (delta, before), uri = self._state(spec.id), self.uri(spec.id)
        if before == watermark:
            return self._refreshed(spec, "unchanged", started)
        if self.hold():
            delta, before = self._state(spec.id)
        if delta is None:
            rows = None if nothing else self._declared(compute(), spec)
            self._writer().create(uri, spec, rows, watermark.to_json())
            return self._refreshed(spec, "first load", started)
        same_declarations = before is not None and before.declarations == watermark.declarations
        reason: Reason = "inputs changed" if same_declarations else "declarations changed"
        if not self._fit_columns(delta, spec):
            rows = self._declared(compute(), spec)
            self._writer().overwrite(uri, rows, spec, watermark.to_json())
            done = self._refreshed(spec, reason, started)
            return Refreshed(spec.id, reason, done.version, done.rows, done.rows, 0, done.seconds)
        if nothing and not delta_rs.row_count(delta):
            self._writer().append(uri, self.engine.empty(spec), watermark.to_json())
            return self._refreshed(spec, reason, started)
        upserted, deleted = self._merge(spec, compute(), watermark)
        return self._refreshed(spec, reason, started, upserted, deleted)

    def _state(self, table: TableId) -> tuple[DeltaTable | None, Watermark | None]:
        delta = self.delta(table)
        return delta, Watermark.from_json(delta_rs.last_metadata(delta)) if delta else None

    def _writer(self) -> Engine:
        """The engine, for one commit: every write goes through here, and none without the lease."""
        self.hold()
        return self.engine

    def _declared(self, rows: ir.Table, spec: TableSpec) -> ir.Table:
        return rows.select(**check_columns(rows, spec))

    def _merge(self, spec: TableSpec, rows: ir.Table, watermark: Watermark) -> tuple[int, int]:
        uri = self.uri(spec.id)
        compared = difference(self._declared(rows, spec), self.engine.read(uri), spec.key)
        changes = self.engine.materialise(compared, "refresh_changes")
        counted = changes.group_by(OPERATION).agg(rows=changes.count())
        counts = {row[OPERATION]: row["rows"] for row in self.engine.rows(counted)}
        if counts:
            self._writer().merge(uri, changes, spec.key, watermark.to_json())
        else:
            self._writer().append(uri, changes.drop(OPERATION), watermark.to_json())
        return counts.get("upsert", 0), counts.get("delete", 0)

    def _fit_columns(self, delta: DeltaTable, spec: TableSpec) -> bool:
        """Add newly declared columns; False where others vanished or changed type: the table must be rewritten."""
        stored = {field.name: field.type for field in delta.schema().fields}
        wanted = {column.name: delta_rs.field(column).type for column in spec.columns}
        if any(wanted.get(name) != kind for name, kind in stored.items()):
            return False
        if added := [name for name in wanted if name not in stored]:
            self._writer().add_columns(self.uri(spec.id), spec, added)
        return True

    def _refreshed(
        self, spec: TableSpec, reason: Reason, started: float, upserted: int = 0, deleted: int = 0
    ) -> Refreshed:
        delta = delta_rs.stored(self.uri(spec.id))
        rows = delta_rs.row_count(delta)
        if reason == "first load":
            upserted = rows
        return Refreshed(spec.id, reason, delta.version(), rows, upserted, deleted, time.monotonic() - started)
