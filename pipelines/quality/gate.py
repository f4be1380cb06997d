"""The gate: judges batches by their rules, Great Expectations counting along, and takes people's decisions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RULES, Rule
from pipelines.lake.lake import Lake
from pipelines.lake.specs import BATCHES, RULE_RESULTS, VALIDATIONS, VERDICTS

READABLE, REJECT_SHARE = "file.readable", "batch.reject_share"


class CountsDisagreeError(Exception):
    """The gate and Great Expectations counted differently: one of them is wrong, and nothing may be published."""


@dataclass(frozen=True)
class Judged:
    """The verdict on one batch. `accepted` rows keep every critical rule; `flagged` ones of them break a warning."""

    batch: str
    source: str
    file: str
    verdict: str
    rules: tuple[str, ...]
    rows: int
    accepted: int
    flagged: int
    quarantined: int


@dataclass(frozen=True)
class Ungated:
    """A source's rows before the gate: typed rows, what they break, and damaged rows that could not be typed."""

    typed: ir.Table
    broken: ir.Table
    damaged: ir.Table


def batches_of(lake: Lake, source: str) -> list[dict[str, Any]]:
    """The delivered files of a source, oldest first."""
    batches = lake.read(BATCHES)
    return lake.engine.rows(batches.filter(batches.source == source).order_by("received_at", "file"))


def verdicts_of(lake: Lake, source: str | None = None) -> dict[str, str]:
    """The last verdict on each judged batch."""
    decided = lake.read(VERDICTS)
    if source is not None:
        decided = decided.filter(decided.source == source)
    return {row["batch"]: row["verdict"] for row in lake.engine.rows(decided.order_by("decided_at"))}


def gate_reasons(lake: Lake) -> dict[str, str]:
    """Why each batch got its last verdict."""
    return {row["batch"]: row["reason"] for row in lake.engine.rows(lake.read(VERDICTS).order_by("decided_at"))}


def decide(lake: Lake, batch: str, verdict: str, reason: str) -> None:
    """A person's decision on a held batch: `released` or `rejected`.

    Raises LookupError where there is no such batch, ValueError where it is not held.
    """
    known = {row["batch"]: row for row in lake.engine.rows(lake.read(BATCHES))}
    if batch not in known:
        raise LookupError(f"there is no batch {batch}; `huiliu gate list` shows those that are held")
    before = verdicts_of(lake).get(batch)
    if before != "held":
        raise ValueError(f"batch {batch} is {before or 'not judged yet'}: only a held batch can be {verdict}")
    if verdict == "released" and not known[batch]["readable"]:
        raise ValueError(f"batch {batch} holds no readable rows: ask for a new file and reject this one")
    _record(lake, batch, known[batch]["source"], verdict, reason)


def judge(
    lake: Lake, contract: Contract, rules: Sequence[Rule], ungated: Ungated | None, batches: Sequence[dict[str, Any]]
) -> list[Judged]:
    """Judge batches that have no verdict yet; a batch whose file could not be read is held as it is."""
    judged = []
    for batch in batches:
        if not batch["readable"] or ungated is None:
            found = Judged(batch["batch"], contract.name, batch["file"], "held", (READABLE,), 0, 0, 0, 0)
        else:
            found = _judge_batch(lake, contract, rules, ungated, batch)
        judged.append(found)
    for found in judged:
        reason = "gate" if found.verdict == "passed" else f"gate: {', '.join(found.rules)}"
        _record(lake, found.batch, contract.name, found.verdict, reason, found)
    return judged


def _judge_batch(
    lake: Lake, contract: Contract, rules: Sequence[Rule], ungated: Ungated, batch: dict[str, Any]
) -> Judged:
    from pipelines.quality.great_expectations import validate

    name = batch["batch"]
    mine = ungated.typed.filter(ungated.typed[BATCH] == name)
    broken = ungated.broken.filter(ungated.broken[BATCH] == name)
    critical = [rule.code for rule in rules if rule.severity == "critical"]
    counts = {row["rule"]: row["rows"] for row in lake.engine.rows(count_by_rule(broken))}
    is_critical = broken[RULES].filter(lambda code: code.isin(critical)).length() > 0
    tally = lake.engine.rows(broken.agg(critical=is_critical.sum().fill_null(0), broken=broken.count()))[0]
    damaged = ungated.damaged.filter(ungated.damaged[BATCH] == name)
    damage = {
        row["rule"]: row["rows"] for row in lake.engine.rows(damaged.group_by(rule="_damage").agg(rows=damaged.count()))
    }
    view = lake.engine.view(mine, "batch_rows")
    validation = validate(lake.engine.connection, view, rules, source=contract.name, batch=name)
    results = []
    failed = []
    for rule in rules:
        outcome = validation.outcomes[rule.code]
        broken_rows = outcome.unexpected if rule.on_table else counts.get(rule.code, 0)
        if outcome.unexpected != broken_rows:
            raise CountsDisagreeError(
                f"{contract.name}, batch {name}, rule {rule.code}: the gate counts {broken_rows} rows that break it, "
                f"Great Expectations {outcome.unexpected}; the rule's two implementations differ"
            )
        if rule.on_table and not outcome.success and rule.severity == "critical":
            failed.append(rule.code)
        results.append(_result(contract, name, rule, outcome.evaluated, broken_rows))
    rows = int(batch["rows"])
    quarantined = int(tally["critical"]) + sum(damage.values())
    results += [_damage_result(contract, name, code, rows, count) for code, count in damage.items()]
    if rows and quarantined / rows > contract.reject_limit:
        failed.append(REJECT_SHARE)
    lake.append_rows(RULE_RESULTS, results, once=name)
    kept = {"batch": name, "source": contract.name, "result": validation.to_json()}
    lake.append_rows(VALIDATIONS, [kept], once=name)
    accepted = rows - quarantined
    return Judged(
        name,
        contract.name,
        batch["file"],
        "held" if failed else "passed",
        tuple(failed),
        rows,
        accepted,
        int(tally["broken"]) - int(tally["critical"]),
        quarantined,
    )


def count_by_rule(broken: ir.Table) -> ir.Table:
    """(rule, rows): how many rows break each rule."""
    one = broken.select(rule=broken[RULES].unnest())
    return one.group_by("rule").agg(rows=one.count())


def _result(contract: Contract, batch: str, rule: Rule, evaluated: int | None, broken: int) -> dict[str, Any]:
    return {
        "batch": batch,
        "source": contract.name,
        "rule": rule.code,
        "title": rule.title,
        "severity": rule.severity,
        "standard": rule.standard,
        "evaluated": evaluated,
        "broken": broken,
    }


DAMAGE_TITLES = {
    "row.ragged": "记录的单元格数应与表头一致",
    "row.undecodable": "记录应能按文件编码解码",
    "row.unreadable": "每行应为一个 JSON 对象",
}


def _damage_result(contract: Contract, batch: str, code: str, rows: int, broken: int) -> dict[str, Any]:
    return {
        "batch": batch,
        "source": contract.name,
        "rule": code,
        "title": DAMAGE_TITLES[code],
        "severity": "critical",
        "standard": None,
        "evaluated": rows,
        "broken": broken,
    }


def _record(lake: Lake, batch: str, source: str, verdict: str, reason: str, found: Judged | None = None) -> None:
    row = {
        "batch": batch,
        "source": source,
        "verdict": verdict,
        "rules": list(found.rules) if found else [],
        "reason": reason,
        "decided_at": datetime.datetime.now(datetime.UTC),
        "rows": found.rows if found else None,
        "accepted": found.accepted if found else None,
        "flagged": found.flagged if found else None,
        "quarantined": found.quarantined if found else None,
    }
    lake.append_rows(VERDICTS, [row], once=f"{batch}:{verdict}")
