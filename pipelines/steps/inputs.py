"""What a model's parameters stand for: an Ibis table to compute with, and the Delta tables behind it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
from pydantic import TypeAdapter

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, FLAGS, ROW_NUMBER, Rule
from pipelines.elements import match_key
from pipelines.modelling import ClaimsOf, CodesOf, FormsOf, Graded, Model
from pipelines.modelling.model import Wanted
from pipelines.project.catalogue_entry import GRADES
from pipelines.project.models import Placed
from pipelines.project.workspace import Project
from pipelines.tables import layout
from pipelines.tables.layout import TableId
from pipelines.tables.lineage import copied, parents
from pipelines.tables.specs import (
    FLAGGED,
    TIMESTAMP,
    alias_spec,
    conflict_spec,
    finding_spec,
    golden_spec,
    standard_spec,
)
from pipelines.tables.table import ColumnSpec, TableSpec

Read = Callable[[TableSpec], ir.Table]
Made = Callable[[ir.Table], ir.Table]


@dataclass(frozen=True)
class Input:
    """One input: what it looks like, the tables it is read from, and its rows, once somebody asks for them."""

    spec: TableSpec
    tables: tuple[TableSpec, ...]
    read: Callable[[], ir.Table]

    @functools.cached_property
    def rows(self) -> ir.Table:
        return self.read()


@dataclass(frozen=True)
class Look:
    """What a model's expression tells of its table: columns, and the elements whose values they hold as they are."""

    columns: tuple[ColumnSpec, ...]
    held: dict[str, str]


def inputs_of(project: Project, placed: Placed, read: Read) -> dict[str, Input]:
    """Every parameter of a model or finding, in order. `read` gives the rows of a table."""
    return {name: _input(project, wanted, read) for name, wanted in placed.declared.inputs.items()}


def table_spec(project: Project, name: str) -> TableSpec:
    """The spec of a standard, foundation or theme table by the name that models use."""
    catalog = project.catalog
    if name in catalog.contracts:
        return standard_spec(catalog, catalog.contracts[name])
    if name in catalog.records:
        return golden_spec(catalog, catalog.records[name])
    for record in catalog.records.values():
        if name == catalog.name_beside(record, "conflict"):
            return conflict_spec(catalog, record)
        if name == catalog.name_beside(record, "finding"):
            return finding_spec(catalog, record)
    return model_spec(project, project.models.tables[name])


def model_spec(project: Project, placed: Placed) -> TableSpec:
    """A model's table: types from its expression; titles, grades and masks from the columns its own come from.

    Beside its columns stand the checks that their values break, where they hold values of elements that have checks.
    """
    return _derived(project, placed)[0]


def model_checks(project: Project, placed: Placed) -> tuple[Rule, ...]:
    """The checks of their elements that values can break which a model takes over from its inputs as they are."""
    return _derived(project, placed)[1]


def _derived(project: Project, placed: Placed) -> tuple[TableSpec, tuple[Rule, ...]]:
    if placed.declared.name not in project.derived:
        looks = project.conclusions.of("models", TypeAdapter(dict[str, Look]), lambda: _looks(project))
        for name, look in looks.items():
            project.derived[name] = _derive(project, project.models.tables[name], look)
    return project.derived[placed.declared.name]


def _looks(project: Project) -> dict[str, Look]:
    """A look at every model, at each after those that it reads."""
    found = {}
    for name, placed in project.models.tables.items():
        found[name] = _look(project, placed)
        project.derived[name] = _derive(project, placed, found[name])
    return found


def _look(project: Project, placed: Placed) -> Look:
    """At a model's expression over tables without rows, named as its parameters."""
    model = placed.declared
    assert isinstance(model, Model)
    specs = {name: _spec(project, wanted) for name, wanted in model.inputs.items()}
    unbound = {name: ibis.table(spec.ibis_schema, name=name) for name, spec in specs.items()}
    expression = model.function(**unbound)
    if FLAGS in expression.columns:
        raise placed.error(f"{model.name}: {FLAGS} is written by the platform; leave it out of what is selected")
    if model.period and (
        missing := {model.period.first, model.period.last, *model.period.only} - {*expression.columns}
    ):
        raise placed.error(f"{model.name}: period: there is no column {', '.join(sorted(missing))}")
    lineage = parents(expression)
    columns = []
    for name, kind in expression.schema().items():
        origins = [specs[table].column(column) for table, column in sorted(lineage[name])]
        columns.append(_described(model, name, _type_text(kind), origins))
    named = {
        name: {specs[table].column(column).element for table, column in origins}
        for name, origins in copied(expression).items()
    }
    held = {name: element for name, (element, *others) in named.items() if element and not others}
    return Look(tuple(columns), held)


def _derive(project: Project, placed: Placed, look: Look) -> tuple[TableSpec, tuple[Rule, ...]]:
    model = placed.declared
    assert isinstance(model, Model)
    held = {name: project.catalog.elements[element] for name, element in look.held.items()}
    checks = project.catalog.value_rules(held)
    place = TableId(placed.layer, model.name, (placed.database,))
    columns = (*look.columns, FLAGGED) if checks else look.columns
    return TableSpec(place, model.title, model.description, model.key, columns), checks


def _type_text(kind: ibis.expr.datatypes.DataType) -> str:
    if kind.is_timestamp():
        return "timestamp('UTC')"
    if kind.is_integer():
        return "int64"
    return str(kind).removeprefix("!").replace(", ", ",")


def _described(model: Model, name: str, kind: str, origins: list[ColumnSpec]) -> ColumnSpec:
    """A column keeps element, grade, mask and title of what it comes from, unless the model gives others."""
    same = [origin for origin in origins if origin.name == name and origin.type == kind] or [
        origin for origin in origins if origin.type == kind and origin.element
    ]
    given = model.columns.get(name)
    if isinstance(given, Graded):
        return ColumnSpec(name, kind, given.title, given.grade)
    title = given or (same[0].title if same else None)
    if title is None:
        raise ValueError(f"model {model.name}: column {name} has no Chinese title; give one with columns={{...}}")
    if not same:
        return ColumnSpec(name, kind, title)
    strictest = max(same, key=lambda origin: GRADES.index(origin.grade))
    return ColumnSpec(name, kind, title, strictest.grade, strictest.mask, strictest.element)


def _spec(project: Project, wanted: Wanted) -> TableSpec:
    if isinstance(wanted, FormsOf):
        return _forms_spec(project.catalog, wanted)
    if isinstance(wanted, ClaimsOf):
        return _claims_spec(project.catalog, wanted)
    if isinstance(wanted, CodesOf):
        return _codes_spec(project.catalog, wanted)
    return table_spec(project, wanted)


def _input(project: Project, wanted: Wanted, read: Read) -> Input:
    spec = _spec(project, wanted)
    if isinstance(wanted, str):
        return Input(spec, (spec,), lambda: read(spec))
    catalog = project.catalog
    if isinstance(wanted, CodesOf):
        return Input(spec, (), lambda: _entries(catalog, wanted, spec))
    parts = list(_forms(catalog, wanted) if isinstance(wanted, FormsOf) else _claims(catalog, wanted))

    def rows() -> ir.Table:
        first, *others = [made(read(table)) for table, made in parts]
        return ibis.union(first, *others) if others else first

    return Input(spec, tuple(dict.fromkeys(table for table, _ in parts)), rows)


def _forms_spec(catalog: Catalog, wanted: FormsOf) -> TableSpec:
    element = catalog.elements[wanted.element]
    identifier = (element.ibis_type, element.title, element.grade, element.mask, element.name)
    columns = (
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("column", "string", "列"),
        ColumnSpec("alias", *identifier),
        ColumnSpec("value", *identifier),
        ColumnSpec("first_received_at", TIMESTAMP, "首次收到时间"),
    )
    return TableSpec(layout.alias("*"), element.title, f"Forms of {element.name}", (), columns)


def _claims_spec(catalog: Catalog, wanted: ClaimsOf) -> TableSpec:
    record = catalog.records[wanted.record]
    golden, element = golden_spec(catalog, record), catalog.attribute_element(record, wanted.attribute)
    entity, *others = (golden.column(part) for part in record.key)
    title = catalog.attribute_title(record, wanted.attribute)
    columns = (
        ColumnSpec("source", "string", "来源"),
        replace(entity, name="key"),
        *others,
        ColumnSpec("value", element.ibis_type, title, element.grade, element.mask, element.name),
        ColumnSpec("match_key", element.ibis_type, f"{title}比对键", element.grade, element.mask),
        ColumnSpec("batch", "string", "批次"),
        ColumnSpec("row", "int64", "文件中的行号"),
    )
    return TableSpec(layout.standard("*"), title, f"Claims of {record.name}.{wanted.attribute}", (), columns)


def _codes_spec(catalog: Catalog, wanted: CodesOf) -> TableSpec:
    columns = [ColumnSpec("code", "string", "代码"), ColumnSpec("title", "string", "名称")]
    columns += [ColumnSpec(name, "string", name) for name in wanted.facts]
    return TableSpec(
        layout.standard("*"), wanted.list, f"Entries of the code list {wanted.list}", ("code",), tuple(columns)
    )


def _entries(catalog: Catalog, wanted: CodesOf, spec: TableSpec) -> ir.Table:
    """The entries as literals: they follow from declarations alone, and lie in no table."""
    rows = [
        {"code": code.code, "title": code.title, **{name: code.facts.get(name) for name in wanted.facts}}
        for code in catalog.codes[wanted.list]
    ]
    shape = ", ".join(f"{name}: string" for name in spec.names)
    return ibis.literal(rows, f"array<struct<{shape}>>").unnest().name("entry").as_table().unpack("entry")


def _forms(catalog: Catalog, wanted: FormsOf) -> Iterator[tuple[TableSpec, Made]]:
    """The tables that hold forms of an element, and how those are taken from a table's rows."""
    for contract in catalog.contracts.values():
        named = list(catalog.columns_of(contract, wanted.element))
        spec = alias_spec(catalog, contract)
        if spec and named:
            yield spec, functools.partial(_forms_among, contract, named)


def _forms_among(contract: Contract, named: list[str], rows: ir.Table) -> ir.Table:
    forms = rows.filter(rows["column"].isin(named))
    return forms.select("column", "alias", "value", "first_received_at", source=ibis.literal(contract.name))


def _claims(catalog: Catalog, wanted: ClaimsOf) -> Iterator[tuple[TableSpec, Made]]:
    """The tables that make claims about an attribute, and how those are taken from a table's rows."""
    record = catalog.records[wanted.record]
    for contract, column in catalog.authorities(record, wanted.attribute):
        yield standard_spec(catalog, contract), functools.partial(_claims_among, catalog, record, contract, column)


def _claims_among(catalog: Catalog, record: GoldenRecord, contract: Contract, column: str, rows: ir.Table) -> ir.Table:
    value = rows[column]
    key = dict(zip(("key", *record.key[1:]), catalog.feeding_key(contract, record), strict=True))
    whole = ibis.and_(*(rows[part].notnull() for part in key.values()))
    return rows.filter(value.notnull() & whole).select(
        source=ibis.literal(contract.name),
        **key,
        value=value,
        match_key=match_key(value, catalog.element_of(contract, column)),
        batch=rows[BATCH],
        row=rows[ROW_NUMBER],
    )


def expression_of(placed: Placed, inputs: Mapping[str, Input]) -> ir.Table:
    """The model's function applied to its inputs' rows."""
    return placed.declared.function(**{name: read.rows for name, read in inputs.items()})
