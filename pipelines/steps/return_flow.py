"""Return flow: of each table that flows back, every city's own rows (2024-19 第十八、十九条)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.reading import DeclarationError
from pipelines.lake.refresh import Refreshed, by_columns, refresh
from pipelines.modelling import Model, Returned, latest
from pipelines.project.digest import digest
from pipelines.project.models import Placed
from pipelines.project.workspace import Project, Workspace
from pipelines.steps.carried_over import carry_over, former_tables
from pipelines.steps.inputs import model_spec
from pipelines.steps.task import Step, Tables, Task, taken_over
from pipelines.tables.layout import returned
from pipelines.tables.specs import conflict_spec, finding_spec, golden_spec
from pipelines.tables.table import ColumnSpec, TableSpec

CITY = ColumnSpec("city", "string", "盟市代码")
HAS_REGION, KEY_BESIDE = "_has_region", "_of_record__"


@dataclass(frozen=True)
class Region:
    """A column that may say whose a row is: the table's own, or the record's."""

    column: str
    of_record: bool = False

    @property
    def beside(self) -> str:
        """Its name beside the columns of the table."""
        return f"_of_record_{self.column}" if self.of_record else self.column


@dataclass(frozen=True)
class Flow:
    """A table that flows back. `scope` are the regions that say whose a row is, the first first.

    Those that are not the table's own belong to `record`, whose entity stands in the column `key`, and the other parts
    of its key in the table's own key, where they stand in it.
    """

    spec: TableSpec
    withhold: Mapping[str, str]
    scope: tuple[Region, ...]
    record: GoldenRecord | None = None
    key: str = ""

    @property
    def by(self) -> str:
        """The column by which rows are placed again when something that leads to them has changed."""
        return self.key if self.record else self.spec.key[0]

    @property
    def beside(self) -> dict[str, str]:
        """The parts of the record's key that say which row of it places a row, and the columns that they stand in."""
        if self.record is None:
            return {}
        entity, *others = self.record.key
        return {entity: self.key, **{part: part for part in others if part in self.spec.key}}

    @property
    def returned(self) -> TableSpec:
        """What flows back: the rows of every city, each city's in a partition of its own."""
        spec, key = self.spec, (CITY.name, *self.spec.key)
        columns = (CITY, *(column for column in spec.columns if column.name not in self.withhold))
        return TableSpec(returned(spec.id), spec.title, spec.description, key, columns, (CITY.name,))


@dataclass(frozen=True)
class Unreturned:
    """How many of a returning table's `rows` reach no city: of `outside` a region is known, of `unknown` none."""

    table: TableSpec
    rows: int
    outside: int
    unknown: int


def flows(project: Project) -> Iterator[Flow]:
    """Every table that a declaration lets flow back; a golden record takes its conflicts and findings along."""
    catalog = project.catalog
    for record in catalog.records.values():
        if record.returns:
            if CITY.name in record.attributes:
                raise DeclarationError(catalog.place_of(record), None, _taken(record.name))
            own = tuple(Region(name) for name in record.returns.scope)
            yield Flow(golden_spec(catalog, record), record.returns.withhold, own)
            yield Flow(conflict_spec(catalog, record), {}, _of_record(record), record, record.entity)
            yield Flow(finding_spec(catalog, record), {}, _of_record(record), record, "subject")
    for placed in project.models.tables.values():
        if isinstance(placed.declared, Model) and placed.declared.returns:
            yield _model_flow(project, placed, placed.declared, placed.declared.returns)


def _taken(name: str) -> str:
    return f"{name}: in what flows back, `{CITY.name}` says whose partition a row is: give that column another name"


def _of_record(record: GoldenRecord) -> tuple[Region, ...]:
    return tuple(Region(name, of_record=True) for name in record.returns.scope) if record.returns else ()


def _model_flow(project: Project, placed: Placed, model: Model, returns: Returned) -> Flow:
    records, spec = project.catalog.records, model_spec(project, placed)
    if wrong := [name for name in returns.withhold if name not in spec.names or name in spec.key]:
        raise placed.error(f"{model.name}: withhold: {', '.join(wrong)} is no column, or part of the key")
    if CITY.name in spec.names:
        raise placed.error(_taken(model.name))
    scope: list[Region] = []
    named: dict[str, GoldenRecord] = {}
    for place in returns.regions:
        name, _, column = place.partition(".")
        record = records.get(name)
        if place in spec.names:
            scope.append(Region(place))
        elif record and (column in record.attributes or (not column and record.returns)):
            scope += [Region(column, of_record=True)] if column else _of_record(record)
            named[name] = record
        else:
            raise placed.error(f"{model.name}: returns: {place} is no column, and no attribute of a golden record")
    if len(named) > 1 or any(record.entity not in spec.names for record in named.values()):
        raise placed.error(f"{model.name}: returns: a row is placed by one golden record, whose key is a column of it")
    reached = next(iter(named.values()), None)
    return Flow(spec, returns.withhold, tuple(dict.fromkeys(scope)), reached, reached.entity if reached else "")


def return_flow_tasks(project: Project) -> Iterator[Task]:
    """A task per table that flows back."""
    for flow in flows(project):
        yield _task(project.catalog, flow)


def _task(catalog: Catalog, flow: Flow) -> Task:
    record = golden_spec(catalog, flow.record).id if flow.record else None
    inputs = (flow.spec.id, *((record,) if record else ()))
    placed_by = frozenset(
        (record if region.of_record and record else flow.spec.id, region.column) for region in flow.scope
    )
    return Task(
        Step.RETURN_FLOW,
        flow.spec.id.path,
        flow.spec.id.folders[0],
        (flow.returned,),
        tuple(dict.fromkeys(inputs)),
        lambda workspace: Tables((return_flow(workspace, flow),)),
        lambda: {flow.returned.id: {**taken_over(flow.returned, flow.spec), CITY.name: placed_by}},
    )


def return_flow(workspace: Workspace, flow: Flow) -> Refreshed:
    """Bring what flows back of one table up to date, in one commit for all cities."""
    catalog, lake, spec = workspace.catalog, workspace.lake, flow.returned
    declared = digest(__name__, flow.scope, flow.withhold, flow.spec.names, catalog.city_prefixes())
    # What leads to a row: its own first key column, or the record whose region says where it belongs.
    ways = {flow.spec: (flow.by,)}
    if flow.record:
        ways[golden_spec(catalog, flow.record)] = (flow.record.entity,)

    def compute(keys: ir.Table | None) -> ir.Table:
        rows = _placed(workspace, flow, keys)
        return rows.filter(rows[CITY.name].notnull()).select(*spec.names)

    carry_over(lake, former_tables(catalog.cities, flow.spec.id, spec), spec)
    return refresh(lake, spec, by_columns(lake, ways, declared, compute, (flow.by,)))


def unreturned(workspace: Workspace, flow: Flow) -> Unreturned:
    """Counted anew from the rows of the table; they stay with the autonomous region."""
    rows = workspace.lake.row_count(flow.spec.id)
    if not unreturned_rows(workspace, flow):
        return Unreturned(flow.spec, rows, 0, 0)
    placed = _placed(workspace, flow, None)
    lost = placed.filter(placed[CITY.name].isnull())
    outside = lost[HAS_REGION].cast("int64").sum().fill_null(0)
    (counted,) = workspace.lake.engine.rows(lost.agg(outside=outside, rows=lost.count()))
    return Unreturned(flow.spec, rows, int(counted["outside"]), int(counted["rows"] - counted["outside"]))


def unreturned_rows(workspace: Workspace, flow: Flow) -> int:
    """How many rows of a table reach no city, by the logs of the tables alone."""
    return workspace.lake.row_count(flow.spec.id) - workspace.lake.row_count(flow.returned.id)


def _placed(workspace: Workspace, flow: Flow, keys: ir.Table | None) -> ir.Table:
    """The table's rows, those of `keys` or all, with the city that each belongs to and whether any region is known."""
    rows = workspace.lake.read(flow.spec)
    if keys is not None:
        rows = rows.semi_join(keys, flow.by)
    reached = [region for region in flow.scope if region.of_record]
    if flow.record and reached:
        golden = _placing(workspace, flow, flow.record, keys)
        keyed = {KEY_BESIDE + part: part for part in flow.beside}
        named = golden.select(**keyed, **{region.beside: region.column for region in reached})
        rows = rows.left_join(named, [(column, KEY_BESIDE + part) for part, column in flow.beside.items()])
    found = [rows[region.beside] for region in flow.scope]
    return rows.mutate(
        **{
            CITY.name: ibis.coalesce(*(city_of(workspace, region) for region in found)),
            HAS_REGION: ibis.or_(*(region.notnull() for region in found)),
        }
    )


def _placing(workspace: Workspace, flow: Flow, record: GoldenRecord, keys: ir.Table | None) -> ir.Table:
    """The record's rows that place those of a table, one for each.

    A table that does not say which row of an entity it means (a finding, whose subject is the entity) goes by the last
    one: of the latest year, where years tell them apart.
    """
    golden = workspace.lake.read(golden_spec(workspace.catalog, record))
    if keys is not None:
        golden = golden.semi_join(keys, [(record.entity, flow.by)])
    untold = [part for part in record.key if part not in flow.beside]
    return latest(golden, key=[*flow.beside], order=untold) if untold else golden


def city_of(workspace: Workspace, region: ir.StringValue) -> ir.StringValue:
    """The league or city of a region code, retired codes included; NULL outside the autonomous region."""
    prefixes = workspace.catalog.city_prefixes()
    return ibis.cases(*((region.startswith(prefix), city) for prefix, city in prefixes))
