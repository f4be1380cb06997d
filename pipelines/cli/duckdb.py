"""`huiliu duckdb`: the analyst's file, a table or view per table of the lake."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import out as screen

if TYPE_CHECKING:
    from pipelines.project.workspace import Workspace
    from pipelines.tables.layout import TableId
    from pipelines.tables.shown import Masking


def register(app: typer.Typer) -> None:
    @app.command()
    def duckdb(
        out: Annotated[Path, typer.Option(help="the file to write")] = Path("huiliu.duckdb"),
        lake: LakeOption = None,
        unmasked: Annotated[bool, typer.Option("--unmasked", help="show personal values as they are")] = False,
        portable: Annotated[bool, typer.Option("--portable", help="one file that needs no lake to be read")] = False,
    ) -> None:
        """Write a DuckDB file with every table of the lake, a data dictionary and the code lists.

        Identifiers become pseudonyms by which tables join, other personal columns are masked, and the file holds the
        rows: who opens it needs no access to the lake. With --unmasked it holds views of the lake's tables by their
        absolute place: after the lake is moved, write the file anew, or use --portable, which copies the rows in.
        """
        from pipelines.engines.duckdb.analyst_file import folder_beside
        from pipelines.project.workspace import open_existing

        if not out.suffix:
            raise typer.BadParameter(f"{out} has no suffix; say for example {out}.duckdb", param_hint="--out")
        with open_existing(settings_with(lake)) as workspace:
            count = write(workspace, out, unmasked=unmasked, portable=portable)
        opened = f"duckdb {shlex.quote(str(out))}" if portable else shlex.quote(str(folder_beside(out) / "open.sh"))
        screen.print(f"{out}: {count} tables. Open it with: {opened}", highlight=False, soft_wrap=True)


def write(workspace: Workspace, out: Path, *, unmasked: bool = False, portable: bool = False) -> int:
    """Write the analyst's file of every table that exists; the number of tables."""
    from pipelines.declarations import regions
    from pipelines.engines.duckdb.analyst_file import Contents, write_analyst_file
    from pipelines.steps.tables import all_tables
    from pipelines.storage.folders import writing

    catalog = workspace.catalog
    tables = {
        view_name(spec.id): (spec, workspace.lake.uri(spec.id))
        for spec in all_tables(workspace)
        if workspace.lake.exists(spec.id)
    }
    codes = {name: {code.code: code.title for code in listed} for name, listed in catalog.codes.items()}
    codes |= {"region": regions.titles(), "city": {code: city.title for code, city in catalog.cities.items()}}
    codes["agency"] = {name: agency.title for name, agency in catalog.agencies.items()}
    masking = None if unmasked else _masking(workspace)
    contents = Contents(tables, catalog.elements, codes)
    with writing(out.parent, "the folder of the analyst's file", "say another with --out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_analyst_file(out, contents, masking, portable=portable, memory=workspace.settings.memory)
    return len(tables)


def _masking(workspace: Workspace) -> Masking:
    from pipelines.steps.newest_day import newest_day
    from pipelines.storage.pseudonyms import pseudonym_key
    from pipelines.tables.shown import Masking

    day = newest_day(workspace.lake)
    identifiers = {element.name for element in workspace.catalog.elements.values() if element.identifier}
    return Masking(pseudonym_key(workspace.lake.root), identifiers, day.year if day else None)


def view_name(table: TableId) -> tuple[str, str]:
    """(schema, view): a schema per database; raw, standard, quarantine and quality are their own; returns too."""
    if table.layer == "returns":
        return table.layer, "_".join([*table.folders, table.name])
    return (table.folders[0] if table.folders else table.layer), table.name
