"""The gate: judges batches by their rules, Great Expectations counting along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pyarrow as pa

from pipelines.declarations.contract import Contract
from pipelines.declarations.fingerprint import fingerprint
from pipelines.declarations.rule import BATCH, Rule
from pipelines.engines.base import Merge, difference
from pipelines.lake.lake import Lake
from pipelines.rules.batch_rules import broken_by_batch
from pipelines.rules.comparing import check_counts
from pipelines.rules.counting import BatchCounts, Ungated, count_batches
from pipelines.rules.verdicts import (
    TYPABLE,
    Judged,
    batches_of,
    moment_of_decision,
    verdict_row,
    verdicts_of,
)
from pipelines.tables.rows import BatchEntry, RuleResult, VerdictRow
from pipelines.tables.specs import RULE_RESULTS, VALIDATIONS, VERDICTS
from pipelines.tables.verdict import ACCEPTED, BY_PEOPLE, Verdict

if TYPE_CHECKING:
    from pipelines.rules.great_expectations import Validation
    from pipelines.rules.great_expectations.second_reading import Reading

READABLE = "file.readable"


def decidable(rules: Sequence[str]) -> tuple[str, ...]:
    """What a person may do with a batch that is held for breaking `rules`, as verbs of `huiliu gate`.

    What cannot be read has no rows that a release could let through.
    """
    return ("reject",) if {READABLE, TYPABLE} & {*rules} else ("release", "reject")


@dataclass(frozen=True)
class Weighed:
    """What the gate says of batches, before any of it is written.

    `before` are its verdicts by other rules, `counted` the batches whose rows were counted.
    """

    batches: Sequence[BatchEntry]
    before: Mapping[str, VerdictRow]
    judged: dict[str, Judged]
    results: list[RuleResult] = field(default_factory=list)
    validation: Validation | None = None
    counted: tuple[str, ...] = ()

    @property
    def decided_before(self) -> list[str]:
        """When the gate's verdicts by other rules were given."""
        return sorted(row.decided_at.isoformat() for row in self.before.values())

    @property
    def in_order(self) -> list[Judged]:
        return [self.judged[entry.batch] for entry in self.batches]


def weigh(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    ungated: Ungated | None,
    batches: Sequence[BatchEntry],
    before: Mapping[str, VerdictRow] | None = None,
) -> Weighed:
    """What the gate says of batches, oldest first; one whose file could not be read is held as it is.

    `before` are the gate's verdicts on those of them that were judged by other rules. To be called while the lake is
    held, since before it was asked which batches have none. Great Expectations validates the rows of all of them
    together, and the rules on a whole batch on each alone. Raises CountsDisagreeError where it counts otherwise than
    the gate.
    """
    known = before or {}
    readable = [batch for batch in batches if batch.readable]
    found = Weighed(batches, known, {})
    if ungated and readable:
        found = _weigh_readable(lake, contract, rules, ungated, readable, found)
    for batch in batches:
        name = batch.batch
        unreadable = Judged(name, contract.name, batch.file, Verdict.HELD, (READABLE,), 0, 0, 0, 0)
        found.judged.setdefault(name, unreadable)
    return found


def write_verdicts(lake: Lake, contract: Contract, weighed: Weighed) -> None:
    """Keep counts and verdicts; earlier counts are replaced, and a verdict that has not changed is not given again."""
    if weighed.validation:
        _keep(lake, contract, weighed, weighed.validation)
    rows, moment = [], moment_of_decision(lake)
    for found in weighed.in_order:
        if not found.repeats(weighed.before.get(found.batch)):
            reason = "gate" if found.verdict == Verdict.PASSED else f"gate: {', '.join(found.rules)}"
            rows.append(verdict_row(found.batch, contract.name, found.verdict, reason, moment, found))
    if rows:
        times = weighed.decided_before
        anew = [times, [row._asdict() for row in rows]] if times else []
        lake.append_rows(VERDICTS, rows, once=fingerprint(sorted(weighed.judged), *anew))


def _weigh_readable(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    ungated: Ungated,
    batches: Sequence[BatchEntry],
    weighed: Weighed,
) -> Weighed:
    names = [batch.batch for batch in batches]
    parts = [rows.filter(rows[BATCH].isin(names)) for rows in (ungated.typed, ungated.broken, ungated.damaged)]
    new = Ungated(parts[0], parts[1], parts[2], ungated.readings)
    counts = count_batches(lake, rules, new)
    validation = _validate(lake, contract, rules, new.typed, names[-1], new.readings)
    check_counts(contract, rules, new.readings, counts, validation)
    failures = _failed_rules(lake, contract, rules, new.typed, names, validation)
    snapshots = _Snapshots(lake, contract)
    judged: dict[str, Judged] = {}
    results: list[RuleResult] = []
    for batch in batches:
        counted, failed = counts[batch.batch], failures[batch.batch]
        rows = batch.rows
        failed += tuple(broken_by_batch(contract, batch, counted, snapshots.rows_before(batch.batch, judged)))
        results += _results(contract, rules, batch, counted, failed)
        judged[batch.batch] = Judged(
            batch=batch.batch,
            source=contract.name,
            file=batch.file,
            verdict=Verdict.HELD if failed else Verdict.PASSED,
            rules=failed,
            rows=rows,
            accepted=rows - counted.quarantined,
            flagged=counted.flagged,
            quarantined=counted.quarantined,
        )
    return replace(weighed, judged=judged, results=results, validation=validation, counted=tuple(names))


class _Snapshots:
    """How many rows the last accepted snapshot before a batch had; for a source of snapshots."""

    def __init__(self, lake: Lake, contract: Contract) -> None:
        self._entries = batches_of(lake, contract.name) if contract.is_snapshot else []
        self._verdicts = verdicts_of(lake, contract.name) if contract.is_snapshot else {}

    def rows_before(self, batch: str, judged: Mapping[str, Judged]) -> int | None:
        found = None
        for entry in self._entries:
            if entry.batch == batch:
                return found
            stands = self._verdicts.get(entry.batch)
            if stands not in BY_PEOPLE and entry.batch in judged:
                stands = judged[entry.batch].verdict
            if stands in ACCEPTED:
                found = entry.rows
        return None


def _keep(lake: Lake, contract: Contract, weighed: Weighed, validation: Validation) -> None:
    """What was counted; anew of batches counted before, by other rules or when a crash lost their verdicts."""
    results, names = weighed.results, weighed.counted
    stored = lake.read(RULE_RESULTS)
    known = stored.filter(stored.batch.isin(names)).select("batch").distinct()
    counted = {row["batch"] for row in lake.engine.rows(known)}
    if new := [result for result in results if result.batch not in counted]:
        lake.append_rows(RULE_RESULTS, new, once=fingerprint(names, sorted(counted)))
    if counted:
        _count_again(lake, [result for result in results if result.batch in counted], counted)
    validated = validation.to_json()
    kept = {"batch": names[-1], "source": contract.name, "batches": [*names], "result": validated}
    # Rules may come back to what they were: what was decided before tells one recount from another.
    once = fingerprint(names, validated, weighed.decided_before) if counted else names[-1]
    lake.append_rows(VALIDATIONS, [kept], once=once)


def _count_again(lake: Lake, results: list[RuleResult], batches: set[str]) -> None:
    """Replace what was counted of batches by other rules."""
    key = ("batch", "rule")
    table = pa.Table.from_pylist([result._asdict() for result in results], schema=RULE_RESULTS.ibis_schema.to_pyarrow())
    counted = lake.engine.taken_in(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), "counted")
    stored = lake.read(RULE_RESULTS)
    was = stored.filter(stored.batch.isin(sorted(batches)))
    changes = lake.engine.materialise(difference(lake.declared(counted, RULE_RESULTS), was, key), "counted_again")
    if count := int(lake.engine.scalar(changes.count())):
        lake.writer(RULE_RESULTS.id).merge(Merge(lake.uri(RULE_RESULTS.id), changes, key, "{}", count))


def _validate(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    rows: ir.Table,
    batch: str,
    readings: Sequence[Reading] = (),
) -> Validation:
    from pipelines.rules.great_expectations import validate

    view = lake.engine.view(rows, "new_rows")
    return validate(lake.engine, view, rules, source=contract.name, batch=batch, readings=readings)


def _failed_rules(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    rows: ir.Table,
    batches: Sequence[str],
    validation: Validation,
) -> dict[str, tuple[str, ...]]:
    """The critical rules on a whole batch that each one breaks; `validation` is that of all of them together."""
    on_table = [rule for rule in rules if rule.on_table and rule.severity == "critical"]
    if len(batches) == 1:
        return {batches[0]: tuple(rule.code for rule in on_table if not validation.outcomes[rule.code].success)}
    from pipelines.rules.great_expectations import validate_each

    return validate_each(lake.engine, rows, on_table, batches, source=contract.name)


def _results(
    contract: Contract, rules: Sequence[Rule], batch: BatchEntry, counted: BatchCounts, failed: Sequence[str]
) -> list[RuleResult]:
    results = []
    for rule in rules:
        broken = int(rule.code in failed) if rule.on_table else counted.broken.get(rule.code, 0)
        evaluated = None if rule.on_table else counted.evaluated.get(rule.code, 0)
        results.append(_result(contract, batch.batch, rule, evaluated, broken))
    for code, broken in counted.damaged.items():
        results.append(_damage_result(contract, batch.batch, code, batch.rows, broken))
    return results


def _result(contract: Contract, batch: str, rule: Rule, evaluated: int | None, broken: int) -> RuleResult:
    return RuleResult(
        batch=batch,
        source=contract.name,
        rule=rule.code,
        title=rule.title,
        severity=rule.severity,
        standard=rule.standard,
        evaluated=evaluated,
        broken=broken,
    )


DAMAGE_TITLES = {
    "row.ragged": "记录的单元格数应与表头一致",
    "row.undecodable": "记录应能按文件编码解码",
    "row.unreadable": "每行应为一个 JSON 对象",
    "row.cell_error": "单元格不应为错误值、无结果的公式或无效数值",
    "row.digits_lost": "数值单元格不应超过15位（Excel 只保留15位）",
}


def _damage_result(contract: Contract, batch: str, code: str, rows: int, broken: int) -> RuleResult:
    return RuleResult(
        batch=batch,
        source=contract.name,
        rule=code,
        title=DAMAGE_TITLES[code],
        severity="critical",
        standard=None,
        evaluated=rows,
        broken=broken,
    )
