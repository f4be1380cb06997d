"""Refreshing: a table brought to what its inputs give now, by the keys that their changed rows lead to.

Only what differs is written. Where nothing differs, an empty commit moves the watermark and says that the rows are
those of an earlier version, so that no table behind it sees news. Whatever keeps the inputs' changes from being known
makes the refresh compare the whole table, and say so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from pipelines.engines import delta_rs
from pipelines.engines.base import OPERATION, Merge, difference
from pipelines.lake.lake import NOWHERE, Lake
from pipelines.lake.state import State
from pipelines.lake.watermark import Watermark
from pipelines.tables.layout import TableId
from pipelines.tables.table import TableSpec

Reason = Literal[
    "unchanged",
    "first load",
    "inputs changed",
    "declarations changed",
    "input recreated",
    "change feed gone",
]
# Why a table is computed from the beginning, other than that it is not there yet.
WHOLE: tuple[Reason, ...] = ("declarations changed", "input recreated", "change feed gone")
Changed = Mapping[TableId, ir.Table]
# The columns of an input in which the parts of a key stand, or how they are taken from its rows.
Way = tuple[str, ...] | Callable[[ir.Table], ir.Table]

# Beyond this share of the rows that are read for all keys, looking each key up costs more than computing all of them.
LOOKUP_SHARE, LOOKUP_KEYS = 0.2, 1_000


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did to a table. `rows` is what it holds now, `keys` how many were computed (None: all)."""

    table: TableId
    reason: Reason
    version: int
    rows: int
    upserted: int = 0
    deleted: int = 0
    seconds: float = 0.0
    keys: int | None = None

    @property
    def changed(self) -> bool:
        return self.reason == "first load" or self.upserted > 0 or self.deleted > 0


@dataclass(frozen=True)
class Scope:
    """Why a table is refreshed, and for which keys (a table of them); None is all of them.

    `rows` is how many the largest input holds: computing all keys means to read those.
    """

    reason: Reason
    keys: ir.Table | None = None
    rows: int = 0


@dataclass(frozen=True)
class Derivation:
    """How a table follows from its inputs.

    `watermark()` says where the inputs are now, `scope(before, now)` what a table must be brought up to date in.
    `compute(None)` gives all rows, `compute(keys)` those whose column `by`, or several together, stand in `keys`.
    `of_nothing()` says that no input holds a row: then none follows, and `compute` is not asked.
    """

    watermark: Callable[[], Watermark]
    scope: Callable[[Watermark, Watermark], Scope]
    compute: Callable[[ir.Table | None], ir.Table]
    by: str | tuple[str, ...]
    of_nothing: Callable[[], bool] = lambda: False

    @property
    def columns(self) -> list[str]:
        """The columns of `by`."""
        return [self.by] if isinstance(self.by, str) else [*self.by]


def by_change_feeds(
    lake: Lake,
    inputs: Sequence[TableSpec],
    declarations: str,
    compute: Callable[[ir.Table | None], ir.Table],
    by: str | tuple[str, ...],
    affected: Callable[[Changed], ir.Table | None],
    asked: Mapping[TableId, Sequence[str]] | None = None,
) -> Derivation:
    """A table that follows from the rows of `inputs` under `declarations` (a digest).

    `affected` gives the keys that changed rows of the inputs lead to, each row as it was and as it is; None where a
    change may concern every key. `asked` names the columns that it looks at (all).
    """

    def scope(before: Watermark, now: Watermark) -> Scope:
        changed: dict[TableId, ir.Table] = {}
        for spec in inputs:
            was, is_now = before.inputs.get(spec.id.path, NOWHERE), now.inputs[spec.id.path]
            if was == is_now:
                continue
            if was == NOWHERE:  # it had no table yet: every row is new
                changed[spec.id] = lake.read(spec)
                continue
            if was[0] != is_now[0] or was[1] > is_now[1]:
                return Scope("input recreated")
            rows = lake.changed(spec, was, (asked or {}).get(spec.id))
            if rows is None:
                return Scope("change feed gone")
            changed[spec.id] = rows
        return Scope("inputs changed", affected(changed), max((lake.row_count(spec.id) for spec in inputs), default=0))

    return Derivation(
        lambda: lake.watermark([table.id for table in inputs], declarations),
        scope,
        compute,
        by,
        lambda: hold_no_row(lake, inputs),
    )


def hold_no_row(lake: Lake, inputs: Sequence[TableSpec]) -> bool:
    """Whether tables that something follows from are all empty, or not there yet: no row follows from them then."""
    return bool(inputs) and not any(lake.row_count(spec.id) for spec in inputs)


def by_columns(
    lake: Lake,
    ways: Mapping[TableSpec, Way],
    declarations: str,
    compute: Callable[[ir.Table | None], ir.Table],
    by: tuple[str, ...],
) -> Derivation:
    """A table whose keys `by` stand in columns of each input: `ways` says in which, in the same order."""

    def affected(changed: Changed) -> ir.Table:
        led_to = [keys_of(changed[spec.id], way, by) for spec, way in ways.items() if spec.id in changed]
        return ibis.union(*led_to) if len(led_to) > 1 else led_to[0]

    asked = {spec.id: way for spec, way in ways.items() if not callable(way)}
    return by_change_feeds(lake, list(ways), declarations, compute, by, affected, asked)


def keys_of(rows: ir.Table, way: Way, by: Sequence[str]) -> ir.Table:
    """The keys `by` that an input's rows lead to."""
    return way(rows) if callable(way) else rows.select(**dict(zip(by, way, strict=True)))


def unchanged(lake: Lake, spec: TableSpec) -> Refreshed:
    """A table that is there, as it is."""
    state = lake.state(spec.id)
    assert state is not None
    return Refreshed(spec.id, "unchanged", state.version, state.rows)


def refresh(lake: Lake, spec: TableSpec, derivation: Derivation) -> Refreshed:
    """Bring a table up to date, unless its watermark says that it is."""
    return _Refresh(lake, spec, derivation).run()


class _Refresh:
    def __init__(self, lake: Lake, spec: TableSpec, derivation: Derivation) -> None:
        self._lake, self._engine = lake, lake.engine
        self._spec, self._uri, self._derivation = spec, lake.uri(spec.id), derivation
        self._began = time.monotonic()

    def run(self) -> Refreshed:
        self._look()
        if self._is_stale() and self._lake.hold():  # another writer may have been at work
            self._look()
        state = self._state
        if not self._is_stale():
            return self._done("unchanged")
        if state is None or not self._fits(state):
            return self._write_whole()
        return self._write_changes(state)

    def _look(self) -> None:
        self._watermark = self._derivation.watermark()
        self._state = self._lake.state(self._spec.id)

    def _is_stale(self) -> bool:
        return self._state is None or self._state.watermark != self._watermark

    def _fits(self, state: State) -> bool:
        """Whether the table is there in its declared columns, by its declared key; adds columns that are new.

        Merged by another key than it was written by, a table would keep some rows doubled and lose others.
        """
        spec = self._spec
        if not self._lake.is_keyed(spec):
            return False
        stored = {field.name: field.type for field in state.delta.schema().fields}
        wanted = {column.name: delta_rs.field(column).type for column in spec.columns}
        if any(wanted.get(name) != kind for name, kind in stored.items()):
            return False
        if added := [name for name in wanted if name not in stored]:
            self._lake.writer(spec.id).add_columns(self._uri, spec, added, state.metadata or "{}")
        return True

    def _write_whole(self) -> Refreshed:
        """A first load, or a table whose columns or key no longer fit: all rows in one commit."""
        spec, metadata = self._spec, self._watermark.to_json(self._spec.key)
        if self._state is None:
            rows = None if self._derivation.of_nothing() else self._lake.declared(self._derivation.compute(None), spec)
            self._lake.writer(spec.id).create(self._uri, spec, rows, metadata)
            return self._done("first load", all_rows=True)
        rows = self._lake.declared(self._computed(None), spec)
        self._lake.writer(spec.id).overwrite(self._uri, rows, spec, metadata)
        return self._done("declarations changed", all_rows=True)

    def _write_changes(self, state: State) -> Refreshed:
        spec = self._spec
        reason, keys, count = self._scope(state)
        counts: Counter[str] = Counter()
        if keys is None or count:
            rows = self._computed(keys)
            # Kept before it is compared: few rows whose plan may be long, which each use would have to compile.
            changes = self._compared(rows if keys is None else self._engine.materialise(rows, "of_keys"), keys)
            counted = self._counted(changes)
            for row in counted:
                counts[row[OPERATION]] += row["rows"]
        if counts:
            within = {name: {row[name] for row in counted} for name in spec.partition_by}
            metadata = self._watermark.to_json(spec.key)
            merge = Merge(self._uri, changes, spec.key, metadata, counts.total(), within)
            self._lake.writer(spec.id).merge(merge)
        else:
            same_as = self._watermark.to_json(spec.key, same_as=state.content)
            self._lake.writer(spec.id).append(self._uri, self._engine.empty(spec), same_as)
        return self._done(reason, counts["upsert"], counts["delete"], keys=count)

    def _computed(self, keys: ir.Table | None) -> ir.Table:
        return self._engine.empty(self._spec) if self._derivation.of_nothing() else self._derivation.compute(keys)

    def _scope(self, state: State) -> tuple[Reason, ir.Table | None, int | None]:
        """Why there is something to do, and the keys that it concerns with their number; None is all of them."""
        before = state.watermark
        if before is None or before.declarations != self._watermark.declarations:
            return "declarations changed", None, None
        scope, by = self._derivation.scope(before, self._watermark), self._derivation.columns
        if scope.keys is None:
            return scope.reason, None, None
        named = scope.keys.filter(ibis.and_(*(scope.keys[part].notnull() for part in by))).select(*by).distinct()
        keys = self._engine.materialise(named, "affected_keys")
        count = int(self._engine.scalar(keys.count()))
        if count > LOOKUP_KEYS and count > LOOKUP_SHARE * max(scope.rows, state.rows):
            return scope.reason, None, None
        return scope.reason, keys, count

    def _compared(self, rows: ir.Table, keys: ir.Table | None) -> ir.Table:
        """What differs between `rows` and what is stored of them."""
        was = self._lake.read(self._spec)
        if keys is not None:
            was = was.semi_join(keys, self._derivation.columns)
        differs = difference(self._lake.declared(rows, self._spec), was, self._spec.key)
        return self._engine.materialise(differs, "refresh_changes")

    def _counted(self, changes: ir.Table) -> list[dict[str, Any]]:
        """How many rows change, by partition and operation."""
        return self._engine.rows(changes.group_by([*self._spec.partition_by, OPERATION]).agg(rows=changes.count()))

    def _done(
        self, reason: Reason, upserted: int = 0, deleted: int = 0, *, keys: int | None = None, all_rows: bool = False
    ) -> Refreshed:
        state = self._lake.state(self._spec.id)
        assert state is not None
        upserted = state.rows if all_rows else upserted
        seconds = time.monotonic() - self._began
        return Refreshed(self._spec.id, reason, state.version, state.rows, upserted, deleted, seconds, keys)
