"""Asset checks: what the gate held is shown and stops nobody; a broken foundation stops what would flow back."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from dagster_project.described import asset_key
from dagster_project.rule_checks import newest_day, rule_results, rule_specs
from dagster_project.versions import data_version
from pipelines.declarations.catalog import Catalog
from pipelines.engines import delta_rs
from pipelines.lake.lake import Lake
from pipelines.lake.watermark import Watermark
from pipelines.project.workspace import Workspace
from pipelines.reports.site.words import batch_rule_title
from pipelines.rules.gate import decidable
from pipelines.rules.verdicts import batches_of, gate_verdicts, last_decided, verdicts_of
from pipelines.settings import Settings
from pipelines.steps.ingest import Ingested
from pipelines.steps.landing import undeclared_sources
from pipelines.steps.task import Outcome, Step, Task
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import RULE_RESULTS
from pipelines.tables.table import TableSpec
from pipelines.tables.verdict import Verdict

AS_OF = "as_of"  # in a check's metadata: what it looked at
READABLE, GATE, KEY, TRACES, DECLARED = "delivery", "gate", "key", "traces_to_foundation", "landing_is_declared"


def check_specs(catalog: Catalog, task: Task) -> list[dg.AssetCheckSpec]:
    """The checks that a task makes of its own assets."""
    first = asset_key(task.outputs[0].id)
    match task.step:
        case Step.INGEST:
            return [_spec(READABLE, first, "Every file that was delivered last could be read as its contract says.")]
        case Step.STANDARDISE:
            assert task.contract
            gate = "No batch is held. While one is, the last good rows serve on, and a person decides."
            return [_spec(GATE, first, gate), *rule_specs(catalog, task.contract)]
        case Step.RETURN_FLOW:
            text = "Every city's rows were taken from the foundation tables as they are now."
            return [_spec(TRACES, first, text, blocking=True)]
        case Step.RELEASE:
            return [_spec(DECLARED, first, "Everything in the landing folder belongs to a declared source.")]
    return [_key_spec(spec) for spec in task.outputs if spec.key]


def _key_spec(spec: TableSpec) -> dg.AssetCheckSpec:
    text = (
        f"The key of {spec.title} ({', '.join(spec.key)}) is never NULL and stands once. Where not, nothing flows on."
    )
    return _spec(KEY, asset_key(spec.id), text, blocking=True)


def _spec(name: str, asset: dg.AssetKey, description: str, blocking: bool = False) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking)


def evidence(lake: Lake, task: Task) -> str:
    """What stays the same as long as the task's checks would say the same: the tables' versions, and the verdicts."""
    own = data_version(lake, (spec.id for spec in task.outputs))
    match task.step:
        case Step.INGEST:
            return f"{own}, {len(batches_of(lake, task.name))} files"
        case Step.STANDARDISE:
            verdicts, last = last_decided(lake, task.name)
            return f"{own}, {verdicts} verdicts until {last}"
        case Step.RETURN_FLOW:
            return f"{own} of {', '.join(data_version(lake, [table]) for table in task.inputs)}"
    return own


def problems_of(outcome: Outcome) -> list[str]:
    """What a task's run noticed in the files that it took."""
    return [str(problem) for problem in outcome.problems] if isinstance(outcome, Ingested) else []


def _problems_kept(lake: Lake, source: str) -> list[str]:
    """What was noticed in the source's last deliveries, by the list of batches."""
    return [problem for entry in newest_day(batches_of(lake, source)) for problem in entry.problems or ()]


def check_results(workspace: Workspace, task: Task, problems: Sequence[str] = ()) -> Iterator[dg.AssetCheckResult]:
    """The results of `check_specs(task)`, from what is in the lake; `problems` are those of files taken just now."""
    as_of = evidence(workspace.lake, task)
    for result in _results(workspace, task, problems):
        yield result._replace(metadata={**result.metadata, AS_OF: dg.MetadataValue.text(as_of)})


def _results(workspace: Workspace, task: Task, problems: Sequence[str]) -> Iterator[dg.AssetCheckResult]:
    match task.step:
        case Step.INGEST:
            # A later run without files must not make them look well.
            noticed = problems or _problems_kept(workspace.lake, task.name)
            yield _noted(READABLE, task.outputs[0], noticed, dg.AssetCheckSeverity.WARN)
        case Step.STANDARDISE:
            assert task.contract
            yield _gate(workspace, task)
            yield from rule_results(workspace.lake, workspace.catalog, task.contract)
        case Step.RETURN_FLOW:
            yield _traces(workspace, task)
        case Step.RELEASE:
            undeclared = [str(problem) for problem in undeclared_sources(workspace)]
            yield _noted(DECLARED, task.outputs[0], undeclared, dg.AssetCheckSeverity.ERROR)
        case _:
            yield from (_key(workspace, spec) for spec in task.outputs if spec.key)


def _noted(name: str, spec: TableSpec, problems: Sequence[str], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    listed = "\n".join(f"- {problem}" for problem in problems) or "none"
    return dg.AssetCheckResult(
        passed=not problems,
        check_name=name,
        asset_key=asset_key(spec.id),
        severity=severity,
        description="; ".join(problems) or None,
        metadata={"problems": dg.MetadataValue.md(listed)},
    )


def _gate(workspace: Workspace, task: Task) -> dg.AssetCheckResult:
    """An ERROR while a batch is held, whenever it was judged: a later run must not make it look well."""
    lake, source = workspace.lake, task.name
    batches, verdicts = batches_of(lake, source), verdicts_of(lake, source)
    held = [entry for entry in batches if verdicts.get(entry.batch) == Verdict.HELD]
    shown = {entry.batch for entry in [*held, *batches[-1:]]}
    results = lake.read(RULE_RESULTS)
    broken = lake.engine.rows(
        results.filter(results.batch.isin(sorted(shown)) & (results.broken > 0))
        .select("batch", "rule", "title", "severity", "evaluated", "broken")
        .order_by("batch", "severity", "rule")
    )
    waiting = _waiting(workspace, task, held)
    reasons = [f"{row['file']} ({row['why']}); decide with: {row['decide']}" for row in waiting]
    return dg.AssetCheckResult(
        passed=not held,
        check_name=GATE,
        asset_key=asset_key(task.outputs[0].id),
        severity=dg.AssetCheckSeverity.ERROR,
        description="held: " + "; ".join(reasons) if held else f"none of {len(batches)} batches is held",
        metadata={
            "batches": len(batches),
            "held": len(held),
            "held_batches": _table(waiting),
            "broken_rules": _table(broken),
        },
    )


def _waiting(workspace: Workspace, task: Task, held: Sequence[BatchEntry]) -> list[dict[str, Any]]:
    """Held batches: why, as people read it, and how they decide."""
    assert task.contract
    titles = {rule.code: rule.title for rule in workspace.catalog.rules(task.contract)}
    judged = gate_verdicts(workspace.lake, task.name)
    rows = []
    for entry in held:
        codes = judged[entry.batch].rules or ()
        why = "；".join(batch_rule_title(code, task.contract) or titles.get(code, code) for code in codes)
        shown = {"batch": entry.batch, "file": entry.file, "rows": entry.rows}
        rows.append(shown | {"why": why, "decide": decisions(workspace.settings, entry.batch, codes)})
    return rows


def decisions(settings: Settings, batch: str, rules: Sequence[str]) -> str:
    """The commands by which a person decides on a held batch, each to be pasted."""
    return " or ".join(f"`{settings.command('gate', option, batch)}`" for option in decidable(rules))


def _table(rows: list[dict[str, str | int | float | None]]) -> dg.MetadataValue:
    """Rows as a table; Dagster's table has at least one column to show."""
    if not rows:
        return dg.MetadataValue.text("none")
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows])


def _key(workspace: Workspace, spec: TableSpec) -> dg.AssetCheckResult:
    rows = workspace.lake.read(spec)
    counted = rows.group_by(list(spec.key)).agg(_rows=rows.count())
    empty = functools.reduce(operator.or_, (counted[name].isnull() for name in spec.key))
    faults = counted.agg(
        null_keys=empty.ifelse(counted._rows, 0).sum().fill_null(0),
        doubled_keys=(~empty & (counted._rows > 1)).cast("int64").sum().fill_null(0),
    )
    found = {name: int(count) for name, count in workspace.lake.engine.rows(faults)[0].items()}
    return dg.AssetCheckResult(
        passed=not any(found.values()),
        check_name=KEY,
        asset_key=asset_key(spec.id),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"key": ", ".join(spec.key), **found},
    )


def _traces(workspace: Workspace, task: Task) -> dg.AssetCheckResult:
    """What flows back carries the versions of its inputs in its last commit: they must be the current ones."""
    lake = workspace.lake
    current = {table.path: lake.version(table) for table in task.inputs}
    behind = []
    for spec in task.outputs:
        stored = lake.delta(spec.id)
        mark = Watermark.from_json(delta_rs.last_metadata(stored)) if stored else None
        if mark is None or mark.inputs != current:
            behind.append(spec.id.path)
    rows = sum(lake.row_count(spec.id) for spec in task.outputs)
    source_rows = lake.row_count(task.inputs[0])
    return dg.AssetCheckResult(
        passed=not behind and rows <= source_rows,
        check_name=TRACES,
        asset_key=asset_key(task.outputs[0].id),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "rows": rows,
            "rows_in_foundation": source_rows,
            "versions": dg.MetadataValue.json({path: version for path, (_, version) in current.items()}),
            "behind": ", ".join(behind) or "none",
        },
    )
