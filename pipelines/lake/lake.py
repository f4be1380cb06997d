"""The lake: tables by their place, read as they are now, appended to, and asked for what has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from deltalake import DeltaTable

from pipelines.engines import delta_rs
from pipelines.engines.base import Engine, FeedGapError, check_columns
from pipelines.engines.delta_log import log_stamp
from pipelines.lake.kept_states import KeptStates
from pipelines.lake.state import State
from pipelines.lake.watermark import Watermark
from pipelines.storage.durable import sync_table
from pipelines.storage.store import Store
from pipelines.tables.layout import TableId
from pipelines.tables.specs import BATCHES, RELEASES
from pipelines.tables.table import TableSpec

if TYPE_CHECKING:
    from pipelines.database.lease import Lease


NOWHERE = ("", -1)  # id and version of a table that does not exist yet
OLD_AND_NEW = "_change_type"  # what a change feed says of each row: insert, delete, update_preimage, update_postimage


class StoppedError(Exception):
    """A thread may commit no more; why is told by the one that failed or was told to stop."""


class Lake:
    """Delta tables under one root, computed by one engine; written only while `lease` is held, where there is one.

    Several threads may each append rows that they read themselves to a table of their own. Whatever asks the engine, or
    concerns a table that they share, they do one at a time, inside `lock`.
    """

    def __init__(self, root: Store, engine: Engine, lease: Lease | None = None, kept: KeptStates | None = None) -> None:
        self.root, self.engine, self.lease = root, engine, lease
        self.lock = threading.RLock()
        # Set while the threads of this process may commit no more.
        self.stopped = lease.stopped if lease else threading.Event()
        self._known: dict[TableId, State] = {}
        self._kept = kept or KeptStates(None, root)
        self._fence = 0  # the lease under which that was seen last
        self._durable: dict[TableId, int] = {}

    @property
    def is_written(self) -> bool:
        """Whether there is a lake at all: every run enters its batches and ends with a release."""
        return any(self.exists(spec.id) for spec in (BATCHES, RELEASES))

    def uri(self, table: TableId) -> str:
        return self.root.uri(table.path)

    def state(self, table: TableId) -> State | None:
        """What the table's log says now; None where the table has not been written yet."""
        uri, fence = self.uri(table), self._fence
        found = self._known.get(table)
        if found and self._is_newest(uri, found) and fence == self._fence:
            return found
        state = self._kept.state(uri, lambda: _opened(uri))
        if state and fence == self._fence:  # or another thread has taken the lease meanwhile: this may be out of date
            self._known[table] = state
        return state

    def _is_newest(self, uri: str, state: State) -> bool:
        """Whether nothing was committed since: nobody else may while the lease is held, and files can be looked at."""
        if self.lease is not None and self.lease.held:
            return True
        return state.stamp is not None and log_stamp(uri, state.version) == state.stamp

    def delta(self, table: TableId) -> DeltaTable | None:
        state = self.state(table)
        return state.delta if state else None

    def exists(self, table: TableId) -> bool:
        return self.state(table) is not None

    def read(self, spec: TableSpec) -> ir.Table:
        """The table as it is now; an empty one of the declared columns where it has not been written yet."""
        state = self.state(spec.id)
        if state is None:
            return self.engine.empty(spec)
        return _declared_columns(self.engine.read(self.uri(spec.id), state.version), spec)

    def changed(self, spec: TableSpec, since: tuple[str, int], columns: Sequence[str] | None = None) -> ir.Table | None:
        """The rows that have changed since (table id, version), as they were and as they are, in `columns` (all).

        None where that cannot be told: the table is another one now, or its change feed does not reach back.
        """
        state = self.state(spec.id)
        if state is None or state.table_id != since[0] or state.content < since[1]:
            return None
        if state.content == since[1]:
            nothing = self.engine.empty(spec).mutate(**{OLD_AND_NEW: ibis.null("string")})
            return nothing.select(*(columns or spec.names))
        stored = {field.name for field in state.delta.schema().fields}
        asked = [name for name in (columns or spec.names) if name in stored or name == OLD_AND_NEW]
        try:
            name = "feed_" + spec.id.path.replace("/", "_")
            feed = self.engine.changes(self.uri(spec.id), since[1] + 1, state.content, asked, name)
        except FeedGapError:
            return None
        return _declared_columns(feed, spec, columns)

    def version(self, table: TableId) -> tuple[str, int]:
        """(table id, version that last changed its rows); ("", -1) where the table does not exist yet."""
        state = self.state(table)
        return (state.table_id, state.content) if state else NOWHERE

    def row_count(self, table: TableId) -> int:
        """Rows by the table's log; 0 where there is no table."""
        state = self.state(table)
        return state.rows if state else 0

    def distinct_rows(self, spec: TableSpec, columns: Sequence[str]) -> int:
        """How many different rows there are in some columns; counted once for as long as the table is what it is."""
        state, what = self.state(spec.id), ",".join(columns)
        if state and what in state.counts:
            return state.counts[what]
        found = int(self.engine.scalar(self.read(spec).select(*columns).distinct().count()))
        if state and state is self.state(spec.id):  # or it was committed to meanwhile
            state.counts[what] = found
        return found

    def distinct_values(self, spec: TableSpec, column: str) -> frozenset[Any]:
        """The different values of a column with few; looked up once for as long as the table is what it is."""
        state = self.state(spec.id)
        if state and column in state.values:
            return state.values[column]
        rows = self.engine.rows(self.read(spec).select(column).distinct())
        found = frozenset(row[column] for row in rows)
        if state and state is self.state(spec.id):  # or it was committed to meanwhile
            state.values[column] = found
        return found

    def is_keyed(self, spec: TableSpec) -> bool:
        """Whether the rows that are stored were written by the table's key; merged by another one, some stay doubled.

        Tables from before that was noted are looked at.
        """
        state = self.state(spec.id)
        if state is None or state.key:
            return state is None or state.key == spec.key
        return not self.repeated_keys(spec)

    def repeated_keys(self, spec: TableSpec) -> int:
        """How many rows more than keys are stored, by the table's declared key."""
        rows = self.row_count(spec.id)
        return rows - self.distinct_rows(spec, spec.key) if rows else 0

    def hold(self) -> bool:
        """Hold the lease; True where it was taken just now: another writer may have written since the last look."""
        with self.lock:
            self.check_stopped()
            if self.lease is None or not self.lease.hold():
                return False
            fence = self.lease.fence or 0
            before, self._fence = self._fence, fence
            if fence != before + 1:  # somebody else has held it since
                self._known.clear()
            return True

    def check_stopped(self) -> None:
        """Raises StoppedError while this process is to stop."""
        if self.stopped.is_set():
            raise StoppedError("another part of this run has failed, or it was told to stop")

    def release_lease(self) -> None:
        """Give the lease back, so that others may write until this process has something to write again."""
        if self.lease is not None:
            self.lease.release()

    def watermark(self, inputs: Iterable[TableId], declarations: str) -> Watermark:
        return Watermark({table.path: self.version(table) for table in inputs}, declarations)

    def append(self, spec: TableSpec, rows: ir.Table | pa.RecordBatchReader, once: str, metadata: str = "{}") -> bool:
        """Append under the name `once`; False, and nothing written, where that append is already in the table."""
        self.hold()
        delta, uri = self.delta(spec.id), self.uri(spec.id)
        if delta is not None and delta_rs.has_committed(delta, once):
            return False
        if isinstance(rows, ir.Table):
            rows = self.declared(rows, spec)
        engine = self.writer(spec.id)
        if delta is None:
            engine.create(uri, spec, rows, metadata, once)
        else:
            engine.append(uri, rows, metadata, once)
        return True

    def append_rows(self, spec: TableSpec, rows: Sequence[Mapping[str, Any] | NamedTuple], once: str) -> bool:
        """Append a few rows that the pipeline itself reports, such as verdicts."""
        named = [row if isinstance(row, Mapping) else row._asdict() for row in rows]
        table = pa.Table.from_pylist(named, schema=spec.ibis_schema.to_pyarrow())
        return self.append(spec, pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), once)

    def writer(self, *tables: TableId) -> Engine:
        """The engine, for one commit to each of `tables`: all writing goes through here, and none without the lease."""
        self.hold()
        for table in tables:
            self._known.pop(table, None)
            self._kept.note_written(self.uri(table))
        return self.engine

    def make_durable(self, *tables: TableId) -> None:
        """Let all that was committed to tables outlast a power cut: to be called before another copy of it may go.

        A store on S3 keeps what it has answered for.
        """
        if self.root.is_s3:
            return
        for table in tables:
            after = self._durable.get(table, -1)
            self._durable[table] = sync_table(self.root.path / table.path, self.root.path.parent, after)

    def declared(self, rows: ir.Table, spec: TableSpec) -> ir.Table:
        """Rows in the declared columns and types; raises ValueError where a column is missing or surplus."""
        return rows.select(**check_columns(rows, spec))


def _opened(uri: str) -> State | None:
    delta = delta_rs.open_table(uri)
    return State.of(uri, delta, log_stamp(uri, delta.version())) if delta else None


def _declared_columns(stored: ir.Table, spec: TableSpec, columns: Sequence[str] | None = None) -> ir.Table:
    """The declared columns; NULL where the table was written before one was declared."""
    wanted = list(columns or spec.names)
    missing = {name: ibis.null(spec.column(name).ibis_type) for name in wanted if name not in stored.columns}
    return stored.mutate(**missing).select(*wanted)
