"""How a declared table shows in Dagster: key, group, owners, kinds, columns and where they come from."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import dagster as dg

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.project.workspace import Project
from pipelines.steps.task import Origins, Step, Task
from pipelines.tables.layout import Layer, TableId
from pipelines.tables.table import ColumnSpec, TableSpec

# The UI sorts groups by their names: with these they stand in the order of the data's way.
STAGES: Mapping[Layer | Literal["landing"], str] = {
    "landing": "1_landing",
    "raw": "2_raw",
    "standard": "3_standard",
    "withdrawn": "3_standard",
    "alias": "3_standard",
    "quarantine": "3_standard",
    "foundation": "4_foundation",
    "theme": "5_theme",
    "returns": "6_returns",
    "quality": "7_release",
}


def group(layer: Layer | Literal["landing"], database: str) -> str:
    """`<stage>/<database>`, so that the groups of the lineage follow each other as the layers do."""
    return STAGES[layer] if layer == "quality" else f"{STAGES[layer]}/{database}"


@functools.cache
def asset_key(table: TableId) -> dg.AssetKey:
    """`<layer>/<database>/<table>`."""
    return dg.AssetKey([table.layer, *table.folders, table.name])


def landing_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", source])


def asset_specs(
    project: Project,
    task: Task,
    agencies: Mapping[TableId, tuple[str, ...]],
    origins: Mapping[TableId, Origins],
) -> list[dg.AssetSpec]:
    """One spec per asset of a task. `agencies` own what is made from their deliveries.

    The engine's name is a kind that people see beside Delta.
    """
    upstream = {asset_key(table) for table in task.inputs}
    if task.step == Step.INGEST:
        upstream = {landing_key(task.name)}
    return [
        dg.AssetSpec(
            asset_key(table.id),
            deps=sorted(upstream),
            group_name=group(table.id.layer, task.group),
            description=f"**{table.title}**\n\n{table.description}",
            owners=[f"team:{name}" for name in agencies[table.id]],
            kinds=_kinds(task, table, project.settings.engine.value),
            tags=_tags(task, table.id.layer),
            metadata=_metadata(table, origins.get(table.id, {}), task.declared_in)
            | provenance(project.catalog, agencies[table.id], task.contract),
        )
        for table in task.outputs
    ]


def _kinds(task: Task, table: TableSpec, engine: str) -> set[str]:
    """What the graph shows on a node. Of a key it shows only the last part: the layer tells them apart."""
    is_golden = task.step == Step.INTEGRATE and table is task.outputs[0]
    return {"delta", engine, table.id.layer, *(["golden"] if is_golden else [])}


def _tags(task: Task, layer: str) -> dict[str, str]:
    """What assets can be filtered by."""
    source = {"huiliu/source": task.contract.name} if task.contract else {}
    return {"huiliu/layer": layer, "huiliu/database": task.group, **source}


def provenance(catalog: Catalog, agencies: Sequence[str], contract: Contract | None) -> dict[str, dg.MetadataValue]:
    """Whose rows these are, as people call them: agencies, and for a source's tables the system that they come from."""
    described = {"agencies": "、".join(catalog.agencies[name].title for name in agencies)}
    if contract:
        described |= {"source": contract.title, "source_system": contract.system}
    return {name: dg.MetadataValue.text(text) for name, text in described.items()}


def _metadata(table: TableSpec, origins: Origins, declared_in: tuple[Path, ...]) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(
            dg.TableSchema([_column(column, table.key) for column in table.columns])
        )
    }
    lineage = {name: sorted(found) for name, found in origins.items() if found}
    if lineage:
        metadata["dagster/column_lineage"] = dg.MetadataValue.column_lineage(
            dg.TableColumnLineage({name: _parents(found) for name, found in lineage.items()})
        )
    if declared_in:
        references: list[dg.LocalFileCodeReference | dg.UrlCodeReference] = [
            dg.LocalFileCodeReference(file_path=str(path), label=path.name) for path in declared_in
        ]
        metadata["dagster/code_references"] = dg.CodeReferencesMetadataValue(code_references=references)
    return metadata


def _column(column: ColumnSpec, key: tuple[str, ...]) -> dg.TableColumn:
    is_key = column.name in key
    return dg.TableColumn(
        column.name,
        column.type,
        description=column.title,
        constraints=dg.TableColumnConstraints(nullable=not is_key, unique=key == (column.name,)),
        tags={"grade": column.grade, **({"element": column.element} if column.element else {})},
    )


def _parents(found: list[tuple[TableId, str]]) -> list[dg.TableColumnDep]:
    return [dg.TableColumnDep(asset_key(table), column) for table, column in found]
