"""Derive: the tables of Python models, and the findings of rules across tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog, Code
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import FLAGS
from pipelines.lake.refresh import Changed, Refreshed, by_change_feeds, hold_no_row, refresh
from pipelines.modelling import CodesOf, Finding
from pipelines.project.digest import digest
from pipelines.project.models import Placed
from pipelines.project.workspace import Project, Workspace
from pipelines.rules.rows import broken_codes
from pipelines.steps.affected import affected_keys, asked_columns, check_affected, needed
from pipelines.steps.inputs import Input, expression_of, inputs_of, model_checks, model_spec
from pipelines.steps.responsibility import deciding, with_agency
from pipelines.steps.task import Origins, Step, Tables, Task, origins_of
from pipelines.tables.layout import TableId
from pipelines.tables.specs import finding_spec
from pipelines.tables.table import TableSpec


def derive_tasks(project: Project) -> Iterator[Task]:
    """A task per model."""
    for placed in project.models.tables.values():
        yield _derive_task(project, placed)


def _derive_task(project: Project, placed: Placed) -> Task:
    spec, declared = model_spec(project, placed), _declared_inputs(project, placed)
    check_affected(placed, declared)
    return Task(
        Step.DERIVE,
        placed.declared.name,
        placed.database,
        (spec,),
        tuple(table.id for table in _tables(declared)),
        lambda workspace: Tables((derive(workspace, placed),)),
        lambda: {spec.id: origins_of(expression_of(placed, declared))},
        (placed.path,),
    )


def derive(workspace: Workspace, placed: Placed) -> Refreshed:
    """Bring a model's table up to date."""
    lake, catalog = workspace.lake, workspace.catalog
    declared, spec = _declared_inputs(workspace, placed), model_spec(workspace, placed)
    checks = model_checks(workspace, placed)

    def compute(keys: ir.Table | None) -> ir.Table:
        rows = lake.engine.materialise(_expression(workspace, placed, keys), "derived_rows")
        rows = rows.mutate(**{FLAGS: broken_codes(rows, checks)}) if checks else rows
        _check_key(workspace, placed, spec, rows)
        return rows

    return refresh(
        lake,
        spec,
        by_change_feeds(
            lake,
            _tables(declared),
            digest(
                __name__,
                placed.logic,
                spec.columns,
                catalog.records,
                catalog.elements,
                checks,
                *_lists(catalog, placed),
            ),
            compute,
            placed.declared.by,
            lambda changed: affected_keys(workspace, placed, changed),
            asked_columns([(placed, declared)]),
        ),
    )


def _declared_inputs(project: Project, placed: Placed) -> dict[str, Input]:
    """The inputs as they are declared, without a look into the lake."""
    declared = inputs_of(project, placed, lambda spec: spec.unbound)
    for name, side in declared.items():
        if not side.tables and not isinstance(placed.declared.inputs[name], CodesOf):
            raise placed.error(f"{placed.declared.name}: no source has what {name} asks for; take that input out")
    return declared


def _lists(catalog: Catalog, placed: Placed) -> list[tuple[Code, ...]]:
    """The code lists that are inputs: they change with the declarations."""
    return [catalog.codes[wanted.list] for wanted in placed.declared.inputs.values() if isinstance(wanted, CodesOf)]


def _expression(workspace: Workspace, placed: Placed, keys: ir.Table | None) -> ir.Table:
    """A model's or rule's rows: all of them, or those of `keys`, from the rows of the inputs that they need."""
    inputs = inputs_of(workspace, placed, workspace.lake.read)
    if keys is None:
        return expression_of(placed, inputs)
    rows = needed(workspace.lake.engine, placed, inputs, keys)
    return expression_of(placed, rows).semi_join(keys, placed.declared.by)


def _check_key(workspace: Workspace, placed: Placed, spec: TableSpec, rows: ir.Table) -> None:
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


def find_tasks(project: Project) -> Iterator[Task]:
    """A task per golden record: the rules across tables that are about it."""
    for record in project.catalog.records.values():
        yield _find_task(project, record)


def _find_task(project: Project, record: GoldenRecord) -> Task:
    rules = project.models.findings.get(record.name, ())
    spec = finding_spec(project.catalog, record)
    declared = [(rule, _declared_inputs(project, rule)) for rule in rules]
    for rule, inputs in declared:
        check_affected(rule, inputs)

    def origins() -> Mapping[TableId, Origins]:
        found = [origins_of(expression_of(rule, inputs)) for rule, inputs in declared]
        names = [name for name in spec.names if any(name in origins for origins in found)]
        return {spec.id: {name: frozenset().union(*(origins[name] for origins in found)) for name in names}}

    return Task(
        Step.FIND,
        record.name,
        record.database,
        (spec,),
        tuple(dict.fromkeys(table.id for _, inputs in declared for table in _tables(inputs))),
        lambda workspace: Tables((find(workspace, record),)),
        origins,
        tuple(dict.fromkeys(rule.path for rule in rules)),
    )


def find(workspace: Workspace, record: GoldenRecord) -> Refreshed:
    """Bring the findings about a golden record up to date: all rules across tables about it, in one table."""
    lake, catalog = workspace.lake, workspace.catalog
    rules = workspace.models.findings.get(record.name, ())
    spec = finding_spec(catalog, record)
    inputs = [(rule, _declared_inputs(workspace, rule)) for rule in rules]

    def compute(keys: ir.Table | None) -> ir.Table:
        asked = [rule for rule, declared in inputs if not hold_no_row(lake, _tables(declared))]
        if not asked:
            return lake.engine.empty(spec)
        # `union(…, distinct=True)` of one table keeps what stands twice in it.
        found = ibis.union(*(_found(workspace, rule, keys) for rule in asked)).distinct()
        return with_agency(workspace, found, "found_rows")

    return refresh(
        lake,
        spec,
        by_change_feeds(
            lake,
            list(dict.fromkeys(table for _, declared in inputs for table in _tables(declared))),
            digest(
                __name__,
                [rule.logic for rule in rules],
                [_lists(catalog, rule) for rule in rules],
                *(catalog.contracts, catalog.records, catalog.elements, deciding(catalog)),
            ),
            compute,
            "subject",
            lambda changed: _affected_subjects(workspace, rules, changed),
            asked_columns(inputs),
        ),
    )


def _affected_subjects(workspace: Workspace, rules: Sequence[Placed], changed: Changed) -> ir.Table | None:
    found = []
    for rule in rules:
        moved = {spec.id for spec in _tables(_declared_inputs(workspace, rule))}
        if own := {table: rows for table, rows in changed.items() if table in moved}:
            keys = affected_keys(workspace, rule, own)
            if keys is None:
                return None
            found.append(keys)
    return ibis.union(*found) if len(found) > 1 else found[0]


def _found(workspace: Workspace, rule: Placed, keys: ir.Table | None) -> ir.Table:
    assert isinstance(rule.declared, Finding)
    rows = _expression(workspace, rule, keys)
    return rows.select(
        rule=ibis.literal(rule.declared.name),
        title=ibis.literal(rule.declared.title),
        subject=rows["subject"],
        source=rows["source"],
        batch=rows["batch"],
        row=rows["row"],
    )


def _tables(inputs: Mapping[str, Input]) -> list[TableSpec]:
    return list(dict.fromkeys(table for read in inputs.values() for table in read.tables))
