"""What a source's tables do not hold yet: batches that raw has got since, and decisions about others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH
from pipelines.lake.lake import NOWHERE, OLD_AND_NEW, Lake
from pipelines.lake.refresh import Reason
from pipelines.lake.watermark import Watermark
from pipelines.project.digest import standard_digest
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import (
    NEVER,
    batches_of,
    decided_since,
    is_taken_back_since,
    last_decided,
    last_decisions,
    unjudged_sources,
    verdicts_of,
)
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import (
    BATCHES,
    VERDICTS,
    alias_spec,
    quarantine_spec,
    raw_spec,
    standard_spec,
    withdrawn_spec,
)
from pipelines.tables.table import TableSpec

# Beyond this share of a source's rows, what stood before is of little help.
MOST = 0.5


@dataclass(frozen=True)
class News:
    """The batches that the tables do not hold yet: those that are `new` in raw, and all whose verdict is.

    None is all batches, because of `reason`. `recounted` says that those judged before have to be counted again: the
    rules are others, or their rows. `looked` is when decisions were last looked at.
    """

    reason: Reason
    new: Sequence[str] | None = None
    decided: Sequence[str] = ()
    recounted: bool = False
    looked: int = -1

    @property
    def batches(self) -> list[str] | None:
        return None if self.new is None else sorted({*self.new, *self.decided})


def placed_tables(catalog: Catalog, contract: Contract) -> list[TableSpec]:
    """The tables in which a source's rows are placed, in the order in which they are written.

    Withdrawn rows first: while standard alone knew of it, a key that is gone could come back.
    """
    withdrawn = withdrawn_spec(catalog, contract) if contract.deletes else None
    of_all = (withdrawn, standard_spec(catalog, contract), quarantine_spec(catalog, contract))
    return [spec for spec in (*of_all, alias_spec(catalog, contract)) if spec]


def sources_without_news(workspace: Workspace) -> set[str]:
    """The sources whose batches are all judged, and whose tables hold all that raw and verdicts say now.

    Told for all of them by one look at the list of batches and at the verdicts.
    """
    lake, catalog = workspace.lake, workspace.catalog
    unjudged, decided = unjudged_sources(lake), last_decisions(lake)
    return {
        name
        for name, contract in catalog.contracts.items()
        if name not in unjudged and arrivals_of(lake, catalog, contract).is_current(decided.get(name, NEVER))
    }


def arrivals_of(lake: Lake, catalog: Catalog, contract: Contract) -> Arrivals:
    raw, tables = raw_spec(catalog, contract), placed_tables(catalog, contract)
    return Arrivals(lake, contract, raw, tables, standard_digest(catalog, contract))


class Arrivals:
    """Of one source: `tables` follow from its `raw` rows under declarations of that digest."""

    def __init__(
        self, lake: Lake, contract: Contract, raw: TableSpec, tables: Sequence[TableSpec], declared: str
    ) -> None:
        self._lake, self._contract, self._raw = lake, contract, raw
        self._tables, self._declared = tables, declared

    def are_none(self) -> bool:
        """Whether nothing of this source was ever delivered: then there is nothing to judge, nor was it ever."""
        if self._lake.exists(self._raw.id):
            return False
        return self._contract.name not in self._lake.distinct_values(BATCHES, "source")

    def unjudged(self) -> list[BatchEntry]:
        verdicts = verdicts_of(self._lake, self._contract.name)
        return [entry for entry in batches_of(self._lake, self._contract.name) if entry.batch not in verdicts]

    def mark(self, decided: tuple[str, int] | None = None) -> Watermark:
        """Only this source's verdicts are an input: another source's must not make this one stale.

        `decided` is as `last_decided` says it, where that is known.
        """
        mark = self._lake.watermark([self._raw.id], self._declared)
        mark.inputs[self._verdicts] = decided or last_decided(self._lake, self._contract.name)
        return mark

    @property
    def _verdicts(self) -> str:
        return f"{VERDICTS.id}[{self._contract.name}]"

    def is_current(self, decided: tuple[str, int] | None = None) -> bool:
        mark = self.mark(decided)
        states = [self._lake.state(spec.id) for spec in self._tables]
        return all(state is not None and state.watermark == mark for state in states)

    def news(self, unjudged: Sequence[BatchEntry]) -> News:
        states = [self._lake.state(spec.id) for spec in self._tables]
        marks = [state.watermark for state in states if state]
        known = [mark for mark in marks if mark and mark.declarations == self._declared]
        if len(known) < len(marks) or not all(map(self._lake.is_keyed, self._tables)):
            return News("declarations changed", recounted=True)
        if len(marks) < len(states):
            return News("first load")
        since = [mark.inputs[self._raw.id.path] for mark in known]
        if len({table for table, _ in since}) > 1:
            return News("input recreated")
        arrived = self._arrived(min(since))
        if arrived.new is None:
            return arrived
        looked = min(mark.inputs[self._verdicts][1] for mark in known)
        if is_taken_back_since(self._lake, self._contract.name, looked):
            return News("inputs changed")  # which rows stood before those of a batch is told by raw alone
        decided = decided_since(self._lake, self._contract.name, looked)
        new = sorted({*arrived.new, *(entry.batch for entry in unjudged)})
        news = News("inputs changed", new, decided, looked=looked)
        most = MOST * self._lake.row_count(self._raw.id)
        is_most = not self._contract.is_snapshot and self._rows_in(news.batches or []) > most
        return News("inputs changed") if is_most else news

    def _rows_in(self, batches: Sequence[str]) -> int:
        entries = self._lake.read(BATCHES)
        return int(self._lake.engine.scalar(entries.filter(entries.batch.isin(batches))["rows"].sum().fill_null(0)))

    def _arrived(self, since: tuple[str, int]) -> News:
        """The batches of the rows that raw has got; all of them where rows were written anew, as by a backfill."""
        if since == NOWHERE:
            return News("first load")
        if since[0] != self._lake.version(self._raw.id)[0]:
            return News("input recreated")
        changed = self._lake.changed(self._raw, since, [BATCH, OLD_AND_NEW])
        if changed is None:
            return News("change feed gone")
        found = self._lake.engine.rows(changed.distinct())
        if any(change[OLD_AND_NEW] != "insert" for change in found):
            return News("inputs changed", recounted=True)
        return News("inputs changed", [change[BATCH] for change in found])
