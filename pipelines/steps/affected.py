"""From changed rows of a model's inputs to the keys of its table, and from those keys to the rows they need."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from pipelines.engines.base import Engine
from pipelines.lake.refresh import Changed
from pipelines.modelling import Alike, Computed, Route
from pipelines.project.models import Placed
from pipelines.project.workspace import Workspace
from pipelines.steps.inputs import Input, inputs_of
from pipelines.tables.layout import TableId


def affected_keys(workspace: Workspace, placed: Placed, changed: Changed) -> ir.Table | None:
    """The keys that changed rows lead to, as a table of the column `by`; None where they may be any.

    `changed` holds rows as they were and as they are, of the tables that have changed.
    """
    declared, empty = placed.declared, workspace.lake.engine.empty
    moved = inputs_of(workspace, placed, lambda spec: changed[spec.id] if spec.id in changed else empty(spec))
    found: list[ir.Table] = []
    for name, changes in moved.items():
        if not any(spec.id in changed for spec in changes.tables):
            continue
        routes = declared.affected.get(name)
        if not routes:
            return None
        found += [_led_to(workspace, placed, name, route, changes.rows) for route in routes]
    keys = [rows.rename({declared.by: rows.columns[0]}) for rows in found]
    return ibis.union(*keys) if len(keys) > 1 else keys[0]


def _led_to(workspace: Workspace, placed: Placed, name: str, route: Route, moved: ir.Table) -> ir.Table:
    if isinstance(route, str):
        return moved.select(route)
    if isinstance(route, Computed):
        return moved.select(**{placed.declared.by: route.key(moved)})
    now = inputs_of(workspace, placed, workspace.lake.read)
    if isinstance(route, Alike):
        rows = now[name].rows
        return moved.select(route.key).union(rows.semi_join(moved, route.column).select(route.key))
    others = list(inspect.signature(route).parameters)[1:]
    return route(moved, **{other: now[other].rows for other in others})


def needed(engine: Engine, placed: Placed, inputs: Mapping[str, Input], keys: ir.Table) -> dict[str, Input]:
    """The inputs with those rows alone that `keys` need; all rows where the declaration does not say which."""
    found = {}
    for name, side in inputs.items():
        routes = placed.declared.affected.get(name, ())
        if not routes or any(callable(route) for route in routes):
            found[name] = side
        else:
            kept_as = f"{placed.declared.name}_needs_{name}"
            rows = functools.partial(_leading_to, side, routes, keys)
            found[name] = replace(side, read=functools.partial(_kept, engine, rows, kept_as))
    return found


def _kept(engine: Engine, read: Callable[[], ir.Table], name: str) -> ir.Table:
    return engine.kept_if_few(read(), name)


def _leading_to(side: Input, routes: Sequence[Route], keys: ir.Table) -> ir.Table:
    rows, by = side.rows, keys.columns[0]
    if len(routes) == 1 and isinstance(routes[0], str):
        return rows.semi_join(keys, [(routes[0], by)])
    wanted = []
    for route in routes:
        if isinstance(route, Alike):
            alike = rows.semi_join(keys, [(route.key, by)]).select(route.column)
            wanted.append(rows[route.column].isin(alike[route.column]))
        elif isinstance(route, Computed):
            wanted.append(route.key(rows).isin(keys[by]))
        else:
            wanted.append(rows[route].isin(keys[by]))
    return rows.filter(ibis.or_(*wanted))


def asked_columns(declared: Sequence[tuple[Placed, Mapping[str, Input]]]) -> dict[TableId, list[str]]:
    """The columns that `affected_keys` looks at, of the tables of which it does not need all."""
    asked: dict[TableId, list[str]] = {}
    whole: set[TableId] = set()
    for placed, inputs in declared:
        for name, wanted in placed.declared.inputs.items():
            columns = list(_columns(placed.declared.affected.get(name, ())))
            for spec in inputs[name].tables:
                if isinstance(wanted, str) and columns:
                    asked[spec.id] = list(dict.fromkeys([*asked.get(spec.id, []), *columns]))
                else:
                    whole.add(spec.id)
    return {table: columns for table, columns in asked.items() if table not in whole}


def _columns(routes: Sequence[Route]) -> Iterator[str]:
    """The input's columns in which its routes are said; none where one of them may look at any."""
    if any(not isinstance(route, str | Alike) for route in routes):
        return
    for route in routes:
        if isinstance(route, Alike):
            yield from (route.column, route.key)
        elif isinstance(route, str):
            yield route


def check_affected(placed: Placed, inputs: Mapping[str, Input]) -> None:
    """Raises DeclarationError where `affected` names no input, or a column that the input does not have."""
    declared = placed.declared
    for name, routes in declared.affected.items():
        if name not in inputs:
            raise placed.error(f"{declared.name}: affected: {name} is no input; there are {', '.join(inputs)}")
        spec = inputs[name].spec
        for column in _columns(routes):
            if column not in spec.names:
                raise placed.error(
                    f"{declared.name}: affected: {name} has no column {column}; there are {', '.join(spec.names)}"
                )
