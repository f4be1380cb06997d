"""`huiliu doctor`: what is the matter with this machine, and what to do about it."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from pipelines.cli.options import LakeOption, LandingOption, settings_with
from pipelines.cli.screen import err, out

if TYPE_CHECKING:
    from pipelines.operations.checking import Check

STYLES = {"good": "green", "bad": "bold red", "not needed": "dim"}


def register(app: typer.Typer) -> None:
    @app.command()
    def doctor(
        lake: LakeOption = None,
        landing: LandingOption = None,
        spark: Annotated[bool, typer.Option("--spark", help="start Spark, and let a few rows through it")] = False,
        deep: Annotated[bool, typer.Option("--deep", help="read every file that the lake names")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="print the checks as JSON")] = False,
    ) -> None:
        """Check Java, jars, extensions, lake, database and cluster. Exit code 1 when the settings need what is bad."""
        from pipelines.operations.deep import examine_files
        from pipelines.operations.doctor import examine

        checks = []
        with err.status("looking …") as status:
            settings = settings_with(lake, landing)
            examined = examine(settings, open_spark=spark, expects_lake=lake is not None)
            for check in itertools.chain(examined, examine_files(settings) if deep else ()):
                status.update(f"{check.name} …")
                checks.append(check)
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(check) for check in checks], indent=2, ensure_ascii=False))
        else:
            show_checks(checks)
        raise typer.Exit(1 if any(check.state == "bad" for check in checks) else 0)


def show_checks(checks: list[Check]) -> None:
    """Each check with its state; what was found, and what to do, stand below: paths are long."""
    widest = max(len(check.name) for check in checks)
    for check in checks:
        out.print(Text.assemble(f"{check.name:<{widest}}  ", (check.state, STYLES[check.state])))
        text = Text(check.found)
        if check.todo:
            text.append(f"\n→ {check.todo}", style="bold" if check.state == "bad" else "dim")
        out.print(Padding(text, (0, 0, 0, 4)))
