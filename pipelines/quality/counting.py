"""The gate's own counts: per batch, how many rows each rule was applied to and how many break it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir

from pipelines.declarations.rule import BATCH, RULES, Rule
from pipelines.lake.lake import Lake
from pipelines.quality.predicates import applies


@dataclass(frozen=True)
class Ungated:
    """A source's rows before the gate: typed rows, what they break, and damaged rows that could not be typed."""

    typed: ir.Table
    broken: ir.Table
    damaged: ir.Table


@dataclass
class BatchCounts:
    """One batch: rows by rule code. `flagged` rows break warnings only; `quarantined` ones a critical rule."""

    evaluated: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    flagged: int = 0
    quarantined: int = 0


def count_batches(lake: Lake, rules: Sequence[Rule], ungated: Ungated) -> dict[str, BatchCounts]:
    """Counts per batch; one that has no rows at all has counts of nothing."""
    engine = lake.engine
    counts: dict[str, BatchCounts] = _Counts()
    on_rows = [rule for rule in rules if not rule.on_table]
    # Names of their own: a rule's code is no name for a column in every engine.
    rows = ungated.typed
    applied = {f"rule_{n}": rows.count(where=applies(rule, rows)) for n, rule in enumerate(on_rows)}
    for row in engine.rows(rows.group_by(BATCH).agg(**applied)):
        counts[row[BATCH]].evaluated = {rule.code: int(row[f"rule_{n}"]) for n, rule in enumerate(on_rows)}
    one = ungated.broken.select(BATCH, rule=ungated.broken[RULES].unnest())
    for row in engine.rows(one.group_by(BATCH, "rule").agg(rows=one.count())):
        counts[row[BATCH]].broken[row["rule"]] = row["rows"]
    critical = [rule.code for rule in rules if rule.severity == "critical"]
    rejected = ungated.broken[RULES].filter(lambda code: code.isin(critical)).length() > 0
    tally = ungated.broken.group_by(BATCH).agg(rejected=rejected.sum(), rows=ungated.broken.count())
    for row in engine.rows(tally):
        counts[row[BATCH]].quarantined = int(row["rejected"])
        counts[row[BATCH]].flagged = int(row["rows"]) - int(row["rejected"])
    for row in engine.rows(ungated.damaged.group_by(BATCH, rule="_damage").agg(rows=ungated.damaged.count())):
        counts[row[BATCH]].damaged[row["rule"]] = row["rows"]
        counts[row[BATCH]].quarantined += row["rows"]
    return counts


class _Counts(dict[str, BatchCounts]):
    def __missing__(self, batch: str) -> BatchCounts:
        self[batch] = BatchCounts()
        return self[batch]
