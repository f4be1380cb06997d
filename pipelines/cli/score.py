"""`huiliu score`: the lake held against a simulation's truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err, out

if TYPE_CHECKING:
    from pipelines.reports.score import Score


def register(app: typer.Typer) -> None:
    @app.command()
    def score(
        truth: Annotated[Path, typer.Option(help="the truth/ folder that `huiliu simulate` wrote")],
        lake: LakeOption = None,
        as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    ) -> None:
        """Precision and recall per kind of outcome and, value by value, per table. Exit code 1 below 100 %."""
        from pipelines.project.workspace import open_existing
        from pipelines.reports.score import score as compare

        with open_existing(settings_with(lake)) as workspace:
            try:
                found = compare(workspace, truth)
            except FileNotFoundError as error:
                err.print(str(error), highlight=False, soft_wrap=True)
                raise typer.Exit(2) from error
        if as_json:
            typer.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        else:
            show(found)
        raise typer.Exit(0 if found.perfect else 1)


def show(found: Score) -> None:
    table = Table("outcome or table")
    for name in ("due", "found", "right", "precision", "recall"):
        table.add_column(name, justify="right")
    for outcome in found.outcomes:
        counts = (f"{outcome.due:,}", f"{outcome.found:,}", f"{outcome.right:,}")
        table.add_row(outcome.outcome, *counts, f"{outcome.precision:.2%}", f"{outcome.recall:.2%}")
    out.print(table)
    for outcome in found.outcomes:
        if outcome.note:
            out.print(f"{outcome.outcome}: {outcome.note}", highlight=False)
    for name in found.unscored:
        out.print(f"{name}: no truth file, not scored", highlight=False)
