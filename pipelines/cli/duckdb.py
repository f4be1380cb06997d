"""`huiliu duckdb`: the analyst's file, a view per table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import out as screen
from pipelines.engines.duckdb.analyst_file import folder_beside, write_analyst_file
from pipelines.lake.layout import TableId
from pipelines.steps.tables import all_tables
from pipelines.steps.workspace import Workspace, open_existing


def register(app: typer.Typer) -> None:
    @app.command()
    def duckdb(
        out: Annotated[Path, typer.Option(help="the file to write")] = Path("huiliu.duckdb"),
        lake: LakeOption = None,
        unmasked: Annotated[bool, typer.Option("--unmasked", help="show personal values as they are")] = False,
        portable: Annotated[bool, typer.Option("--portable", help="copy the rows in, to carry the file away")] = False,
    ) -> None:
        """Write a DuckDB file with one commented view per table; personal columns are masked.

        A masked view is no access control: whoever can read the lake can read the values. The views name the lake's
        tables by their absolute place: after the lake is moved, write the file anew.
        """
        if not out.suffix:
            raise typer.BadParameter(f"{out} has no suffix; say for example {out}.duckdb", param_hint="--out")
        with open_existing(settings_with(lake)) as workspace:
            count = write(workspace, out, unmasked=unmasked, portable=portable)
        opened = f"duckdb {shlex.quote(str(out))}" if portable else shlex.quote(str(folder_beside(out) / "open.sh"))
        screen.print(f"{out}: {count} tables. Open it with: {opened}", highlight=False, soft_wrap=True)


def write(workspace: Workspace, out: Path, *, unmasked: bool = False, portable: bool = False) -> int:
    """Write the analyst's file of every table that exists; the number of tables."""
    tables = {
        view_name(spec.id): (spec, workspace.lake.uri(spec.id))
        for spec in all_tables(workspace)
        if workspace.lake.exists(spec.id)
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    write_analyst_file(out, tables, unmasked=unmasked, portable=portable, memory=workspace.settings.memory)
    return len(tables)


def view_name(table: TableId) -> tuple[str, str]:
    """(schema, view): a schema per database; raw, standard, quarantine and quality are their own; one per city."""
    if table.layer == "returns":
        city, database = table.folders
        return f"returns_{city}", f"{database}_{table.name}"
    return (table.folders[0] if table.folders else table.layer), table.name
