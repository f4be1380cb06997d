"""`huiliu bench`: how fast the whole way is, as ratios to a bare copy of the same files in the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.screen import err


def register(app: typer.Typer) -> None:
    @app.command()
    def bench(
        engine: Annotated[Literal["duckdb", "spark", "both"], typer.Option(help="what runs the whole way")] = "duckdb",
        people: Annotated[int, typer.Option(min=500)] = 20_000,
        seed: Annotated[int, typer.Option()] = 1,
        tenth: Annotated[bool, typer.Option(help="also a tenth of the people: how time grows with them")] = False,
        push: Annotated[int, typer.Option(min=0, help="also push rows in real time, for so many seconds")] = 0,
        folder: Annotated[
            Path | None, typer.Option("--dir", help="keep files here (default: a temporary folder)")
        ] = None,
    ) -> None:
        """Print JSON: rows/s per step, peak memory, and the whole run against a bare copy, each in its own process."""
        if tenth and people < 5_000:
            raise typer.BadParameter("--tenth: a tenth must be at least 500 people")
        from pipelines.operations.bench import Wanted, measure
        from pipelines.settings import EngineName
        from pipelines.storage.folders import check_folder

        engines = [*EngineName] if engine == "both" else [EngineName(engine)]
        if folder is not None:
            check_folder(folder, "the folder", "say another with --dir")
        with err.status("measuring …") as status:
            wanted = Wanted(people, seed, engines, tenth, push)
            typer.echo(json.dumps(measure(wanted, folder, status.update), indent=2, ensure_ascii=False))
