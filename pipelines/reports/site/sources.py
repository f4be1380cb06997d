"""What a source's page shows: its contract, its batches, its rules' counts, its quarantined rows with masked cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import DELETE_FLAG, PROVIDER, Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER, RULES, SENT
from pipelines.elements import normalise
from pipelines.elements.masking import HIDDEN
from pipelines.project.workspace import Workspace
from pipelines.reports.site.batches import Batch, Deliveries
from pipelines.reports.site.masked import hidden, masked_cell
from pipelines.reports.summary import SourceSummary, summarise_source
from pipelines.rules.gate import DAMAGE_TITLES
from pipelines.steps.responsibility import acting, delivered_by
from pipelines.tables.specs import RULE_RESULTS, quarantine_spec
from pipelines.tables.verdict import Verdict

EXAMPLES = 200
MOST = 100_000  # rows of a list that is offered as a file
DECIDED: dict[str, str] = {Verdict.PASSED: "standing", Verdict.RELEASED: "standing", Verdict.HELD: "waiting"}


@dataclass(frozen=True)
class RuleCount:
    """How a rule fared over all judged batches. A rule on the whole batch counts batches, any other rows."""

    code: str
    title: str
    severity: str
    standard: str | None
    on_table: bool
    evaluated: int
    broken: int

    @property
    def share(self) -> float | None:
        """Broken of evaluated; None where nothing was evaluated."""
        return self.broken / self.evaluated if self.evaluated else None


@dataclass(frozen=True)
class Cell:
    """A masked cell under the header as the contract has it. `at_fault` when a rule that the row breaks names it."""

    title: str
    value: str | None
    at_fault: bool


@dataclass(frozen=True)
class Rejected:
    """A quarantined row: where it stands, the rules it breaks as (code, title), its cells.

    `concealed` counts the cells that are left out, because nothing of them may be shown and no broken rule is theirs.
    """

    batch: Batch | None
    row: int
    rules: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]
    concealed: int


@dataclass(frozen=True)
class Quarantine:
    """The rows of a source's quarantine by what was decided about their batches: those that `stand`, wait, or neither.

    `corrected` rows were counted when their batch was judged, and left quarantine since, corrected or settled.
    """

    standing: int = 0
    waiting: int = 0
    refused: int = 0
    corrected: int = 0

    @property
    def rows(self) -> int:
        return self.standing + self.waiting + self.refused


@dataclass(frozen=True)
class Source:
    """One source, with its first quarantined rows in `rejected`; `masked` are those that can be listed, for files.

    `acting` counts its quarantined rows by the agency that must act on them.
    """

    contract: Contract
    summary: SourceSummary
    batches: list[Batch]
    rules: list[RuleCount]
    quarantine: Quarantine
    rejected: list[Rejected]
    masked: ir.Table
    acting: Mapping[str, int]

    @property
    def quarantined(self) -> int:
        """All rows of its quarantine, those of held and rejected batches included."""
        return self.quarantine.rows


def read_source(workspace: Workspace, contract: Contract, deliveries: Deliveries) -> Source:
    counts = rule_counts(workspace, contract)
    titles = {count.code: count.title for count in counts}
    summary = summarise_source(workspace.lake, contract)
    quarantine = _quarantine(workspace, contract, deliveries, summary)
    masked = masked_rows(workspace, contract)
    if quarantine.rows:
        masked = workspace.lake.engine.materialise(masked, f"masked_{contract.name}")
    return Source(
        contract=contract,
        summary=summary,
        batches=deliveries.by_source[contract.name],
        rules=counts,
        quarantine=quarantine,
        rejected=_rejected(workspace, contract, deliveries, titles, masked) if quarantine.rows else [],
        masked=masked,
        acting=_acting(workspace, contract) if quarantine.rows else {},
    )


def _quarantine(workspace: Workspace, contract: Contract, deliveries: Deliveries, summary: SourceSummary) -> Quarantine:
    kept = workspace.lake.read(quarantine_spec(workspace.catalog, contract))
    found = {"standing": 0, "waiting": 0, "refused": 0}
    for row in workspace.lake.engine.rows(kept.group_by(BATCH).agg(rows=kept.count())):
        batch = deliveries.by_name.get(row[BATCH])
        found[DECIDED.get(batch.verdict if batch else "", "refused")] += row["rows"]
    return Quarantine(**found, corrected=max(0, summary.quarantined - found["standing"]))


def _acting(workspace: Workspace, contract: Contract) -> dict[str, int]:
    """How many quarantined rows each agency must act on: by their region, where a sound record's cell can be read."""
    catalog, kept = workspace.catalog, workspace.lake.read(quarantine_spec(workspace.catalog, contract))
    responsibility, given = contract.responsibility, dict[str, ir.StringValue]()
    for name in responsibility.asked if responsibility else ():
        cell = kept[contract.cells[contract.column(name).header]]
        read = normalise(cell, catalog.element_of(contract, name), catalog.codes, catalog.cities)
        given[name] = ibis.ifelse(kept["_damage"].isnull(), read, ibis.null("string"))
    if responsibility and responsibility.by_provider:
        kept = kept.mutate(**given).left_join(delivered_by(workspace, contract), [(BATCH, "__delivered")])
        given = {name: kept[name] for name in given} | {PROVIDER: kept[f"__{PROVIDER}"]}
    named = kept.select(agency=acting(catalog, contract, given))
    counted = named.group_by("agency").agg(rows=named.count())
    return {row["agency"]: row["rows"] for row in workspace.lake.engine.rows(counted)}


def rule_counts(workspace: Workspace, contract: Contract) -> list[RuleCount]:
    """Every rule that was applied to the source, those most often broken first."""
    results = workspace.lake.read(RULE_RESULTS)
    of_source = results.filter(results.source == contract.name)
    totals = of_source.group_by("rule", "title", "severity", "standard", on_table=of_source.evaluated.isnull()).agg(
        evaluated=of_source.evaluated.sum(), batches=of_source.batch.nunique(), broken=of_source.broken.sum()
    )
    ordered = totals.order_by(totals.broken.desc(), "rule", "title")
    return [
        RuleCount(
            row["rule"],
            row["title"],
            row["severity"],
            row["standard"],
            row["on_table"],
            row["batches"] if row["on_table"] else row["evaluated"],
            row["broken"],
        )
        for row in workspace.lake.engine.rows(ordered)
    ]


def _rejected(
    workspace: Workspace, contract: Contract, deliveries: Deliveries, titles: Mapping[str, str], masked: ir.Table
) -> list[Rejected]:
    """The first quarantined rows, newest batches first."""
    rows = newest_first(masked).limit(EXAMPLES)
    known, looked_at = rule_titles(workspace, contract, titles), _headers_by_rule(workspace, contract)
    return [_row(row, contract, deliveries, known, looked_at) for row in workspace.lake.engine.rows(rows)]


def rule_titles(workspace: Workspace, contract: Contract, counted: Mapping[str, str]) -> dict[str, str]:
    """Title of every rule that a quarantined row may name; `counted` are those of rules that were counted once."""
    return {**counted, **{rule.code: rule.title for rule in workspace.catalog.rules(contract)}, **DAMAGE_TITLES}


def newest_first(rows: ir.Table) -> ir.Table:
    return rows.order_by(rows[RECEIVED_AT].desc(), BATCH, ROW_NUMBER)


def masked_rows(workspace: Workspace, contract: Contract) -> ir.Table:
    """The first quarantined rows: place, rules, and a masked `cell <header>` for each header."""
    catalog = workspace.catalog
    first = newest_first(workspace.lake.read(quarantine_spec(catalog, contract))).limit(MOST)
    cells = {}
    for header, name in contract.cells.items():
        if name == DELETE_FLAG:
            flag = ibis.literal(contract.delete_flag.value if contract.delete_flag else "")
            masked = ibis.ifelse((first[name] == flag).fill_null(False), first[name], hidden(first[name]))
        else:
            masked = masked_cell(first[name], catalog.element_of(contract, name), catalog)
        # Cells of a damaged record may stand anywhere.
        cells[header] = ibis.ifelse(first["_damage"].isnull(), masked, hidden(first[name]))
    return first.select(BATCH, ROW_NUMBER, RULES, RECEIVED_AT, **{f"cell {h}": value for h, value in cells.items()})


def _headers_by_rule(workspace: Workspace, contract: Contract) -> dict[str, set[str]]:
    """Rule → headers of the cells that it looks at."""
    headers = {column.name: column.header for column in contract.columns}
    found: dict[str, set[str]] = {}
    for rule in workspace.catalog.rules(contract):
        names = {name.removesuffix(SENT) for name in rule.columns}
        found[rule.code] = {headers[name] for name in names if name in headers}
    return found


def _row(
    row: dict[str, Any],
    contract: Contract,
    deliveries: Deliveries,
    titles: Mapping[str, str],
    looked_at: Mapping[str, set[str]],
) -> Rejected:
    at_fault = {header for code in row[RULES] for header in looked_at.get(code, ())}
    cells = [Cell(header, row[f"cell {header}"], header in at_fault) for header in contract.cells]
    shown = [cell for cell in cells if cell.at_fault or (cell.value or "").strip(HIDDEN)]
    return Rejected(
        batch=deliveries.by_name.get(row[BATCH]),
        row=row[ROW_NUMBER],
        rules=tuple((code, titles.get(code, code)) for code in row[RULES]),
        cells=tuple(sorted(shown, key=lambda cell: not cell.at_fault)),
        concealed=sum(1 for cell in cells if cell.value and cell not in shown),
    )
