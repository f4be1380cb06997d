"""`huiliu run`: landing to returns, then a release."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, LandingOption, settings_with
from pipelines.cli.screen import progress, show_records, show_returns, show_run, show_sources, tell
from pipelines.quality.summary import summarise_record, summarise_source
from pipelines.service.database import ServiceError
from pipelines.service.deliver import deliver_pushed
from pipelines.service.outcomes import note_outcomes
from pipelines.service.recovery import recover
from pipelines.settings import Settings
from pipelines.steps import run as steps
from pipelines.steps.return_flow import flows, unreturned_rows
from pipelines.steps.workspace import open_workspace


def register(app: typer.Typer) -> None:
    @app.command()
    def run(
        lake: LakeOption = None,
        landing: LandingOption = None,
        settle: Annotated[float | None, typer.Option(help="seconds a file must have been left unchanged")] = None,
    ) -> None:
        """Take what was delivered the whole way from landing to returns. Exit code 1 when something was held."""
        raise typer.Exit(run_and_show(settings_with(lake, landing, settle)))


def run_and_show(settings: Settings) -> int:
    """Run, show what came of it, and give the exit code."""
    with open_workspace(settings) as workspace:
        delivers_files = any(contract.table is None for contract in workspace.catalog.contracts.values())
        if delivers_files and not settings.landing.is_dir():
            raise typer.BadParameter(
                f"there is no folder {settings.landing}; say where agencies deliver with --landing"
            )
        try:
            deliver_pushed(settings)
        except ServiceError as error:  # files are taken all the same
            tell("! ", str(error))
        with progress() as told:
            done = steps.run(workspace, told, recover)
        note_outcomes(workspace)
        show_sources([summarise_source(workspace.lake, one) for one in workspace.catalog.contracts.values()])
        show_records([summarise_record(workspace, record) for record in workspace.catalog.records.values()])
        show_returns({flow.spec: unreturned_rows(workspace, flow) for flow in flows(workspace)}, workspace.lake)
        show_run(done)
    return done.exit_code
