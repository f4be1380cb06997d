"""The lake: tables by their place, read at a version, refreshed by writing only what differs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
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

    def refresh(self, spec: TableSpec, compute: Callable[[], ir.Table], watermark: Watermark) -> Refreshed:
        """Bring a table to what `compute` gives, unless its watermark says that it is there already.

        Rows that did not change are not rewritten. Where nothing changed but the inputs moved, an empty commit
        carries the new watermark and the change feed stays empty.
        """
        started = time.monotonic()
        delta, before = self._state(spec.id)
        if before == watermark:
            return self._refreshed(spec, "unchanged", started)
        if self.hold():
            delta, before = self._state(spec.id)
        rows = self._declared(compute(), spec)
        if delta is None or not self._fit_columns(delta, spec):
            return self._write_whole(spec, rows, before, watermark, started)
        compared = difference(rows, self.engine.read(self.uri(spec.id)), spec.key)
        changes = self.engine.materialise(compared, "refresh_changes")
        counts = {one[OPERATION]: one["rows"] for one in self._counted(changes, OPERATION)}
        return self._write_changes(spec, changes, counts, before, watermark, started)

    def refresh_parts(
        self, parts: Mapping[str, TableSpec], by: str, compute: Callable[[], ir.Table], watermark: Watermark
    ) -> list[Refreshed]:
        """Bring tables up to date that share out one result: the column `by` says whose each row is.

        As `refresh` for each of them, but the result is computed once and compared with all of them at once.
        """
        started = time.monotonic()
        states = {part: self._state(spec.id) for part, spec in parts.items()}
        if all(before == watermark for _, before in states.values()):
            return [self._refreshed(spec, "unchanged", started) for spec in parts.values()]
        if self.hold():
            states = {part: self._state(spec.id) for part, spec in parts.items()}
        # In the order of the parts, so that each one is a short range and not a scan of everything.
        rows = self.engine.materialise(compute().order_by(by), "refresh_parts")
        whole = {part for part, (delta, _) in states.items() if not (delta and self._fit_columns(delta, parts[part]))}
        filled = {one[by] for one in self._counted(rows, by)} if whole else set()
        stale = [part for part, (_, before) in states.items() if part not in whole and before != watermark]
        changes, counts = self._changed_parts(rows, by, {part: parts[part] for part in stale})
        done = []
        for part, spec in parts.items():
            (_, before), began = states[part], time.monotonic()
            if part in whole:
                mine = self._declared(rows.filter(rows[by] == part).drop(by), spec) if part in filled else None
                done.append(self._write_whole(spec, mine, before, watermark, began))
            elif part in stale:
                assert changes is not None
                mine = changes.filter(changes[by] == part).drop(by)
                done.append(self._write_changes(spec, mine, counts.get(part, {}), before, watermark, began))
            else:
                done.append(self._refreshed(spec, "unchanged", began))
        return done

    def _changed_parts(
        self, rows: ir.Table, by: str, parts: Mapping[str, TableSpec]
    ) -> tuple[ir.Table | None, Mapping[str, Mapping[str, int]]]:
        """What differs between `rows` and the tables that hold their parts; rows by part and operation."""
        if not parts:
            return None, {}
        stored = [
            self.engine.read(self.uri(spec.id)).select(*spec.names).mutate(**{by: ibis.literal(part)})
            for part, spec in parts.items()
        ]
        key = next(iter(parts.values())).key
        compared = difference(rows.filter(rows[by].isin(list(parts))), ibis.union(*stored), (by, *key))
        changes = self.engine.materialise(compared, "refresh_changes")
        counts: dict[str, dict[str, int]] = {}
        for one in self._counted(changes, by, OPERATION):
            counts.setdefault(one[by], {})[one[OPERATION]] = one["rows"]
        return changes, counts

    def _counted(self, rows: ir.Table, *by: str) -> list[dict[str, Any]]:
        return self.engine.rows(rows.group_by(list(by)).agg(rows=rows.count()))

    def _write_whole(
        self,
        spec: TableSpec,
        rows: ir.Table | None,
        before: Watermark | None,
        watermark: Watermark,
        started: float,
    ) -> Refreshed:
        """The first load of a table, or all of it again where its columns no longer fit; None is no rows."""
        uri = self.uri(spec.id)
        if not self.exists(spec.id):
            self._writer().create(uri, spec, rows, watermark.to_json())
            return self._refreshed(spec, "first load", started)
        self._writer().overwrite(uri, self.engine.empty(spec) if rows is None else rows, spec, watermark.to_json())
        done = self._refreshed(spec, _reason(before, watermark), started)
        return dataclasses.replace(done, upserted=done.rows)

    def _write_changes(
        self,
        spec: TableSpec,
        changes: ir.Table,
        counts: Mapping[str, int],
        before: Watermark | None,
        watermark: Watermark,
        started: float,
    ) -> Refreshed:
        uri = self.uri(spec.id)
        if counts:
            self._writer().merge(uri, changes, spec.key, watermark.to_json())
        else:
            self._writer().append(uri, self.engine.empty(spec), watermark.to_json())
        upserted, deleted = (counts.get(operation, 0) for operation in ("upsert", "delete"))
        return self._refreshed(spec, _reason(before, watermark), started, upserted, deleted)

    def _state(self, table: TableId) -> tuple[DeltaTable | None, Watermark | None]:
        delta = self.delta(table)
        return delta, Watermark.from_json(delta_rs.last_metadata(delta)) if delta else None

    def _writer(self) -> Engine:
        """The engine, for one commit: every write goes through here, and none without the lease."""
        self.hold()
        return self.engine

    def _declared(self, rows: ir.Table, spec: TableSpec) -> ir.Table:
        return rows.select(**check_columns(rows, spec))

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


def _reason(before: Watermark | None, watermark: Watermark) -> Reason:
    same = before is not None and before.declarations == watermark.declarations
    return "inputs changed" if same else "declarations changed"
