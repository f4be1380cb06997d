"""Backfill: kept originals read again under today's contract, and raw brought to what they say now.

What is declared later fills old rows that way, and so do renamed headers and a mended reader. Raw's change feed tells
standardise, which then computes the source anew.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER
from pipelines.engines.base import OPERATION, Merge, difference
from pipelines.errors import HuiliuError
from pipelines.lake.watermark import changed_now, unchanged_since
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem, UnreadableFile, open_delivery
from pipelines.rules.verdicts import batches_of
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.delivered_rows import Counter, delivered_rows
from pipelines.steps.ingest import Ingested
from pipelines.steps.originals import Original, kept_name
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import raw_spec

PLACE = (BATCH, ROW_NUMBER)


class NothingToBackfillError(HuiliuError):
    """There are no originals to read again."""

    kind = "nothing to backfill"


@dataclass
class Backfilled:
    """What a backfill did: the batches that it read again, and how many rows of raw have changed in which."""

    source: str
    batches: list[str] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def backfill(workspace: Workspace, contract: Contract, first: datetime.date, last: datetime.date) -> Backfilled:
    """Read the batches again that were received from `first` to `last`, days of Asia/Shanghai and both of them too.

    One commit per batch, and none where nothing differs: what a crash left undone is done when it is called again.
    Verdicts stay what they are. A batch whose original is missing or cannot be read is a problem of the result, and
    keeps its rows. Raises NothingToBackfillError.
    """
    if contract.table:
        raise NothingToBackfillError(
            f"{contract.name} is read from the table {contract.table.name}, of which no originals are kept",
            f"have {contract.table.watermark} of the rows in question set anew there, and the next run reads them",
            2,
        )
    if first > last:
        raise NothingToBackfillError(f"{first} is after {last}", "write the earlier day as --from", 2)
    workspace.lake.hold()
    batches = batches_of(workspace.lake, contract.name)
    days = [entry.received_at.astimezone(PEOPLE_TIME).date() for entry in batches]
    asked = [entry for entry, day in zip(batches, days, strict=True) if first <= day <= last and entry.sha256]
    if not asked:
        there = f"batches came from {min(days)} to {max(days)}" if days else "nothing has come yet"
        raise NothingToBackfillError(
            f"{contract.name} received no file from {first} to {last}: {there}", "choose other days", 2
        )
    return _Backfill(workspace, contract).run(asked)


class _Backfill:
    def __init__(self, workspace: Workspace, contract: Contract) -> None:
        self._workspace, self._contract, self._lake = workspace, contract, workspace.lake
        self._spec = raw_spec(workspace.catalog, contract)
        self._done = Backfilled(contract.name)

    def run(self, batches: list[BatchEntry]) -> Backfilled:
        self._add_columns()
        for entry in batches:
            sha256 = str(entry.sha256)
            name = kept_name(sha256, entry.file)
            try:
                with self._lake.root.kept(name) as path:
                    self._read_again(entry, Original(entry.file, path, self._lake.root.url(name), sha256))
            except FileNotFoundError:
                self._noted(entry, "the kept original is gone", f"restore {self._lake.root.uri(name)} from a backup")
            except UnreadableFile as unreadable:
                if entry.readable:
                    self._done.problems.append(unreadable.problem.renamed(entry.file))
        return self._done

    def _noted(self, entry: BatchEntry, what: str, todo: str) -> None:
        self._done.problems.append(Problem(entry.file, f"{what}, so the batch stays as it is", todo))

    def _add_columns(self) -> None:
        state = self._lake.state(self._spec.id)
        if state is None:
            return
        stored = {field.name for field in state.delta.schema().fields}
        if added := [name for name in self._spec.names if name not in stored]:
            metadata = unchanged_since(state.metadata, state.content)
            self._lake.writer(self._spec.id).add_columns(self._lake.uri(self._spec.id), self._spec, added, metadata)

    def _read_again(self, entry: BatchEntry, original: Original) -> None:
        delivery = open_delivery(original.kept, self._contract)
        if not entry.readable:
            what = "could not be read when it came and can be now"
            self._noted(entry, what, "have it delivered again with any change, and reject this batch")
            return
        stored = self._lake.read(self._spec)
        before = stored.filter(stored[BATCH] == entry.batch)
        received = self._lake.engine.scalar(before[RECEIVED_AT].min()) or entry.received_at
        note = Ingested(self._contract.name).note
        rows = delivered_rows(self._workspace, delivery, original, entry.batch, received, Counter(), note)
        try:
            read = rows if isinstance(rows, ir.Table) else self._lake.engine.taken_in(rows, "read_again")
        except Exception:
            if delivery.failure:
                raise delivery.failure from None
            raise
        self._done.batches.append(entry.batch)
        self._merge(entry.batch, read, before)

    def _merge(self, batch: str, read: ir.Table, before: ir.Table) -> None:
        engine = self._lake.engine
        found = difference(self._lake.declared(read, self._spec), before, PLACE)
        changes = engine.materialise(found, "backfill_changes")
        count = int(engine.scalar(changes[OPERATION].count()))
        if not count:
            return
        state = self._lake.state(self._spec.id)
        assert state
        uri = self._lake.uri(self._spec.id)
        self._lake.writer(self._spec.id).merge(Merge(uri, changes, PLACE, changed_now(state.metadata), count))
        self._done.changed[batch] = count
