"""Standardise and gate: raw cells to typed rows; a row passes, is flagged or is quarantined; a batch is judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER, VERSION
from pipelines.errors import KeyRepeatedError
from pipelines.lake.refresh import Derivation, Refreshed, Scope, refresh, unchanged
from pipelines.lake.watermark import Watermark
from pipelines.project.workspace import Project, Workspace
from pipelines.rules.counting import Ungated
from pipelines.rules.gate import weigh, write_verdicts
from pipelines.rules.rows import PLACE
from pipelines.rules.verdicts import (
    NEVER,
    Judged,
    as_untypable,
    batches_of,
    gate_verdicts,
    settled_rows,
    settled_since,
    untypable,
    verdicts_of,
    verdicts_with,
    write_untypable,
)
from pipelines.steps.arrivals import News, arrivals_of, placed_tables
from pipelines.steps.losses import check_loss
from pipelines.steps.standing import ALIAS, Gated
from pipelines.steps.task import Origins, Outcome, Step, Task, taken_over
from pipelines.steps.typed_rows import DELETED, read_ungated, typed
from pipelines.tables.rows import BatchEntry, VerdictRow
from pipelines.tables.specs import (
    AS_SENT,
    BATCHES,
    alias_spec,
    quarantine_spec,
    raw_spec,
    standard_spec,
    withdrawn_spec,
)
from pipelines.tables.table import TableSpec
from pipelines.tables.verdict import ACCEPTED, REFUSED, Verdict


def standardise_tasks(project: Project) -> Iterator[Task]:
    """A task per source."""
    for contract in project.catalog.contracts.values():
        yield _task(project.catalog, contract)


def _task(catalog: Catalog, contract: Contract) -> Task:
    raw, standard, rejected = (spec(catalog, contract) for spec in (raw_spec, standard_spec, quarantine_spec))
    withdrawn = (withdrawn_spec(catalog, contract),) if contract.deletes else ()
    alias = alias_spec(catalog, contract)
    return Task(
        Step.STANDARDISE,
        contract.name,
        contract.database,
        (standard, rejected, *withdrawn, *((alias,) if alias else ())),
        (raw.id,),
        lambda workspace: standardise(workspace, contract),
        lambda: {
            **{spec.id: _standard_origins(catalog, contract, spec, raw) for spec in (standard, *withdrawn)},
            rejected.id: taken_over(rejected, raw),
            **({alias.id: _alias_origins(catalog, contract, raw)} if alias else {}),
        },
        (catalog.place_of(contract),),
        contract,
    )


def _standard_origins(catalog: Catalog, contract: Contract, standard: TableSpec, raw: TableSpec) -> Origins:
    """By the declaration: a column is its own cell, normalised, and so is the form as sent beside it."""
    origins = dict(taken_over(standard, raw))
    if contract.version and catalog.is_dated(contract):
        version = contract.cells[contract.column(contract.version).header]
        origins[VERSION] = frozenset({(raw.id, version), (raw.id, RECEIVED_AT)})
    for column in contract.columns:
        cell = frozenset({(raw.id, contract.cells[column.header])})
        origins |= {name: cell for name in (column.name, column.name + AS_SENT) if name in standard.names}
    return origins


def _alias_origins(catalog: Catalog, contract: Contract, raw: TableSpec) -> Origins:
    known = [column for column in contract.columns if catalog.elements[column.element].alias]
    cells = frozenset((raw.id, contract.cells[column.header]) for column in known)
    return {"alias": cells, "value": cells, "first_received_at": frozenset({(raw.id, RECEIVED_AT)})}


@dataclass(frozen=True)
class Standardised(Outcome):
    """What standardise did to the tables of one source, and the batches that it judged, for the first time or anew.

    `held` are those that wait for a decision since: what people decided stands, whatever the gate says anew.
    """

    source: str
    refreshed: tuple[Refreshed, ...]
    judged: list[Judged]
    held: tuple[Judged, ...] = ()


def left_alone(workspace: Workspace, contract: Contract) -> Standardised:
    """What is told of a source without news.

    Not by way of a refresh: the lease is not held, and another writer's news since would find no rows here.
    """
    tables = placed_tables(workspace.catalog, contract)
    return Standardised(contract.name, tuple(unchanged(workspace.lake, spec) for spec in tables), judged=[])


def standardise(workspace: Workspace, contract: Contract) -> Standardised:
    """Judge the batches that have no verdict, then bring the source's standard tables and quarantine up to date.

    Held batches stay out of standard until they are released; raw keeps every row of theirs.
    """
    return _Standardise(workspace, contract).run()


class _Standardise:
    def __init__(self, workspace: Workspace, contract: Contract) -> None:
        self._workspace, self._contract = workspace, contract
        self._lake, self._catalog = workspace.lake, workspace.catalog
        self._rules = self._catalog.rules(contract)
        self._raw = raw_spec(self._catalog, contract)
        self._standard = standard_spec(self._catalog, contract)
        self._quarantine = quarantine_spec(self._catalog, contract)
        self._withdrawn = withdrawn_spec(self._catalog, contract) if contract.deletes else None
        self._alias = alias_spec(self._catalog, contract)
        self._aside: Collection[str] = ()  # batches whose rows cannot be typed
        self._untyped: list[Judged] = []
        self._standing: dict[bool, ir.Table] = {}  # of all keys, and of those that are affected
        self._arrivals = arrivals_of(self._lake, self._catalog, contract)

    def run(self) -> Standardised:
        if self._arrivals.are_none():
            return self._of_nothing()
        unjudged = self._arrivals.unjudged()
        is_done = not unjudged and self._arrivals.is_current()
        if not is_done and self._lake.hold():  # another writer may have been at work
            unjudged = self._arrivals.unjudged()
            is_done = not unjudged and self._arrivals.is_current()
        if is_done:
            return left_alone(self._workspace, self._contract)
        news = self._arrivals.news(unjudged)
        before = gate_verdicts(self._lake, self._contract.name) if news.recounted else {}
        self._aside = untypable(self._lake, self._contract.name)
        ungated = self._ungated(news, before)
        asked = [entry for entry in self._to_judge(unjudged, before) if entry.batch not in self._aside]
        weighed = weigh(self._lake, self._contract, self._rules, ungated, asked, before) if asked else None
        judged = weighed.in_order if weighed else []
        verdicts = verdicts_with(verdicts_of(self._lake, self._contract.name), [*judged, *self._untyped])
        gated = self._gated(ungated, verdicts) if ungated else None
        if gated and news.reason == "declarations changed":
            standing = self._standing_rows(gated, None)
            check_loss(self._workspace, self._contract, standing, weighed)
        if self._untyped:
            write_untypable(self._lake, self._contract.name, self._untyped)
        if weighed:
            write_verdicts(self._lake, self._contract, weighed)
        done = self._refreshed(news, gated)
        if any(refreshed.changed for refreshed in done if refreshed.table == self._standard.id):
            self._check_key()
        held = tuple(batch for batch in (*judged, *self._untyped) if verdicts[batch.batch] == Verdict.HELD)
        return Standardised(self._contract.name, tuple(done), judged, held)

    def _of_nothing(self) -> Standardised:
        """The empty tables of a source that nothing was delivered of."""
        if self._arrivals.is_current(NEVER):
            return left_alone(self._workspace, self._contract)
        if self._lake.hold() and not self._arrivals.are_none():  # another writer has been at work
            return self.run()
        done = self._refreshed(self._arrivals.news([]), None, NEVER)
        return Standardised(self._contract.name, tuple(done), judged=[])

    def _check_key(self) -> None:
        if repeated := self._lake.repeated_keys(self._standard):
            raise KeyRepeatedError(
                f"{self._standard.id.path} holds {repeated:,} rows more than keys ({', '.join(self._standard.key)}), "
                "which no commit of ours writes; nothing behind it was computed",
                f"move the folder {self._lake.uri(self._standard.id)} out of the lake, and the next run writes the "
                "table anew from raw",
            )

    def _to_judge(self, unjudged: list[BatchEntry], before: Mapping[str, VerdictRow]) -> list[BatchEntry]:
        if not before:
            return unjudged
        new, entries = {entry.batch for entry in unjudged}, batches_of(self._lake, self._contract.name)
        return [entry for entry in entries if entry.batch in new or (entry.batch in before and entry.readable)]

    def _ungated(self, news: News, before: Mapping[str, VerdictRow]) -> Ungated | None:
        """The rows to be judged and placed; batches whose rows cannot be typed are held and set aside."""
        if not self._lake.exists(self._raw.id):
            return None
        batches = news.batches
        if batches is not None and self._contract.is_snapshot:
            newest = self._newest(verdicts_of(self._lake, self._contract.name))
            batches = sorted({*batches, *([newest] if newest else [])})
        if before:  # under other rules, what could not be typed may be
            self._aside = ()
        try:
            return self._read(batches)
        except Exception as error:
            if not self._lake.engine.blames_rows(error):
                raise
            failing = list(self._failing(batches))
            if not failing:
                raise
        self._aside = [*self._aside, *failing]
        self._untyped = as_untypable(self._lake, self._contract.name, failing)
        return self._read(batches)

    def _read(self, batches: Sequence[str] | None) -> Ungated:
        return read_ungated(self._workspace, self._contract, self._rules, self._typable(batches))

    def _typable(self, batches: Sequence[str] | None) -> Sequence[str] | None:
        """Batches by their names, so that the files of those set aside are not even opened."""
        if not self._aside:
            return batches
        named = self._named() if batches is None else batches
        return [batch for batch in named if batch not in self._aside]

    def _named(self) -> list[str]:
        return [entry.batch for entry in batches_of(self._lake, self._contract.name)]

    def _failing(self, batches: Sequence[str] | None) -> Iterator[str]:
        for batch in self._typable(batches or self._named()) or ():
            try:
                self._read([batch])
            except Exception as error:
                if not self._lake.engine.blames_rows(error):
                    raise
                yield batch

    def _newest(self, verdicts: Mapping[str, Verdict]) -> str | None:
        """The last accepted delivery of a source whose deliveries are snapshots."""
        if not self._contract.is_snapshot:
            return None
        typable = self._typable(self._named()) or ()
        accepted = [batch for batch in typable if verdicts.get(batch) in ACCEPTED]
        return accepted[-1] if accepted else None

    def _gated(self, ungated: Ungated, verdicts: Mapping[str, Verdict]) -> Gated:
        critical = [rule.code for rule in self._rules if rule.severity == "critical"]
        undated = None if self._catalog.is_dated(self._contract) else self._contract.version
        accepted = sorted(batch for batch, verdict in verdicts.items() if verdict in ACCEPTED)
        refused = sorted(batch for batch, verdict in verdicts.items() if verdict in REFUSED)
        damaged = self._keyed(ungated.damaged) if self._contract.is_snapshot else None
        newest = self._newest(verdicts)
        return Gated(self._contract, ungated, accepted, critical, newest, refused, undated, damaged)

    def _refreshed(self, news: News, gated: Gated | None, decided: tuple[str, int] | None = None) -> list[Refreshed]:
        names, by = self._standard.names, self._contract.key[0]
        by_key = Scope(news.reason)
        by_batch = Scope(news.reason)
        if gated and news.new is not None:
            gated = gated.kept(self._lake.engine, names)
            rejected, corrected = self._rejected(gated, news.new), self._corrected(gated, news.new)
            refused = self._lake.read(BATCHES)
            refused = refused.filter(refused.batch.isin([batch for batch in news.decided if batch in gated.refused]))
            settled = settled_since(self._lake, self._contract.name, news.looked)
            placed = [decided.select(**{BATCH: decided.batch}) for decided in (refused, settled)]
            touched = [rejected.select(BATCH), corrected.select(BATCH), *placed]
            by_batch = Scope(news.reason, ibis.union(*touched))
            if not self._contract.is_snapshot:
                by_key = Scope(news.reason, gated.good([by]).select(by), self._lake.row_count(self._standard.id))

        def kept(gone: bool) -> Callable[[ir.Table | None], ir.Table]:
            def compute(keys: ir.Table | None) -> ir.Table:
                assert gated
                before = None if news.new is None else self._before(keys)
                rows = self._standing_rows(gated, keys, before)
                return rows.filter(rows[DELETED] == gone).select(*names)

            return compute

        def waiting(keys: ir.Table | None) -> ir.Table:
            assert gated
            return self._waiting(gated, news.new, keys)

        def forms(keys: ir.Table | None) -> ir.Table:
            assert gated
            assert self._alias
            stored = None if news.new is None or keys is None else self._lake.read(self._alias).semi_join(keys, ALIAS)
            return gated.forms(self._columns_with_forms(), stored)

        mark = self._arrivals.mark(decided)
        done = []
        if self._withdrawn:
            done.append(self._refresh(self._withdrawn, mark, by_key, kept(True), by, gated))
        done.append(self._refresh(self._standard, mark, by_key, kept(False), by, gated))
        done.append(self._refresh(self._quarantine, mark, by_batch, waiting, BATCH, gated))
        if self._alias:
            known = gated.forms(self._columns_with_forms()).select(ALIAS) if gated and news.new is not None else None
            by_form = Scope(news.reason, known, self._lake.row_count(self._alias.id))
            done.append(self._refresh(self._alias, mark, by_form, forms, ALIAS, gated))
        return done

    def _standing_rows(self, gated: Gated, keys: ir.Table | None, before: ir.Table | None = None) -> ir.Table:
        """The row that stands for each key, withdrawn ones included, of all or of `keys`: computed once for all tables.

        `before` are the rows that stood until now; None where `gated` holds every row that was delivered.
        """
        if (keys is None) not in self._standing:
            good = gated.good(self._standard.names)
            rows = good if before is None else before.union(good)
            self._standing[keys is None] = self._lake.engine.materialise(gated.standing(rows), "standing_rows")
        return self._standing[keys is None]

    def _columns_with_forms(self) -> list[str]:
        return [column.name for column in self._contract.columns if self._catalog.elements[column.element].alias]

    def _refresh(
        self,
        spec: TableSpec,
        mark: Watermark,
        scope: Scope,
        compute: Callable[[ir.Table | None], ir.Table],
        by: str,
        gated: Gated | None,
    ) -> Refreshed:
        of_nothing = gated is None
        derivation = Derivation(lambda: mark, lambda before, now: scope, compute, by, lambda: of_nothing)
        return refresh(self._lake, spec, derivation)

    def _before(self, keys: ir.Table | None) -> ir.Table:
        """What stood for `keys` (all) until now, and what was withdrawn."""
        found = [(self._standard, False), *([(self._withdrawn, True)] if self._withdrawn else [])]
        rows = []
        for spec, gone in found:
            stored = self._lake.read(spec)
            of_keys = stored if keys is None else stored.semi_join(keys, self._contract.key[0])
            rows.append(of_keys.mutate(**{DELETED: ibis.literal(gone)}))
        return ibis.union(*rows) if len(rows) > 1 else rows[0]

    def _rejected(self, gated: Gated, batches: Sequence[str] | None) -> ir.Table:
        raw = self._lake.read(self._raw)
        named = self._typable(batches)
        return gated.rejected(raw if named is None else raw.filter(raw[BATCH].isin(named)))

    def _corrected(self, gated: Gated, new: Sequence[str]) -> ir.Table:
        """Rows in quarantine since before the `new` batches that stand corrected now."""
        stored = self._lake.read(self._quarantine)
        return gated.corrected(self._keyed(stored.filter(~stored[BATCH].isin(new))))

    def _keyed(self, rows: ir.Table) -> ir.Table:
        """The keys of rows as sent, of damaged ones too: whose they are can often still be read."""
        return typed(self._catalog, self._contract, rows, self._contract.key, damaged=True)

    def _waiting(self, gated: Gated, new: Sequence[str] | None, keys: ir.Table | None) -> ir.Table:
        rejected = self._rejected(gated, new)
        if new is None:
            rejected = self._lake.engine.materialise(rejected, "rejected_rows")
            return self._unsettled(rejected.anti_join(gated.corrected(self._keyed(rejected)), PLACE))
        stored = self._lake.read(self._quarantine)
        before = stored.filter(~stored[BATCH].isin([*new, *gated.refused]))
        if keys is not None:
            before = before.semi_join(keys, BATCH)
        names = self._quarantine.names
        rows = before.select(*names).union(rejected.select(*names))
        return self._unsettled(rows.anti_join(gated.corrected(self._keyed(rows)), PLACE))

    def _unsettled(self, rows: ir.Table) -> ir.Table:
        settled = settled_rows(self._lake, self._contract.name)
        return rows.anti_join(settled, [(BATCH, "batch"), (ROW_NUMBER, "row")])
