"""Every rule of a source as an asset check: what it asks, what follows where it is broken, how many rows break it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from dagster_project.described import asset_key
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.lake.lake import Lake
from pipelines.rules.gate import DAMAGE_TITLES
from pipelines.rules.verdicts import batches_of, verdicts_of
from pipelines.settings import PEOPLE_TIME
from pipelines.tables import layout
from pipelines.tables.rows import BatchEntry, RuleResult
from pipelines.tables.specs import RULE_RESULTS
from pipelines.tables.verdict import Verdict

QUARANTINES = "A row that breaks it is quarantined with its reasons; the other rows of its batch pass."
HOLDS = "A batch that breaks it is held until a person decides; the last good rows serve on."
FLAGS = "A row that breaks it passes, with a flag that says so."
LISTED = 20


@dataclass(frozen=True)
class _Judged:
    """A delivered batch, and the verdict that stands on it; None where there is none yet."""

    entry: BatchEntry
    verdict: Verdict | None


@dataclass(frozen=True)
class CheckedRule:
    """A rule as people read it. `on_table` rules are about a batch as a whole, the others about each row.

    Those `of_form` are asked of every row that is read, and counted where one breaks them.
    """

    code: str
    title: str
    severity: str
    standard: str | None = None
    on_table: bool = False
    of_form: bool = False

    @property
    def check(self) -> str:
        """The check's name: Dagster allows no dot in one, and one underscore stands within the parts of a code."""
        return self.code.replace(".", "__")

    @property
    def holds(self) -> bool:
        return self.on_table and self.severity == "critical"

    @property
    def follows(self) -> str:
        return FLAGS if self.severity != "critical" else HOLDS if self.on_table else QUARANTINES

    @property
    def description(self) -> str:
        basis = f" Basis: {self.standard}." if self.standard else ""
        return (
            f"{self.title}\n\n{self.severity}: {self.follows}{basis} In reports and tables this rule is `{self.code}`."
        )


def checked_rules(catalog: Catalog, contract: Contract) -> list[CheckedRule]:
    """The declared rules of a source, and what the reader asks of each row's form."""
    declared = [
        CheckedRule(rule.code, rule.title, rule.severity, rule.standard, rule.on_table)
        for rule in catalog.rules(contract)
    ]
    return [*declared, *(CheckedRule(code, title, "critical", of_form=True) for code, title in DAMAGE_TITLES.items())]


def rule_specs(catalog: Catalog, contract: Contract) -> list[dg.AssetCheckSpec]:
    standard = asset_key(layout.standard(contract.name))
    return [
        dg.AssetCheckSpec(
            rule.check,
            asset=standard,
            description=rule.description,
            metadata={"rule": rule.code, "severity": rule.severity, "follows": rule.follows},
        )
        for rule in checked_rules(catalog, contract)
    ]


def newest_day(batches: Sequence[BatchEntry]) -> list[BatchEntry]:
    """The batches that came within a day of the newest one: what a source has delivered last."""
    return [entry for entry in batches if entry.received_at > batches[-1].received_at - datetime.timedelta(days=1)]


def rule_results(lake: Lake, catalog: Catalog, contract: Contract) -> Iterator[dg.AssetCheckResult]:
    """A rule fails by the source's last deliveries and by what is held: what a later file put right fails no more."""
    batches, verdicts = batches_of(lake, contract.name), verdicts_of(lake, contract.name)
    known = {entry.batch: _Judged(entry, verdicts.get(entry.batch)) for entry in batches}
    current = {entry.batch for entry in newest_day(batches)}
    current |= {batch for batch, verdict in verdicts.items() if verdict == Verdict.HELD}
    counted: dict[str, list[RuleResult]] = {}
    for row in _counts(lake, contract, current | {entry.batch for entry in batches[-LISTED:]}):
        if row.batch in known:
            counted.setdefault(row.rule, []).append(row)
    for rule in checked_rules(catalog, contract):
        yield _result(contract, rule, counted.get(rule.code, []), known, current)


def _counts(lake: Lake, contract: Contract, batches: Collection[str]) -> list[RuleResult]:
    results = lake.read(RULE_RESULTS)
    of_batches = results.filter((results.source == contract.name) & results.batch.isin(sorted(batches)))
    return [RuleResult(**row) for row in lake.engine.rows(of_batches)]


def _result(
    contract: Contract,
    rule: CheckedRule,
    counted: list[RuleResult],
    known: Mapping[str, _Judged],
    current: Collection[str],
) -> dg.AssetCheckResult:
    broken = sorted((row for row in counted if row.broken), key=lambda row: known[row.batch].entry.received_at)
    failing = [row for row in broken if row.batch in current]
    is_held = rule.holds and any(known[row.batch].verdict == Verdict.HELD for row in failing)
    lately = [row for row in counted if row.batch in current]
    evaluated = _evaluated(rule, lately, [known[batch].entry for batch in current])
    return dg.AssetCheckResult(
        passed=not failing,
        check_name=rule.check,
        asset_key=asset_key(layout.standard(contract.name)),
        severity=dg.AssetCheckSeverity.ERROR if is_held else dg.AssetCheckSeverity.WARN,
        description=_sentence(rule, evaluated, failing, known),
        metadata={
            "title": rule.title,
            "severity": rule.severity,
            "follows": rule.follows,
            "evaluated": evaluated,
            "broken": sum(row.broken for row in failing),
            "batches": _by_batch(rule, broken[-LISTED:], known),
        },
    )


def _evaluated(rule: CheckedRule, counted: Sequence[RuleResult], batches: Sequence[BatchEntry]) -> int:
    """How many rows, or batches, were looked at."""
    if rule.of_form:
        return sum(entry.rows for entry in batches)
    return len(counted) if rule.on_table else sum(row.evaluated or 0 for row in counted)


def _sentence(rule: CheckedRule, total: int, failing: Sequence[RuleResult], known: Mapping[str, _Judged]) -> str:
    what = "batches" if rule.on_table else "rows"
    if not total:
        return f"{rule.title}: there was nothing to check"
    if not failing:
        return f"{rule.title}: all {total:,} {what} keep it"
    files = "; ".join(f"{known[row.batch].entry.file}: {row.broken:,}" for row in failing)
    return f"{rule.title}: {sum(row.broken for row in failing):,} of {total:,} {what} break it ({files})"


def _by_batch(rule: CheckedRule, broken: Sequence[RuleResult], known: Mapping[str, _Judged]) -> dg.MetadataValue:
    """Which batches broke the rule lately, oldest first; Dagster's table needs a row to know its columns by."""
    if not broken:
        return dg.MetadataValue.text("none")
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "batch": row.batch,
                    "file": known[row.batch].entry.file,
                    "received": f"{known[row.batch].entry.received_at.astimezone(PEOPLE_TIME):%Y-%m-%d %H:%M:%S}",
                    "verdict": str(known[row.batch].verdict or "not judged"),
                    "rows": known[row.batch].entry.rows,
                    "checked": "the whole batch" if rule.on_table else str(row.evaluated),
                    "broken": row.broken,
                }
            )
            for row in broken
        ]
    )
