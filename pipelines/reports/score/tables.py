"""Tables held against the truth: standard and withdrawn rows, golden records, derived tables, what flows back."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

from pipelines.project.workspace import Workspace
from pipelines.reports.score.scored import OutcomeScore
from pipelines.steps.inputs import model_spec
from pipelines.steps.return_flow import flows
from pipelines.tables.specs import AS_SENT, alias_spec, golden_spec, standard_spec, withdrawn_spec
from pipelines.tables.table import TableSpec

_FOUND = "__found"


@dataclass(frozen=True)
class _Scored:
    """A table that the truth may speak of: what it is called, where its truth is, and the columns of its key.

    Of a row that flows back `places_only` are due: its values are those of the table that it comes from.
    """

    name: str
    file: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    spec: TableSpec
    places_only: bool = False


def table_scores(workspace: Workspace, truth: Path) -> tuple[list[OutcomeScore], tuple[str, ...]]:
    """A score for each table that has a truth file, and the names of the tables that have none."""
    scores, unscored = [], []
    for table in _tables(workspace):
        path = truth / table.file
        if path.exists():
            scores.append(_compared(workspace, table, workspace.lake.engine.read_csv(path)))
        else:
            unscored.append(table.name)
    return scores, tuple(unscored)


def _tables(workspace: Workspace) -> Iterator[_Scored]:
    catalog = workspace.catalog
    for contract in catalog.contracts.values():
        yield _whole(standard_spec(catalog, contract), f"standard {contract.name}")
        if contract.deletes:
            yield _whole(withdrawn_spec(catalog, contract), f"withdrawn {contract.name}")
        if alias := alias_spec(catalog, contract):
            yield _whole(alias, f"alias {contract.name}")
    for record in catalog.records.values():
        file = f"golden_{record.name}.csv"
        yield _whole(golden_spec(catalog, record), f"golden {record.name}", file)
    for placed in workspace.models.tables.values():
        spec = model_spec(workspace, placed)
        yield _whole(spec, f"{spec.id.layer} {spec.id.name}")
    for flow in flows(workspace):
        spec = flow.returned
        named = f"returns {'/'.join((*spec.id.folders, spec.id.name))}"
        yield _Scored(named, f"{spec.id.path}.csv", spec.key, tuple(spec.names), spec, places_only=True)


def _whole(spec: TableSpec, name: str, file: str = "") -> _Scored:
    """What was added to the declared columns (where a row came from, the form in which it was sent) has no truth."""
    columns = tuple(name for name in spec.names if not name.startswith("_") and not name.endswith(AS_SENT))
    return _Scored(name, file or f"{spec.id.path}.csv", spec.key, columns, spec)


def _compared(workspace: Workspace, table: _Scored, due: ir.Table) -> OutcomeScore:
    found = workspace.lake.read(table.spec)
    key = [name for name in table.key if name in due.columns]
    values = [] if table.places_only else [name for name in due.columns if name not in key]
    note = _note(table, due) if values else ""
    if not values:
        named = [name for name in due.columns if name in found.columns]
        return _rows(workspace, table.name, due.select(named), _as_text(found, named))
    return _values(workspace, table.name, key, values, due, found, note)


def _note(table: _Scored, due: ir.Table) -> str:
    unknown = [name for name in table.columns if name not in due.columns]
    return f"no truth about {len(unknown)} of {len(table.columns)} columns" if unknown else ""


def _rows(workspace: Workspace, name: str, due: ir.Table, found: ir.Table) -> OutcomeScore:
    due, found = due.distinct(), found.distinct()
    sides = (due, found, due.semi_join(found, due.columns))
    due_rows, found_rows, right = (int(workspace.lake.engine.scalar(rows.count())) for rows in sides)
    return OutcomeScore(name, due_rows, found_rows, right)


def _values(
    workspace: Workspace, name: str, key: list[str], values: list[str], due: ir.Table, found: ir.Table, note: str
) -> OutcomeScore:
    """Value by value; a row that only one side has is wrong in all of them, and so is a column that it lacks."""
    engine = workspace.lake.engine
    held = [column for column in values if column in found.columns]
    both = due.inner_join(_found_values(found, key, held), key)
    same = [_same(both[column], both[column + _FOUND]).cast("int64").sum() for column in held]
    right = both.agg(right=functools.reduce(operator.add, same)).right.fill_null(0)
    rows = [int(engine.scalar(side.count())) for side in (due, found)]
    return OutcomeScore(name, rows[0] * len(values), rows[1] * len(held), int(engine.scalar(right.sum())), note)


def _found_values(found: ir.Table, key: list[str], values: list[str]) -> ir.Table:
    """The key as text, and the values beside it: instants as they are, all else as text."""
    kept = {name + _FOUND: found[name] if found[name].type().is_timestamp() else _text(found[name]) for name in values}
    return found.select(**{name: _text(found[name]) for name in key}, **kept)


def _same(due: ir.StringValue, found: ir.Value) -> ir.BooleanValue:
    """Nothing is the same as nothing only."""
    filled = due.nullif("")
    if found.type().is_timestamp():
        return filled.try_cast(found.type()).identical_to(found) & (filled.isnull() == found.isnull())
    return filled.identical_to(found)


def _as_text(found: ir.Table, names: list[str]) -> ir.Table:
    return found.select(**{name: _text(found[name]) for name in names})


def _text(value: ir.Value) -> ir.StringValue:
    return value.cast("string")
