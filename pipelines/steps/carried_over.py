"""A lake of before, with a table for each city, carried over: no city needs to load its rows a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import ibis

from pipelines.engines import delta_rs
from pipelines.lake.lake import Lake
from pipelines.lake.state import State
from pipelines.lake.watermark import Watermark, carried_over, is_carried_over
from pipelines.tables.layout import TableId, returned_to
from pipelines.tables.table import TableSpec

# What follows from no inputs that are known is compared as a whole, and only what differs is written.
UNKNOWN = Watermark({}, "")


def former_tables(cities: Iterable[str], table: TableId, returned: TableSpec) -> dict[str, TableSpec]:
    """By city where a lake of before has what flows back of `table`, which is one table `returned` now."""
    (city,) = returned.partition_by
    key = tuple(name for name in returned.key if name != city)
    columns = tuple(column for column in returned.columns if column.name != city)
    part = replace(returned, key=key, columns=columns, partition_by=())
    return {city: replace(part, id=returned_to(city, table)) for city in cities}


def carry_over(lake: Lake, former: Mapping[str, TableSpec], returned: TableSpec) -> None:
    """Create `returned` from the tables of each city, where it is not there and they are; then they are removed.

    One commit, at the watermark of those tables. It says under `carried_over`, by city, which table and version the
    city's partition holds the rows of: who has read that one goes on with the change feed after this commit. What a
    crash left undone is done at the next call.
    """
    state = lake.state(returned.id)
    if state is None:
        stored = {city: found for city, spec in former.items() if (found := lake.state(spec.id))}
        if not stored:
            return
        if lake.hold():  # another writer may have done so
            carry_over(lake, former, returned)
            return
        _create(lake, former, stored, returned)
    elif not is_carried_over(state.metadata):
        return
    lake.writer(*(spec.id for spec in former.values()))
    lake.make_durable(returned.id)
    for spec in former.values():
        lake.root.remove(spec.id.path)


def _create(lake: Lake, former: Mapping[str, TableSpec], stored: Mapping[str, State], returned: TableSpec) -> None:
    (column,) = returned.partition_by
    kept = {city: spec for city, spec in former.items() if city in stored and _fits(lake, stored[city], spec)}
    parts = [lake.read(spec).mutate(**{column: ibis.literal(city)}) for city, spec in kept.items()]
    rows = lake.declared(ibis.union(*parts), returned) if parts else None
    marks = [stored[city].watermark if city in kept else None for city in former]
    # Each city may have been left at other inputs, and one that was declared since has no rows yet.
    mark = marks[0] if marks[0] and all(mark == marks[0] for mark in marks) else UNKNOWN
    origins: dict[str, dict[str, str | int]] = {
        city: {"table": spec.id.path, "table_id": stored[city].table_id, "version": stored[city].content}
        for city, spec in kept.items()
    }
    metadata = carried_over(mark.to_json(returned.key), origins)
    lake.writer(returned.id).create(lake.uri(returned.id), returned, rows, metadata)


def _fits(lake: Lake, state: State, spec: TableSpec) -> bool:
    """Whether a table's rows are told apart by the declared key, and its columns are of the declared types."""
    wanted = {column.name: delta_rs.field(column).type for column in spec.columns}
    stored = {field.name: field.type for field in state.delta.schema().fields}
    return lake.is_keyed(spec) and all(wanted[name] == kind for name, kind in stored.items() if name in wanted)
