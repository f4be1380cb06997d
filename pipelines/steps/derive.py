"""Derive: the tables of Python models, and the findings of rules across tables."""

from __future__ import annotations

import ibis

from pipelines.declarations.catalog import digest
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.models import Placed
from pipelines.lake.lake import Refreshed
from pipelines.lake.layout import TableId
from pipelines.lake.specs import finding_spec
from pipelines.lake.table import TableSpec
from pipelines.modelling import Finding
from pipelines.steps.inputs import Input, expression_of, inputs_of, model_spec
from pipelines.steps.workspace import Workspace


def derive(workspace: Workspace, placed: Placed) -> Refreshed:
    """Bring a model's table up to date."""
    inputs = inputs_of(workspace, placed)
    spec = model_spec(workspace, placed)
    watermark = workspace.lake.watermark(
        _tables(inputs), digest(placed.source, spec.columns, workspace.catalog.records, workspace.catalog.elements)
    )

    def compute() -> ibis.Table:
        rows = expression_of(placed, inputs)
        _check_key(workspace, placed, spec, rows)
        return rows

    return workspace.lake.refresh(spec, compute, watermark)


def _check_key(workspace: Workspace, placed: Placed, spec: TableSpec, rows: ibis.Table) -> None:
    """A table's key identifies its rows; found out before anything is written, in counts and not in values."""
    counted = rows.group_by(list(spec.key)).agg(_rows=rows.count())
    empty = ibis.or_(*(counted[name].isnull() for name in spec.key))
    wrong = counted.agg(doubled=(counted["_rows"] > 1).sum().fill_null(0), empty=empty.sum().fill_null(0))
    found = workspace.lake.engine.rows(wrong)[0]
    if found["doubled"] or found["empty"]:
        raise placed.error(
            f"{spec.id}: {found['doubled']} keys ({', '.join(spec.key)}) stand in several rows, {found['empty']} "
            "are not filled in; declare a key that identifies each row, or mend the function"
        )


def find(workspace: Workspace, record: GoldenRecord) -> Refreshed:
    """Bring the findings of a golden record's database up to date: all its rules across tables, in one table."""
    rules = workspace.models.findings.get(record.database, ())
    inputs = {rule.declared.name: inputs_of(workspace, rule) for rule in rules}
    tables = [table for one in inputs.values() for table in _tables(one)]
    declared = digest(
        [rule.source for rule in rules],
        workspace.catalog.contracts,
        workspace.catalog.records,
        workspace.catalog.elements,
    )
    spec = finding_spec(workspace.catalog, record)

    def compute() -> ibis.Table:
        if not rules:
            return workspace.lake.engine.empty(spec)
        return ibis.union(*(_found(workspace, rule, inputs[rule.declared.name]) for rule in rules), distinct=True)

    return workspace.lake.refresh(spec, compute, workspace.lake.watermark(tables, declared))


def _found(workspace: Workspace, rule: Placed, inputs: dict[str, Input]) -> ibis.Table:
    assert isinstance(rule.declared, Finding)
    rows = expression_of(rule, inputs)
    responsible = {name: contract.responsible for name, contract in workspace.catalog.contracts.items()}
    agency = rows["source"].cases(*responsible.items(), else_=ibis.null("string"))
    return rows.select(
        rule=ibis.literal(rule.declared.name),
        title=ibis.literal(rule.declared.title),
        subject=rows["subject"],
        source=rows["source"],
        batch=rows["batch"],
        row=rows["row"],
        agency=agency,
    )


def _tables(inputs: dict[str, Input]) -> list[TableId]:
    return list(dict.fromkeys(table for one in inputs.values() for table in one.tables))
