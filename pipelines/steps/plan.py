"""The plan: every task of the way of the data in its order, with the tables and columns that each reads and writes."""

from __future__ import annotations

import dataclasses
import graphlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.loading import read_catalog
from pipelines.declarations.models import Placed, read_models
from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER, VERSION
from pipelines.lake import layout
from pipelines.lake.lake import Lake
from pipelines.lake.layout import TableId
from pipelines.lake.refresh import Refreshed
from pipelines.lake.specs import (
    AS_SENT,
    RELEASES,
    alias_spec,
    conflict_spec,
    finding_spec,
    golden_spec,
    quarantine_spec,
    raw_spec,
    standard_spec,
    withdrawn_spec,
)
from pipelines.lake.table import TableSpec
from pipelines.lineage.columns import parents
from pipelines.settings import Settings
from pipelines.steps.affected import check_affected
from pipelines.steps.derive import derive, find
from pipelines.steps.ingest import Ingested, ingest
from pipelines.steps.inputs import expression_of, inputs_of, model_spec
from pipelines.steps.integrate import follows_newest_day, integrate
from pipelines.steps.release import Released, release
from pipelines.steps.return_flow import CITY, Flow, flows, return_flow
from pipelines.steps.standardise import Standardised, standardise
from pipelines.steps.workspace import Workspace

Origins = Mapping[str, frozenset[tuple[TableId, str]]]
Outcome = Ingested | Standardised | Sequence[Refreshed] | Released


@dataclass(frozen=True)
class Task:
    """One piece of work that brings its `outputs` up to date from its `inputs`.

    `group` is the database that it works for. `origins` gives, per output table and column, the input columns that
    the values come from; a column that is in no origin comes from the pipeline itself. `follows_day` says that it also
    has work when no input has changed, but a file of any source came on a later day.
    """

    step: str
    name: str
    group: str
    outputs: tuple[TableSpec, ...]
    inputs: tuple[TableId, ...]
    work: Callable[[Workspace], Outcome]
    origins: Callable[[], Mapping[TableId, Origins]] = dict
    declared_in: tuple[Path, ...] = ()
    contract: Contract | None = None
    follows_day: bool = False


def declared_workspace(settings: Settings) -> Workspace:
    """A workspace to plan with: all declarations, and a lake of which only the columns are known.

    Raises DeclarationError. Opens neither engine nor lake.
    """
    catalog = read_catalog(settings.project)
    return Workspace(settings, catalog, read_models(catalog), _DeclaredLake())


def plan(workspace: Workspace) -> tuple[Task, ...]:
    """Every task, in an order in which all inputs of a task come before it. Reads declarations only."""
    declared = dataclasses.replace(workspace, lake=_DeclaredLake())
    tasks = [
        *(_ingest(declared, contract) for contract in declared.catalog.contracts.values()),
        *(_standardise(declared, contract) for contract in declared.catalog.contracts.values()),
        *(_integrate(declared, record) for record in declared.catalog.records.values()),
        *(_derive(declared, placed) for placed in declared.models.tables.values()),
        *(_find(declared, record) for record in declared.catalog.records.values()),
        *(_return_flow(declared, flow) for flow in flows(declared)),
    ]
    return (*_ordered(tasks), _release(tasks))


class _DeclaredLake(Lake):
    """A lake whose tables have declared columns and no rows: what is read can be looked into, not computed."""

    def __init__(self) -> None:
        """Nothing is opened."""

    def read(self, spec: TableSpec) -> ir.Table:
        return ibis.table(spec.ibis_schema, name=spec.id.path)


def _ordered(tasks: Sequence[Task]) -> list[Task]:
    makers = {spec.id: place for place, task in enumerate(tasks) for spec in task.outputs}
    sorter = graphlib.TopologicalSorter(
        {place: {makers[table] for table in task.inputs} for place, task in enumerate(tasks)}
    )
    sorter.prepare()
    order: list[Task] = []
    # Step after step and not as deep as possible, so that what people see going on follows the way of the data.
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [tasks[place] for place in ready]
        sorter.done(*ready)
    return order


def _ingest(declared: Workspace, contract: Contract) -> Task:
    return Task(
        "ingest",
        contract.name,
        contract.database,
        (raw_spec(declared.catalog, contract),),
        (),
        lambda workspace: ingest(workspace, contract),
        declared_in=(_contract_path(declared, contract),),
        contract=contract,
    )


def _standardise(declared: Workspace, contract: Contract) -> Task:
    catalog = declared.catalog
    raw, standard, rejected = (spec(catalog, contract) for spec in (raw_spec, standard_spec, quarantine_spec))
    withdrawn = (withdrawn_spec(catalog, contract),) if contract.deletes else ()
    alias = alias_spec(catalog, contract)

    return Task(
        "standardise",
        contract.name,
        contract.database,
        (standard, rejected, *withdrawn, *((alias,) if alias else ())),
        (raw.id,),
        lambda workspace: standardise(workspace, contract),
        lambda: {
            **{spec.id: _standard_origins(catalog, contract, spec, raw) for spec in (standard, *withdrawn)},
            rejected.id: _unchanged(rejected, raw),
            **({alias.id: _alias_origins(catalog, contract, raw)} if alias else {}),
        },
        (_contract_path(declared, contract),),
        contract,
    )


def _standard_origins(catalog: Catalog, contract: Contract, standard: TableSpec, raw: TableSpec) -> Origins:
    """By the declaration: a column is its own cell, normalised, and so is the form as sent beside it."""
    origins = dict(_unchanged(standard, raw))
    if contract.version and catalog.is_dated(contract):
        version = contract.cells[contract.column(contract.version).header]
        origins[VERSION] = frozenset({(raw.id, version), (raw.id, RECEIVED_AT)})
    for column in contract.columns:
        cell = frozenset({(raw.id, contract.cells[column.header])})
        origins |= {name: cell for name in (column.name, column.name + AS_SENT) if name in standard.names}
    return origins


def _alias_origins(catalog: Catalog, contract: Contract, raw: TableSpec) -> Origins:
    known = [column for column in contract.columns if catalog.elements[column.element].alias]
    cells = frozenset((raw.id, contract.cells[column.header]) for column in known)
    return {"alias": cells, "value": cells, "first_received_at": frozenset({(raw.id, RECEIVED_AT)})}


def _integrate(declared: Workspace, record: GoldenRecord) -> Task:
    catalog = declared.catalog
    golden, conflict = golden_spec(catalog, record), conflict_spec(catalog, record)
    return Task(
        "integrate",
        record.name,
        record.database,
        (golden, conflict),
        tuple(layout.standard(contract.name) for contract in catalog.feeders(record)),
        lambda workspace: integrate(workspace, record),
        lambda: {golden.id: _golden_origins(declared, record), conflict.id: _conflict_origins(declared, record)},
        (catalog.root / "foundation_dbs" / record.database / f"{record.name}.yml",),
        follows_day=follows_newest_day(record),
    )


def _golden_origins(declared: Workspace, record: GoldenRecord) -> Origins:
    """By the declaration: an attribute comes from the columns of its authorities, or else from the key."""
    keys = _key_columns(declared, record)
    origins = {record.key: keys}
    for name, attribute in record.attributes.items():
        said = _authority_columns(declared, record, name)
        origins[name] = said | keys if attribute.otherwise else said
        origins[f"{name}_disputed"] = said
    return origins


def _conflict_origins(declared: Workspace, record: GoldenRecord) -> Origins:
    claims = [_authority_columns(declared, record, name) for name in record.attributes]
    values: frozenset[tuple[TableId, str]] = frozenset().union(*claims)
    feeders = [layout.standard(contract.name) for contract in declared.catalog.feeders(record)]
    return {
        record.key: _key_columns(declared, record),
        "value": values,
        "stands": values,
        "batch": frozenset((table, BATCH) for table in feeders),
        "row": frozenset((table, ROW_NUMBER) for table in feeders),
    }


def _key_columns(declared: Workspace, record: GoldenRecord) -> frozenset[tuple[TableId, str]]:
    catalog = declared.catalog
    return frozenset((layout.standard(one.name), catalog.feeding_key(one, record)) for one in catalog.feeders(record))


def _authority_columns(declared: Workspace, record: GoldenRecord, name: str) -> frozenset[tuple[TableId, str]]:
    authorities = declared.catalog.authorities(record, name)
    return frozenset((layout.standard(contract.name), column) for contract, column in authorities)


def _derive(declared: Workspace, placed: Placed) -> Task:
    spec = model_spec(declared, placed)
    return Task(
        "derive",
        placed.declared.name,
        placed.database,
        (spec,),
        _tables(declared, placed),
        lambda workspace: [derive(workspace, placed)],
        lambda: {spec.id: _by_table(parents(expression_of(placed, inputs_of(declared, placed))))},
        (placed.path,),
    )


def _find(declared: Workspace, record: GoldenRecord) -> Task:
    rules = declared.models.findings.get(record.database, ())
    spec = finding_spec(declared.catalog, record)

    def origins() -> Mapping[TableId, Origins]:
        found = [_by_table(parents(expression_of(rule, inputs_of(declared, rule)))) for rule in rules]
        names = [name for name in spec.names if any(name in one for one in found)]
        return {spec.id: {name: frozenset().union(*(one[name] for one in found)) for name in names}}

    return Task(
        "find",
        record.database,
        record.database,
        (spec,),
        tuple(dict.fromkeys(table for rule in rules for table in _tables(declared, rule))),
        lambda workspace: [find(workspace, record)],
        origins,
        tuple(dict.fromkeys(rule.path for rule in rules)),
    )


def _return_flow(declared: Workspace, flow: Flow) -> Task:
    returned, record = flow.returned, golden_spec(declared.catalog, flow.record).id if flow.record else None
    inputs = (flow.spec.id, *((record,) if record else ()))
    placed_by = frozenset((record if one.of_record and record else flow.spec.id, one.column) for one in flow.scope)
    return Task(
        "return_flow",
        flow.spec.id.path,
        flow.spec.id.folders[0],
        (returned,),
        tuple(dict.fromkeys(inputs)),
        lambda workspace: [return_flow(workspace, flow)],
        lambda: {returned.id: {**_unchanged(returned, flow.spec), CITY.name: placed_by}},
    )


def _release(tasks: Sequence[Task]) -> Task:
    layers = ("foundation", "theme", "returns")
    released = [spec.id for task in tasks for spec in task.outputs if spec.id.layer in layers]
    return Task(
        "release",
        "",
        "release",
        (RELEASES,),
        tuple(released),
        lambda workspace: release(workspace, released),
    )


def _contract_path(declared: Workspace, contract: Contract) -> Path:
    return declared.catalog.root / "foundation_dbs" / contract.database / "sources" / f"{contract.name}.yml"


def _tables(declared: Workspace, placed: Placed) -> tuple[TableId, ...]:
    inputs = inputs_of(declared, placed)
    check_affected(placed, inputs)
    return tuple(dict.fromkeys(spec.id for one in inputs.values() for spec in one.tables))


def _unchanged(spec: TableSpec, source: TableSpec) -> Origins:
    return {name: frozenset({(source.id, name)}) for name in spec.names if name in source.names}


def _by_table(found: Mapping[str, frozenset[tuple[str, str]]]) -> Origins:
    """Lineage by the names that `_DeclaredLake` gave to its tables, as lineage by tables."""
    return {column: frozenset((TableId.at(path), name) for path, name in origins) for column, origins in found.items()}
