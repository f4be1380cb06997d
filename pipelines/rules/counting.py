"""The gate's own counts: per batch, how many rows each rule was applied to, and how many and which break it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir

from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES, Rule
from pipelines.lake.lake import Lake
from pipelines.rules.great_expectations.second_reading import Reading
from pipelines.rules.predicates import applies


@dataclass(frozen=True)
class Ungated:
    """A source's rows before the gate: typed rows, what they break, and damaged rows that could not be typed.

    Typed rows carry the cells of the columns that Great Expectations reads again, as `readings` says.
    """

    typed: ir.Table
    broken: ir.Table
    damaged: ir.Table
    readings: tuple[Reading, ...] = ()


@dataclass
class BatchCounts:
    """One batch: rows by rule code. `flagged` rows break warnings only; `quarantined` ones a critical rule.

    `row_sums` has the sum of the numbers of those rows that break a rule: the same number of other rows has another.
    """

    evaluated: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    row_sums: dict[str, int] = field(default_factory=dict)
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
    by_rule = ungated.broken.select(BATCH, ROW_NUMBER, rule=ungated.broken[RULES].unnest())
    for row in engine.rows(
        by_rule.group_by(BATCH, "rule").agg(rows=by_rule.count(), row_sum=by_rule[ROW_NUMBER].sum())
    ):
        counts[row[BATCH]].broken[row["rule"]] = row["rows"]
        counts[row[BATCH]].row_sums[row["rule"]] = int(row["row_sum"])
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
