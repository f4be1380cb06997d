"""The analyst's file: which tables of a lake are offered in it, under which names, and what is masked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ibis

from pipelines.declarations import regions
from pipelines.declarations.catalog import Catalog
from pipelines.engines.duckdb.file import SOURCE, Contents, DayMacro, ShownTable, write_file
from pipelines.modelling import Model
from pipelines.project.workspace import Workspace
from pipelines.reports.data_dictionary import CodeLists, dictionary
from pipelines.steps.newest_day import newest_day
from pipelines.steps.tables import all_tables
from pipelines.storage.folders import writing
from pipelines.storage.pseudonyms import pseudonym_key
from pipelines.tables.layout import TableId
from pipelines.tables.shown import Masking, ShownColumn, shown
from pipelines.tables.table import TableSpec


def write_analyst_file(workspace: Workspace, out: Path, *, unmasked: bool = False, portable: bool = False) -> int:
    """Write the analyst's file of every table that exists; the number of tables."""
    masking = None if unmasked else _masking(workspace)
    described: dict[tuple[str, str], tuple[TableSpec, list[ShownColumn]]] = {}
    tables = []
    for spec in all_tables(workspace):
        if workspace.lake.exists(spec.id):
            columns = shown(spec, ibis.table(spec.ibis_schema, name=SOURCE), masking)
            described[view_name(spec.id)] = spec, columns
            shown_table = _shown_table(spec, columns, workspace.lake.uri(spec.id))
            tables.append(replace(shown_table, on_day=_macro(workspace, spec.id)))
    listed = dictionary(described, workspace.catalog.elements, _code_lists(workspace.catalog))
    key = masking.key if masking else None
    with writing(out.parent, "the folder of the analyst's file", "say another with --out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_file(out, Contents(tables, listed), key, portable=portable, memory=workspace.settings.memory)
    return len(tables)


def view_name(table: TableId) -> tuple[str, str]:
    """(schema, view): a schema per database; raw, standard, quarantine and quality are their own; returns too."""
    if table.layer == "returns":
        return table.layer, "_".join([*table.folders, table.name])
    return (table.folders[0] if table.folders else table.layer), table.name


def _shown_table(spec: TableSpec, columns: list[ShownColumn], uri: str) -> ShownTable:
    rows = ibis.table(spec.ibis_schema, name=SOURCE)
    return ShownTable(
        place=view_name(spec.id),
        comment=f"{spec.title}. {spec.description}",
        titles={column.name: column.title for column in columns},
        rows=rows.select(**{column.name: column.value for column in columns}),
        uri=uri,
    )


def _macro(workspace: Workspace, table: TableId) -> DayMacro | None:
    """The macro beside the table of a model that declares a period."""
    placed = workspace.models.tables.get(table.name) if table.layer in ("foundation", "theme") else None
    period = placed.declared.period if placed and isinstance(placed.declared, Model) else None
    if period is None:
        return None
    return DayMacro(period.named or f"{table.name}_on", period.first, period.last, period.only)


def _code_lists(catalog: Catalog) -> CodeLists:
    codes = {name: {code.code: code.title for code in listed} for name, listed in catalog.codes.items()}
    codes |= {"region": regions.titles(), "city": {code: city.title for code, city in catalog.cities.items()}}
    return codes | {"agency": {name: agency.title for name, agency in catalog.agencies.items()}}


def _masking(workspace: Workspace) -> Masking:
    day = newest_day(workspace.lake)
    identifiers = {element.name for element in workspace.catalog.elements.values() if element.identifier}
    return Masking(pseudonym_key(workspace.lake.root), identifiers, day.year if day else None)
