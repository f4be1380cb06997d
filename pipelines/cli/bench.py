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
        folder: Annotated[
            Path | None, typer.Option("--dir", help="keep files here (default: a temporary folder)")
        ] = None,
    ) -> None:
        """Print JSON: rows/s per step, peak memory, and the whole run against a bare copy, each in its own process."""
        from pipelines.operations.bench import EngineName, measure

        engines: list[EngineName] = ["duckdb", "spark"] if engine == "both" else [engine]
        with err.status("measuring …") as status:
            typer.echo(json.dumps(measure(people, seed, folder, engines, status.update), indent=2, ensure_ascii=False))
