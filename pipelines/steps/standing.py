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
from pipelines.declarations.rule import BATCH, FLAGS, RECEIVED_AT, ROW_NUMBER, RULES
from pipelines.engines.base import Engine
from pipelines.modelling import latest
from pipelines.quality.counting import Ungated
from pipelines.steps.typed_rows import DELETED

PLACE = [BATCH, ROW_NUMBER]
LAST = "_last_received_at"


@dataclass(frozen=True)
class Gated:
    """A source's typed rows with what became of them: `accepted` batches, and the codes of `critical` rules.

    `newest` is the last accepted delivery, which says what there is where each one is a snapshot.
    """

    contract: Contract
    ungated: Ungated
    accepted: Sequence[str]
    critical: Sequence[str]
    newest: str | None
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
        version = [contract.version] if contract.version else []
        if not contract.is_snapshot:
            return latest(rows, key=contract.key, order=[*version, RECEIVED_AT, BATCH, ROW_NUMBER])
        last = latest(rows, key=contract.key, order=[RECEIVED_AT, BATCH, *version, ROW_NUMBER])
        # A row that is there and cannot be accepted is no reason to take the key's last good row away.
        typed = self.ungated.typed
        there = typed.filter(typed[BATCH] == self.newest).select(*contract.key).distinct()
        there = there.select(**{f"{name}__there": there[name] for name in contract.key})
        joined = last.drop(DELETED).left_join(there, [(name, f"{name}__there") for name in contract.key])
        gone = joined[f"{contract.key[0]}__there"].isnull()
        return joined.mutate(**{DELETED: gone}).select(*last.columns)

    def rejected(self, raw: ir.Table) -> ir.Table:
        """Rows as sent that break a critical rule, or could not be read as a row at all, with the rules."""
        broken, damaged = self._rejected(), raw.filter(raw["_damage"].notnull())
        rejects = raw.semi_join(broken, PLACE).inner_join(broken, PLACE)
        damaged = damaged.mutate(**{RULES: ibis.array([damaged["_damage"]])})
        return rejects.select(*damaged.columns).union(damaged)

    def _rejected(self) -> ir.Table:
        broken = self.ungated.broken
        return broken.filter(broken[RULES].filter(lambda code: code.isin(self.critical)).length() > 0)

    def corrected(self, typed: ir.Table) -> ir.Table:
        """Which of the typed rows stand corrected: an accepted row of the same key was delivered after them."""
        key = list(self.contract.key)
        good = self.good([*key, RECEIVED_AT])
        last = good.group_by(key).agg(**{LAST: good[RECEIVED_AT].max()})
        met = typed.select(*PLACE, *key, RECEIVED_AT).inner_join(last, key)
        return met.filter(met[LAST] > met[RECEIVED_AT]).select(*PLACE)
