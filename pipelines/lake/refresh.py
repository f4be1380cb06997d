"""Refreshing: a table brought to what its inputs give now, by the keys that their changed rows lead to.

Only what differs is written. Where nothing differs, an empty commit moves the watermark and says that the rows are
those of an earlier version, so that no table behind it sees news. Whatever keeps the inputs' changes from being known
makes the refresh compare the whole table, and say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from pipelines.engines import delta_rs
from pipelines.engines.base import OPERATION, First, Merge, difference
from pipelines.lake.lake import NOWHERE, Lake, State
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

# Beyond this share of the rows that are read for all keys, looking each key up costs more than computing all of them.
MANY, FEW = 0.2, 1_000


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
    """Why a table is refreshed, and for which keys (a table of one column); None is all of them.

    `rows` is how many the largest input holds: computing all keys means to read those.
    """

    reason: Reason
    keys: ir.Table | None = None
    rows: int = 0


@dataclass(frozen=True)
class Derivation:
    """How tables follow from their inputs.

    `watermark()` says where the inputs are now, `scope(before, now)` what a table must be brought up to date in.
    `compute(None)` gives all rows, `compute(keys)` those whose column `by` stands in `keys`.
    """

    watermark: Callable[[], Watermark]
    scope: Callable[[Watermark, Watermark], Scope]
    compute: Callable[[ir.Table | None], ir.Table]
    by: str


def by_change_feeds(
    lake: Lake,
    inputs: Sequence[TableSpec],
    declarations: str,
    compute: Callable[[ir.Table | None], ir.Table],
    by: str,
    affected: Callable[[Changed], ir.Table | None],
    asked: Mapping[TableId, Sequence[str]] | None = None,
) -> Derivation:
    """Tables that follow from the rows of `inputs` under `declarations` (a digest).

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

    return Derivation(lambda: lake.watermark([one.id for one in inputs], declarations), scope, compute, by)


def by_columns(
    lake: Lake,
    ways: Mapping[TableSpec, str],
    declarations: str,
    compute: Callable[[ir.Table | None], ir.Table],
    by: str,
) -> Derivation:
    """Tables whose key `by` stands in one column of each input: `ways` says in which."""

    def affected(changed: Changed) -> ir.Table:
        led_to = [changed[spec.id].select(**{by: way}) for spec, way in ways.items() if spec.id in changed]
        return ibis.union(*led_to) if len(led_to) > 1 else led_to[0]

    asked = {spec.id: [way] for spec, way in ways.items()}
    return by_change_feeds(lake, list(ways), declarations, compute, by, affected, asked)


def unchanged(lake: Lake, spec: TableSpec) -> Refreshed:
    """A table that is there, as it is."""
    state = lake.state(spec.id)
    assert state is not None
    return Refreshed(spec.id, "unchanged", state.version, state.rows)


def refresh(lake: Lake, spec: TableSpec, derivation: Derivation) -> Refreshed:
    """Bring a table up to date, unless its watermark says that it is."""
    return _Refresh(lake, derivation, {"": spec}, None).run()[0]


def refresh_parts(lake: Lake, parts: Mapping[str, TableSpec], share: str, derivation: Derivation) -> list[Refreshed]:
    """Bring tables up to date that share out one result: its column `share` says whose each row is.

    As `refresh` for each of them, but the result is computed once and compared with all of them at once.
    """
    return _Refresh(lake, derivation, parts, share).run()


class _Refresh:
    """One refresh of tables that follow from the same inputs, all but the one-table case told apart by `share`."""

    def __init__(self, lake: Lake, derivation: Derivation, parts: Mapping[str, TableSpec], share: str | None) -> None:
        self._lake, self._engine, self._share = lake, lake.engine, share
        self._derivation, self._parts = derivation, parts
        self._began = time.monotonic()
        self._done: dict[str, Refreshed] = {}

    def run(self) -> list[Refreshed]:
        self._look()
        if self._stale() and self._lake.hold():  # another writer may have been at work
            self._look()
        stale = self._stale()
        for part in self._parts.keys() - stale:
            self._finish(part, "unchanged")
        whole = [part for part in stale if not self._fits(part)]
        if whole:
            self._write_whole(whole)
        for before, some in self._by_watermark(stale - set(whole)).items():
            self._write_changes(some, self._states[some[0]].watermark if before else None)
        return [self._done[part] for part in self._parts]

    def _look(self) -> None:
        self._watermark = self._derivation.watermark()
        self._states: dict[str, State] = {}
        for part, spec in self._parts.items():
            if state := self._lake.state(spec.id):
                self._states[part] = state

    def _stale(self) -> set[str]:
        known = self._states
        return {part for part in self._parts if part not in known or known[part].watermark != self._watermark}

    def _fits(self, part: str) -> bool:
        """Whether the table is there in its declared columns, by its declared key; adds columns that are new.

        Merged by another key than it was written by, a table would keep some rows doubled and lose others.
        """
        state, spec = self._states.get(part), self._parts[part]
        if state is None or not self._lake.is_keyed(spec):
            return False
        stored = {field.name: field.type for field in state.delta.schema().fields}
        wanted = {column.name: delta_rs.field(column).type for column in spec.columns}
        if any(wanted.get(name) != kind for name, kind in stored.items()):
            return False
        if added := [name for name in wanted if name not in stored]:
            self._lake.writer(spec.id).add_columns(self._lake.uri(spec.id), spec, added, state.said or "{}")
        return True

    def _by_watermark(self, parts: set[str]) -> dict[str, list[str]]:
        """Parts that a crash left at different inputs are brought on each from where it stands."""
        found: dict[str, list[str]] = {}
        for part in self._parts:
            if part in parts:
                mark = self._states[part].watermark
                found.setdefault(mark.to_json() if mark else "", []).append(part)
        return found

    def _whole(self) -> ir.Table:
        rows = self._derivation.compute(None)
        if self._share is None:
            return rows
        # In the order of the parts, so that each one is a short range and not a scan of everything.
        return self._engine.materialise(rows.order_by(self._share), "refresh_whole")

    def _write_whole(self, parts: list[str]) -> None:
        """First loads, and tables whose columns or key no longer fit: all rows in one commit each."""
        rows = self._whole()
        filled = {one[self._share] for one in self._counted(rows, self._share)} if self._share else {""}
        first = []
        for part in [part for part in self._parts if part in parts]:
            spec, uri = self._parts[part], self._lake.uri(self._parts[part].id)
            mine = self._lake.declared(self._mine(rows, part), spec) if part in filled else None
            metadata = self._watermark.to_json(spec.key)
            if part not in self._states:
                first.append(First(uri, spec, mine, metadata))
            else:
                engine = self._lake.writer(spec.id)
                engine.overwrite(uri, engine.empty(spec) if mine is None else mine, spec, metadata)
                self._finish(part, "declarations changed", all_rows=True)
        if first:
            self._lake.writer(*(one.spec.id for one in first)).create_together(first, self._lake.hold)
        for part in [part for part in parts if part not in self._states]:
            self._finish(part, "first load")

    def _write_changes(self, parts: list[str], before: Watermark | None) -> None:
        reason, keys, count = self._scope(parts, before)
        changes: ir.Table | None = None
        counts: Mapping[str, Mapping[str, int]] = {}
        if keys is None or count:
            # Kept before it is compared: few rows whose plan may be long, which each use would have to compile.
            rows = (
                self._whole() if keys is None else self._engine.materialise(self._derivation.compute(keys), "of_keys")
            )
            changes, counts = self._compared(rows, parts, keys)
        merges = []
        for part in parts:
            spec = self._parts[part]
            uri = self._lake.uri(spec.id)
            if changes is not None and counts.get(part):
                rows_changed = sum(counts[part].values())
                said = self._watermark.to_json(spec.key)
                merges.append(Merge(uri, self._mine(changes, part), spec.key, said, rows_changed))
            else:
                same_as = self._watermark.to_json(spec.key, same_as=self._states[part].content)
                self._lake.writer(spec.id).append(uri, self._engine.empty(spec), same_as)
        if merges:
            self._lake.writer(*(self._parts[part].id for part in parts)).merge(merges)
        for part in parts:
            counted = counts.get(part, {})
            self._finish(part, reason, counted.get("upsert", 0), counted.get("delete", 0), keys=count)

    def _scope(self, parts: list[str], before: Watermark | None) -> tuple[Reason, ir.Table | None, int | None]:
        """Why there is something to do, and the keys that it concerns with their number; None is all of them."""
        if before is None or before.declarations != self._watermark.declarations:
            return "declarations changed", None, None
        scope, by = self._derivation.scope(before, self._watermark), self._derivation.by
        if scope.keys is None:
            return scope.reason, None, None
        named = scope.keys.filter(scope.keys[by].notnull()).select(by).distinct()
        keys = self._engine.materialise(named, "affected_keys")
        count = int(self._engine.scalar(keys.count()))
        rows = max(scope.rows, sum(self._states[part].rows for part in parts))
        if count > FEW and count > MANY * rows:
            return scope.reason, None, None
        return scope.reason, keys, count

    def _compared(
        self, rows: ir.Table, parts: list[str], keys: ir.Table | None
    ) -> tuple[ir.Table, Mapping[str, Mapping[str, int]]]:
        """What differs between `rows` and what is stored of them; how many, by part and operation."""
        first = self._parts[parts[0]]
        names, key = list(first.names), first.key
        was = self._stored(parts, keys)
        if self._share is None:
            rows = self._lake.declared(rows, first)
        else:
            types = {column.name: rows[column.name].cast(column.ibis_type) for column in first.columns}
            rows = rows.filter(rows[self._share].isin(parts)).select(**types, **{self._share: rows[self._share]})
            names, key = [*names, self._share], (self._share, *key)
        changes = self._engine.materialise(difference(rows, was.select(*names), key), "refresh_changes")
        counts: dict[str, dict[str, int]] = {}
        by = [self._share, OPERATION] if self._share else [OPERATION]
        for one in self._counted(changes, *by):
            counts.setdefault(one[self._share] if self._share else "", {})[one[OPERATION]] = one["rows"]
        return changes, counts

    def _stored(self, parts: list[str], keys: ir.Table | None) -> ir.Table:
        if self._share:
            rows = self._lake.read_together({part: self._parts[part] for part in parts}, self._share)
        else:
            rows = self._lake.read(self._parts[parts[0]])
        return rows if keys is None else rows.semi_join(keys, self._derivation.by)

    def _mine(self, rows: ir.Table, part: str) -> ir.Table:
        return rows if self._share is None else rows.filter(rows[self._share] == part).drop(self._share)

    def _counted(self, rows: ir.Table, *by: str) -> list[dict[str, Any]]:
        return self._engine.rows(rows.group_by(list(by)).agg(rows=rows.count()))

    def _finish(
        self,
        part: str,
        reason: Reason,
        upserted: int = 0,
        deleted: int = 0,
        *,
        keys: int | None = None,
        all_rows: bool = False,
    ) -> None:
        table = self._parts[part].id
        state = self._lake.state(table)
        assert state is not None
        upserted = state.rows if reason == "first load" or all_rows else upserted
        seconds = time.monotonic() - self._began
        version = state.version
        self._done[part] = Refreshed(table, reason, version, state.rows, upserted, deleted, seconds, keys)
