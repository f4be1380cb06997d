"""The gate: judges batches by their rules, Great Expectations counting along, and takes people's decisions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir

from pipelines.declarations.catalog import digest
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, Rule
from pipelines.lake import clock
from pipelines.lake.lake import Lake
from pipelines.lake.specs import BATCHES, RULE_RESULTS, VALIDATIONS, VERDICTS
from pipelines.quality.comparing import check_counts
from pipelines.quality.counting import BatchCounts, Ungated, count_batches

if TYPE_CHECKING:
    from pipelines.quality.great_expectations import Validation
    from pipelines.quality.great_expectations.second_reading import Reading

READABLE, REJECT_SHARE = "file.readable", "batch.reject_share"


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


EPOCH, MICROSECOND = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(microseconds=1)


def last_decided(lake: Lake, source: str) -> tuple[str, int]:
    """How many verdicts there are on a source's batches, and when the last one was given (microseconds since 1970)."""
    decided = lake.read(VERDICTS)
    own = decided.filter(decided.source == source)
    found = lake.engine.rows(own.agg(verdicts=own.count(), last=own.decided_at.max()))[0]
    return str(found["verdicts"]), (found["last"] - EPOCH) // MICROSECOND if found["last"] else 0


def decided_since(lake: Lake, source: str, moment: int) -> list[str]:
    """The source's batches that got a verdict after `moment` (microseconds since 1970)."""
    decided = lake.read(VERDICTS)
    late = decided.filter((decided.source == source) & (decided.decided_at > EPOCH + moment * MICROSECOND))
    return [row["batch"] for row in lake.engine.rows(late.select("batch").distinct())]


def sources_decided_since(lake: Lake, moment: int) -> tuple[set[str], int]:
    """The sources of verdicts after `moment`, and when the last one was given (microseconds since 1970)."""
    decided = lake.read(VERDICTS)
    late = decided.filter(decided.decided_at > EPOCH + moment * MICROSECOND)
    found = lake.engine.rows(late.group_by("source").agg(last=late.decided_at.max()))
    return {one["source"] for one in found}, max([moment, *((one["last"] - EPOCH) // MICROSECOND for one in found)])


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
    # Or two people would decide at once, each on what the other had not said yet.
    if before == "held" and lake.hold():
        before = verdicts_of(lake).get(batch)
    if before != "held":
        raise ValueError(f"batch {batch} is {before or 'not judged yet'}: only a held batch can be {verdict}")
    if verdict == "released" and not known[batch]["readable"]:
        raise ValueError(f"batch {batch} holds no readable rows: ask for a new file and reject this one")
    row = _verdict_row(batch, known[batch]["source"], verdict, reason, _moment(lake))
    lake.append_rows(VERDICTS, [row], once=f"{batch}:{verdict}")


def judge(
    lake: Lake, contract: Contract, rules: Sequence[Rule], ungated: Ungated | None, batches: Sequence[dict[str, Any]]
) -> list[Judged]:
    """Judge batches that have no verdict yet; a batch whose file could not be read is held as it is.

    To be called while the lake is held, since before it was asked which batches have none.
    Great Expectations validates the rows of all of them together, and the rules on a whole batch on each alone.
    Raises CountsDisagreeError where it counts otherwise than the gate.
    """
    readable = [batch for batch in batches if batch["readable"]]
    judged_readable = _judge_readable(lake, contract, rules, ungated, readable) if ungated and readable else []
    judged = {one.batch: one for one in judged_readable}
    rows, moment = [], _moment(lake)
    for batch in batches:
        name = batch["batch"]
        found = judged.setdefault(name, Judged(name, contract.name, batch["file"], "held", (READABLE,), 0, 0, 0, 0))
        reason = "gate" if found.verdict == "passed" else f"gate: {', '.join(found.rules)}"
        rows.append(_verdict_row(name, contract.name, found.verdict, reason, moment, found))
    if rows:
        lake.append_rows(VERDICTS, rows, once=digest(sorted(judged)))
    return [judged[batch["batch"]] for batch in batches]


def _judge_readable(
    lake: Lake, contract: Contract, rules: Sequence[Rule], ungated: Ungated, batches: Sequence[dict[str, Any]]
) -> list[Judged]:
    names = [batch["batch"] for batch in batches]
    parts = [rows.filter(rows[BATCH].isin(names)) for rows in (ungated.typed, ungated.broken, ungated.damaged)]
    new = Ungated(parts[0], parts[1], parts[2], ungated.readings)
    counts = count_batches(lake, rules, new)
    validation = _validate(lake, contract, rules, new.typed, names[-1], new.readings)
    check_counts(contract, rules, new.readings, counts, validation)
    failures = {name: _failed_rules(lake, contract, rules, new.typed, name, validation, names) for name in names}
    judged, results = [], []
    for batch in batches:
        counted, failed = counts[batch["batch"]], failures[batch["batch"]]
        rows = int(batch["rows"])
        if rows and counted.quarantined / rows > contract.reject_limit:
            failed.append(REJECT_SHARE)
        results += _results(contract, rules, batch, counted, failed)
        judged.append(
            Judged(
                batch=batch["batch"],
                source=contract.name,
                file=batch["file"],
                verdict="held" if failed else "passed",
                rules=tuple(failed),
                rows=rows,
                accepted=rows - counted.quarantined,
                flagged=counted.flagged,
                quarantined=counted.quarantined,
            )
        )
    _keep(lake, contract, results, validation, names)
    return judged


def _keep(
    lake: Lake, contract: Contract, results: list[dict[str, Any]], validation: Validation, names: list[str]
) -> None:
    """What was counted, but for batches that were counted already when a crash lost their verdicts."""
    before = lake.read(RULE_RESULTS)
    known = before.filter(before.batch.isin(names)).select("batch").distinct()
    counted = {row["batch"] for row in lake.engine.rows(known)}
    if new := [result for result in results if result["batch"] not in counted]:
        lake.append_rows(RULE_RESULTS, new, once=digest(names, sorted(counted)))
    kept = {"batch": names[-1], "source": contract.name, "result": validation.to_json()}
    lake.append_rows(VALIDATIONS, [kept], once=names[-1])


def _validate(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    rows: ir.Table,
    batch: str,
    readings: Sequence[Reading] = (),
) -> Validation:
    from pipelines.quality.great_expectations import validate

    view = lake.engine.view(rows, "new_rows")
    return validate(lake.engine, view, rules, source=contract.name, batch=batch, readings=readings)


def _failed_rules(
    lake: Lake,
    contract: Contract,
    rules: Sequence[Rule],
    rows: ir.Table,
    batch: str,
    validation: Validation,
    batches: Sequence[str],
) -> list[str]:
    """The critical rules on a whole batch that this one breaks."""
    on_table = [rule for rule in rules if rule.on_table and rule.severity == "critical"]
    if len(batches) > 1:
        validation = _validate(lake, contract, on_table, rows.filter(rows[BATCH] == batch), batch)
    return [rule.code for rule in on_table if not validation.outcomes[rule.code].success]


def _results(
    contract: Contract, rules: Sequence[Rule], batch: dict[str, Any], counted: BatchCounts, failed: Sequence[str]
) -> list[dict[str, Any]]:
    results = []
    for rule in rules:
        broken = int(rule.code in failed) if rule.on_table else counted.broken.get(rule.code, 0)
        evaluated = None if rule.on_table else counted.evaluated.get(rule.code, 0)
        results.append(_result(contract, batch["batch"], rule, evaluated, broken))
    for code, broken in counted.damaged.items():
        results.append(_damage_result(contract, batch["batch"], code, int(batch["rows"]), broken))
    return results


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


def _moment(lake: Lake) -> datetime.datetime:
    """Now, and after every verdict there is: their order decides which one counts, and clocks are set back."""
    last = lake.engine.scalar(lake.read(VERDICTS).decided_at.max())
    return max(clock.now(), last + MICROSECOND) if last else clock.now()


def _verdict_row(
    batch: str, source: str, verdict: str, reason: str, moment: datetime.datetime, found: Judged | None = None
) -> dict[str, Any]:
    return {
        "batch": batch,
        "source": source,
        "verdict": verdict,
        "rules": list(found.rules) if found else [],
        "reason": reason,
        "decided_at": moment,
        "rows": found.rows if found else None,
        "accepted": found.accepted if found else None,
        "flagged": found.flagged if found else None,
        "quarantined": found.quarantined if found else None,
    }
