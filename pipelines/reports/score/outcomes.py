"""What was planted row by row and what the lake says of it: kept out, flagged, held, disputed, at fault, accepted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, FLAGS, ROW_NUMBER, RULES
from pipelines.project.workspace import Workspace
from pipelines.reports.score.scored import OutcomeScore
from pipelines.rules.verdicts import by_gate
from pipelines.tables.specs import BATCHES, conflict_spec, finding_spec, quarantine_spec, standard_spec
from pipelines.tables.verdict import Verdict

ROW = ("source", "file", "row", "rule")
OUTCOMES = {
    "quarantine": ROW,
    "flag": ROW,
    "hold": ("source", "file", "rule"),
    "conflict": ("database", "subject", "attribute"),
    "finding": ("database", "subject", "rule"),
}


def outcome_scores(workspace: Workspace, truth: Path) -> list[OutcomeScore]:
    """A score for each kind of outcome in `truth/outcomes.csv`."""
    engine = workspace.lake.engine
    due = engine.materialise(engine.read_csv(truth / "outcomes.csv"), "truth_outcomes")
    found = _found(workspace)
    scores = [
        _compare(workspace, name, due.filter(due.outcome == name), found[name], on) for name, on in OUTCOMES.items()
    ]
    return [*scores, _accepted(workspace, due, found)]


def _compare(workspace: Workspace, name: str, due: ir.Table, found: ir.Table, on: Iterable[str]) -> OutcomeScore:
    columns = list(on)
    due, found = due.select(columns).distinct(), found.select(columns).distinct()
    counts = [due.count(), found.count(), due.semi_join(found, columns).count()]
    due_rows, found_rows, right = (int(workspace.lake.engine.scalar(count)) for count in counts)
    return OutcomeScore(name, due_rows, found_rows, right)


def _found(workspace: Workspace) -> dict[str, ir.Table]:
    catalog, lake = workspace.catalog, workspace.lake
    contracts, records = catalog.contracts.values(), catalog.records.values()
    files = _files(workspace)
    held = _held(workspace)
    return {
        "quarantine": _union(_quarantined(workspace, contract, files) for contract in contracts),
        "flag": _union(_flagged(workspace, contract, files) for contract in contracts),
        "hold": held.select("batch", rule=held.rules.unnest()).inner_join(files, "batch"),
        "conflict": _union(_conflicts(workspace, record) for record in records),
        "finding": _union(
            lake.read(finding_spec(catalog, record)).select("subject", "rule", database=ibis.literal(record.database))
            for record in records
        ),
    }


def _conflicts(workspace: Workspace, record: GoldenRecord) -> ir.Table:
    """The subject of a conflict is the golden record's key, its parts divided by `/`."""
    rows = workspace.lake.read(conflict_spec(workspace.catalog, record))
    subject = ibis.literal("/").join([rows[part].cast("string") for part in record.key])
    return rows.select("attribute", subject=subject, database=ibis.literal(record.database))


def _files(workspace: Workspace) -> ir.Table:
    batches = workspace.lake.read(BATCHES)
    return batches.select("batch", "source", "file")


def _held(workspace: Workspace) -> ir.Table:
    """The gate's verdicts that hold a batch, whatever people decided then."""
    decided = by_gate(workspace.lake)
    return decided.filter(decided.verdict == Verdict.HELD)


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


def _union(tables: Iterable[ir.Table]) -> ir.Table:
    return ibis.union(*tables)
