"""`huiliu report`: pages that open from disk, for the quality reviewer and the agencies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err
from pipelines.cli.screen import out as screen


def register(app: typer.Typer) -> None:
    @app.command()
    def report(
        out: Annotated[Path, typer.Option(help="the folder that gets index.html and the other pages")] = Path("report"),
        lake: LakeOption = None,
    ) -> None:
        """Write the quality report: batches, verdicts, rules, quarantine, conflicts and findings, values masked."""
        from pipelines.project.workspace import open_existing
        from pipelines.reports.site import build_report
        from pipelines.storage.folders import writing

        with (
            err.status("writing the report …"),
            open_existing(settings_with(lake)) as workspace,
            writing(out, "the report's folder", "say another with --out"),
        ):
            index = build_report(workspace, out)
        message = f"{index}: open it in a browser; it loads nothing from the network"
        screen.print(message, highlight=False, soft_wrap=True)
