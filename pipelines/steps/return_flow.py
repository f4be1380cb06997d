"""Return flow: of each table that flows back, every city's own rows (2024-19 第十八、十九条)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import digest
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.lake.layout import returned
from pipelines.lake.refresh import Refreshed, by_columns, refresh_parts
from pipelines.lake.specs import conflict_spec, finding_spec, golden_spec
from pipelines.lake.table import TableSpec
from pipelines.modelling import Model
from pipelines.steps.inputs import model_spec
from pipelines.steps.workspace import Workspace

CITY = "_city"


@dataclass(frozen=True)
class Flow:
    """A table that flows back: `region` is its own column, or the record's region reached by `key`."""

    spec: TableSpec
    withhold: Mapping[str, str]
    record: GoldenRecord | None
    key: str
    region: str

    @property
    def by(self) -> str:
        """The column by which rows are placed again when something that leads to them has changed."""
        return self.key if self.record else self.spec.key[0]

    def city_spec(self, city: str) -> TableSpec:
        columns = tuple(column for column in self.spec.columns if column.name not in self.withhold)
        return TableSpec(returned(city, self.spec.id), self.spec.title, self.spec.description, self.spec.key, columns)


def flows(workspace: Workspace) -> Iterator[Flow]:
    """Every table that a declaration lets flow back; a golden record takes its conflicts and findings along."""
    catalog = workspace.catalog
    for record in catalog.records.values():
        if record.returns:
            region = record.returns.scope
            yield Flow(golden_spec(catalog, record), record.returns.withhold, None, record.key, region)
            yield Flow(conflict_spec(catalog, record), {}, record, record.key, region)
            yield Flow(finding_spec(catalog, record), {}, record, "subject", region)
    for placed in workspace.models.tables.values():
        model = placed.declared
        if isinstance(model, Model) and model.returns:
            name, _, column = model.returns.scope.partition(".")
            scoped_by = catalog.records[name] if column else None
            spec = model_spec(workspace, placed)
            if wrong := [one for one in model.returns.withhold if one not in spec.names or one in spec.key]:
                raise placed.error(f"{model.name}: withhold: {', '.join(wrong)} is no column, or part of the key")
            yield Flow(spec, model.returns.withhold, scoped_by, scoped_by.key if scoped_by else "", column or name)


def return_flow(workspace: Workspace, flow: Flow) -> list[Refreshed]:
    """Bring one table's part of every city up to date."""
    catalog, lake = workspace.catalog, workspace.lake
    declared = digest(flow.region, flow.withhold, flow.spec.names, catalog.city_prefixes())
    parts = {city: flow.city_spec(city) for city in catalog.cities}
    # What leads to a row: its own first key column, or the record whose region says where it belongs.
    ways = {flow.spec: flow.by}
    if flow.record:
        ways[golden_spec(catalog, flow.record)] = flow.record.key

    derivation = by_columns(lake, ways, declared, lambda keys: _placed(workspace, flow, keys), flow.by)
    return refresh_parts(lake, parts, CITY, derivation)


def _placed(workspace: Workspace, flow: Flow, keys: ir.Table | None) -> ir.Table:
    """The rows that belong to a city, with its code; those of `keys`, or all."""
    rows = workspace.lake.read(flow.spec)
    if keys is not None:
        rows = rows.semi_join(keys, flow.by)
    if flow.record is None:
        return _in_a_city(rows.mutate(**{CITY: city_of(workspace, rows[flow.region])}), flow)
    golden = workspace.lake.read(golden_spec(workspace.catalog, flow.record))
    if keys is not None:
        golden = golden.semi_join(keys, [(flow.record.key, flow.by)])
    places = golden.select(**{flow.key: golden[flow.record.key], CITY: city_of(workspace, golden[flow.region])})
    return _in_a_city(rows.inner_join(places, flow.key), flow)


def _in_a_city(rows: ir.Table, flow: Flow) -> ir.Table:
    allowed = [name for name in flow.spec.names if name not in flow.withhold]
    return rows.filter(rows[CITY].notnull()).select(*allowed, CITY)


def city_of(workspace: Workspace, region: ir.StringValue) -> ir.StringValue:
    """The league or city of a region code, retired codes included; NULL outside the autonomous region."""
    prefixes = workspace.catalog.city_prefixes()
    return ibis.cases(*((region.startswith(prefix), city) for prefix, city in prefixes))
