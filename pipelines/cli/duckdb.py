"""`huiliu duckdb`: the analyst's file, a table or view per table of the lake."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import out as screen


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
        from pipelines.engines.duckdb.file import folder_beside
        from pipelines.project.workspace import open_existing
        from pipelines.reports.analyst_file import write_analyst_file

        if not out.suffix:
            raise typer.BadParameter(f"{out} has no suffix; say for example {out}.duckdb", param_hint="--out")
        with open_existing(settings_with(lake)) as workspace:
            count = write_analyst_file(workspace, out, unmasked=unmasked, portable=portable)
        opened = f"duckdb {shlex.quote(str(out))}" if portable else shlex.quote(str(folder_beside(out) / "open.sh"))
        screen.print(f"{out}: {count} tables. Open it with: {opened}", highlight=False, soft_wrap=True)
