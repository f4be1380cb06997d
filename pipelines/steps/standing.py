"""Which row stands for each key of a source, which are withdrawn, and which rejected rows still wait for a correction.

What stands for a key is the greatest of its accepted rows in one order, withdrawn ones included. So it can be told from
the row that stood before and the rows that have come since, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, FLAGS, RECEIVED_AT, ROW_NUMBER, RULES, VERSION
from pipelines.engines.base import Engine
from pipelines.modelling import DELIVERED, latest
from pipelines.rules.counting import Ungated
from pipelines.rules.rows import PLACE, rejected
from pipelines.steps.typed_rows import DELETED
from pipelines.tables.specs import AS_SENT

ALIAS = "alias"


@dataclass(frozen=True)
class Gated:
    """A source's typed rows with what became of them: `accepted` batches, and the codes of `critical` rules.

    `newest` is the last accepted delivery, which says what there is where each one is a snapshot. The rows of batches
    that were `refused` wait for nothing. `undated` is the column of a version that is no time. `damaged_keys` are
    those that damaged rows seem to be of, each with its batch.
    """

    contract: Contract
    ungated: Ungated
    accepted: Sequence[str]
    critical: Sequence[str]
    newest: str | None
    refused: Sequence[str] = ()
    undated: str | None = None
    damaged_keys: ir.Table | None = None
    accepted_rows: ir.Table | None = None

    def kept(self, engine: Engine, names: Sequence[str]) -> Gated:
        """The same with the accepted rows computed once: for few rows, which several tables ask for."""
        return replace(self, accepted_rows=engine.materialise(self.good(names), "accepted_rows"))

    def good(self, names: Sequence[str]) -> ir.Table:
        """Rows of accepted batches that keep every critical rule: the columns `names`, and whether each deletes."""
        if self.accepted_rows is not None:
            return self.accepted_rows.select(*names, DELETED)
        broken, typed = self.ungated.broken, self.ungated.typed
        flags = broken.select(*PLACE, **{FLAGS: broken[RULES]})
        rows = typed.filter(typed[BATCH].isin(self.accepted)).anti_join(self._rejected(), PLACE)
        return rows.left_join(flags, PLACE).select(*names, DELETED)

    def standing(self, rows: ir.Table) -> ir.Table:
        """One row per key of `rows`, the last of each; `_deleted` says which keys are gone."""
        contract = self.contract
        version = self.undated or VERSION
        if not contract.is_snapshot:
            return latest(rows, key=contract.key, order=[version, *DELIVERED[1:]])
        last = latest(rows, key=contract.key, order=[RECEIVED_AT, BATCH, version, ROW_NUMBER])
        # A row that is there and cannot be accepted is no reason to take the key's last good row away.
        seen = self.ungated.typed.select(BATCH, *contract.key)
        if self.damaged_keys is not None:
            seen = seen.union(self.damaged_keys.select(BATCH, *contract.key))
        there = seen.filter(seen[BATCH] == self.newest).select(*contract.key).distinct()
        there = there.select(**{f"{name}__there": there[name] for name in contract.key})
        joined = last.drop(DELETED).left_join(there, [(name, f"{name}__there") for name in contract.key])
        gone = joined[f"{contract.key[0]}__there"].isnull()
        return joined.mutate(**{DELETED: gone}).select(*last.columns)

    def forms(self, columns: Sequence[str], stored: ir.Table | None = None) -> ir.Table:
        """Every other form in which an accepted row gives an identifier of `columns`, `stored` ones included."""
        good = self.good([*columns, *(name + AS_SENT for name in columns), RECEIVED_AT])
        received = good[RECEIVED_AT]
        found = [
            good.select(
                column=ibis.literal(name), value=good[name], received_at=received, **{ALIAS: good[name + AS_SENT]}
            )
            for name in columns
        ]
        if stored is not None:
            found.append(stored.select("column", "value", received_at=stored["first_received_at"], alias=stored[ALIAS]))
        rows = ibis.union(*found) if len(found) > 1 else found[0]
        named = rows.filter(rows[ALIAS].notnull())
        return named.group_by(ALIAS, "column", "value").agg(first_received_at=named.received_at.min())

    def rejected(self, raw: ir.Table) -> ir.Table:
        """Rows as sent that break a critical rule, or could not be read as a row at all, with the rules."""
        raw = raw.filter(raw[BATCH].notin(self.refused)) if self.refused else raw
        broken, damaged = self._rejected(), raw.filter(raw["_damage"].notnull())
        rejects = raw.semi_join(broken, PLACE).inner_join(broken, PLACE)
        damaged = damaged.mutate(**{RULES: ibis.array([damaged["_damage"]])})
        return rejects.select(*damaged.columns).union(damaged)

    def _rejected(self) -> ir.Table:
        return rejected(self.ungated.broken, self.critical)

    def corrected(self, typed: ir.Table) -> ir.Table:
        """Which of the typed rows stand corrected: an accepted row of their key, not older, was delivered after them.

        A row whose version is ahead of its receipt, or was lost to damage, may be of any age. Every snapshot is newer
        than those before it.
        """
        key = list(self.contract.key)
        good = self.good([*key, RECEIVED_AT, VERSION])
        later = {f"{name}__later": good[name] for name in (RECEIVED_AT, VERSION)}
        met = typed.select(*PLACE, *key, RECEIVED_AT, VERSION).inner_join(good.select(*key, **later), key)
        corrects = met[f"{RECEIVED_AT}__later"] > met[RECEIVED_AT]
        if not self.contract.is_snapshot:
            version = met[f"{VERSION}__later"].coalesce(met[f"{RECEIVED_AT}__later"])
            corrects = corrects & (met[VERSION].isnull() | (version >= met[VERSION]))
        return met.filter(corrects).select(*PLACE).distinct()
