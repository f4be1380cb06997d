"""The truth score: what the lake found, held against what a simulation knows it planted."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, FLAGS, ROW_NUMBER, RULES
from pipelines.lake.layout import returned
from pipelines.lake.specs import (
    BATCHES,
    conflict_spec,
    finding_spec,
    golden_spec,
    quarantine_spec,
    standard_spec,
)
from pipelines.quality.verdicts import by_gate
from pipelines.steps.workspace import Workspace

ROW = ("source", "file", "row", "rule")
OUTCOMES = {
    "quarantine": ROW,
    "flag": ROW,
    "hold": ("source", "file", "rule"),
    "conflict": ("database", "subject", "attribute"),
    "finding": ("database", "subject", "rule"),
}


@dataclass(frozen=True)
class OutcomeScore:
    """Due: what the truth asks for. Found: what the lake says. Right: both."""

    outcome: str
    due: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else float(self.due == 0)

    @property
    def recall(self) -> float:
        return self.right / self.due if self.due else 1.0

    @property
    def perfect(self) -> bool:
        return self.due == self.found == self.right


@dataclass(frozen=True)
class Score:
    """One line per kind of outcome; golden values and returned rows as outcomes of their own."""

    outcomes: tuple[OutcomeScore, ...]

    @property
    def perfect(self) -> bool:
        return all(one.perfect for one in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        rows = [asdict(one) | {"precision": one.precision, "recall": one.recall} for one in self.outcomes]
        return {"perfect": self.perfect, "outcomes": rows}


def score(workspace: Workspace, truth: Path) -> Score:
    """Compare the lake with `truth/outcomes.csv`, `truth/golden_<record>.csv` and `truth/returns.csv`.

    Raises FileNotFoundError where the folder holds no truth.
    """
    if not (truth / "outcomes.csv").exists():
        raise FileNotFoundError(f"{truth} holds no outcomes.csv: name the truth/ folder that `huiliu simulate` wrote")
    engine = workspace.lake.engine
    due = engine.materialise(engine.read_csv(truth / "outcomes.csv"), "truth_outcomes")
    found = _found(workspace)
    scores = [
        _compare(workspace, name, due.filter(due.outcome == name), found[name], on) for name, on in OUTCOMES.items()
    ]
    scores.append(_accepted(workspace, due, found))
    for record in workspace.catalog.records.values():
        scores.append(_golden(workspace, record, engine.read_csv(truth / f"golden_{record.name}.csv")))
    scores.append(_returned(workspace, engine.read_csv(truth / "returns.csv")))
    return Score(tuple(scores))


def _compare(workspace: Workspace, name: str, due: ir.Table, found: ir.Table, on: Iterable[str]) -> OutcomeScore:
    columns = list(on)
    due, found = due.select(columns).distinct(), found.select(columns).distinct()
    counts = [due.count(), found.count(), due.semi_join(found, columns).count()]
    return OutcomeScore(name, *(int(workspace.lake.engine.scalar(count)) for count in counts))


def _found(workspace: Workspace) -> dict[str, ir.Table]:
    catalog, lake = workspace.catalog, workspace.lake
    contracts, records = catalog.contracts.values(), catalog.records.values()
    files = _files(workspace)
    held = _held(workspace)
    return {
        "quarantine": _union(_quarantined(workspace, contract, files) for contract in contracts),
        "flag": _union(_flagged(workspace, contract, files) for contract in contracts),
        "hold": held.select("batch", rule=held.rules.unnest()).inner_join(files, "batch"),
        "conflict": _union(
            lake.read(conflict_spec(catalog, one)).select(
                database=ibis.literal(one.database), subject=one.key, attribute="attribute"
            )
            for one in records
        ),
        "finding": _union(
            lake.read(finding_spec(catalog, one)).select("subject", "rule", database=ibis.literal(one.database))
            for one in records
        ),
    }


def _files(workspace: Workspace) -> ir.Table:
    batches = workspace.lake.read(BATCHES)
    return batches.select("batch", "source", "file")


def _held(workspace: Workspace) -> ir.Table:
    """The gate's verdicts that hold a batch, whatever people decided then."""
    decided = by_gate(workspace.lake)
    return decided.filter(decided.verdict == "held")


def _quarantined(workspace: Workspace, contract: Contract, files: ir.Table) -> ir.Table:
    """A held batch is one outcome, whatever its rows break."""
    rows = workspace.lake.read(quarantine_spec(workspace.catalog, contract))
    rows = rows.select(batch=rows[BATCH], row=rows[ROW_NUMBER].cast("string"), rule=rows[RULES].unnest())
    return rows.anti_join(_held(workspace), "batch").inner_join(files, "batch").select(ROW)


def _flagged(workspace: Workspace, contract: Contract, files: ir.Table) -> ir.Table:
    rows = workspace.lake.read(standard_spec(workspace.catalog, contract))
    rows = rows.select(batch=rows[BATCH], row=rows[ROW_NUMBER].cast("string"), rule=rows[FLAGS].unnest())
    return rows.inner_join(files, "batch").select(ROW)


def _accepted(workspace: Workspace, due: ir.Table, found: dict[str, ir.Table]) -> OutcomeScore:
    """Planted oddities that must come through: found are those that are neither rejected, flagged nor held.

    A row that is due in quarantine and did come through counts as wrongly found.
    """
    engine, place = workspace.lake.engine, ["source", "file", "row"]
    stopped = _union(found[name].select(place) for name in ("quarantine", "flag"))
    held = found["hold"].select("source", "file")
    accept = due.filter(due.outcome == "accept").select(place).distinct()
    right = accept.anti_join(stopped, place).anti_join(held, ["source", "file"])
    rejects = due.filter(due.outcome == "quarantine").select(place).distinct()
    wrong = rejects.anti_join(found["quarantine"], place)
    counts = [int(engine.scalar(table.count())) for table in (accept, right, wrong)]
    return OutcomeScore("accept", counts[0], counts[1] + counts[2], counts[1])


def _golden(workspace: Workspace, record: GoldenRecord, due: ir.Table) -> OutcomeScore:
    """Golden values, key by key and attribute by attribute; a key that only one side has is wrong in all of them."""
    engine, names = workspace.lake.engine, list(record.attributes)
    golden = workspace.lake.read(golden_spec(workspace.catalog, record))
    found = golden.select(record.key, **{f"{name}__found": golden[name].cast("string") for name in names})
    both = due.inner_join(found, record.key)
    same = [both[name].nullif("").identical_to(both[f"{name}__found"]).cast("int64").sum() for name in names]
    counts = both.agg(right=functools.reduce(operator.add, same)).right.fill_null(0)
    right = int(engine.scalar(counts.sum()))
    rows = [int(engine.scalar(table.count())) for table in (due, found)]
    return OutcomeScore(f"golden {record.name}", rows[0] * len(names), rows[1] * len(names), right)


def _returned(workspace: Workspace, due: ir.Table) -> OutcomeScore:
    """Rows of the golden records in each city's return tables."""
    wanted = {(row["city"], row["table"]): int(row["rows"]) for row in workspace.lake.engine.rows(due)}
    found = right = 0
    for record in workspace.catalog.records.values():
        table = golden_spec(workspace.catalog, record).id
        for city in workspace.catalog.cities:
            rows = workspace.lake.row_count(returned(city, table))
            found += rows
            right += min(rows, wanted.get((city, record.name), 0))
    return OutcomeScore("returned rows", sum(wanted.values()), found, right)


def _union(tables: Iterable[ir.Table]) -> ir.Table:
    return ibis.union(*tables)
