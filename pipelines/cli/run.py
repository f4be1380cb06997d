"""`huiliu run`: landing to returns, then a release."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import LakeOption, LandingOption, settings_with
from pipelines.cli.screen import err, progress, show_brought, show_records, show_returns, show_run, show_sources, tell
from pipelines.cli.stopping import STOPPED, stops_when_told

if TYPE_CHECKING:
    from pipelines.project.workspace import Workspace
    from pipelines.settings import Settings
    from pipelines.steps.run import Run


def register(app: typer.Typer) -> None:
    @app.command()
    def run(
        lake: LakeOption = None,
        landing: LandingOption = None,
        settle: Annotated[float | None, typer.Option(help="seconds a file must have been left unchanged")] = None,
        wait: Annotated[
            bool, typer.Option("--wait/--no-wait", help="wait for files that are younger than that, or leave them")
        ] = True,
    ) -> None:
        """Take what was delivered the whole way from landing to returns. Exit code 1 when something was held."""
        raise typer.Exit(run_and_show(settings_with(lake, landing, settle), wait=wait))


def run_and_show(settings: Settings, wait: bool = True) -> int:
    """Run, show what came of it, and give the exit code. `wait` is for files that somebody may still be writing."""
    from pipelines.database.connection import ServiceError
    from pipelines.lake.lake import StoppedError
    from pipelines.project.workspace import open_workspace
    from pipelines.reports.summary import summarise_record, summarise_sources
    from pipelines.service.deliver import deliver_pushed
    from pipelines.service.outcomes import note_outcomes
    from pipelines.service.recovery import recover
    from pipelines.steps import run as steps
    from pipelines.steps.return_flow import flows, unreturned_rows

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
        if wait:
            wait_for_young_files(workspace)
        try:
            with stops_when_told(workspace.lake), progress() as show_step:
                done = steps.run(workspace, show_step, recover)
        except StoppedError:
            err.print("stopped; every table is at its last commit, and the next run goes on from there")
            return STOPPED
        note_outcomes(workspace)
        show_sources(summarise_sources(workspace.lake, [*workspace.catalog.contracts.values()]))
        show_records([summarise_record(workspace, record) for record in workspace.catalog.records.values()])
        show_returns({flow.spec: unreturned_rows(workspace, flow) for flow in flows(workspace)}, workspace.lake)
        show_run(done, settings)
        show_brought(done)
        show_waiting(workspace, done)
    return done.exit_code


def wait_for_young_files(workspace: Workspace) -> None:
    """Wait until the files that lie there now have been left unchanged for the settle time, and say for which ones."""
    young = _young_files(workspace)
    if not young:
        return
    seconds = max(young.values())
    tell(
        "waiting",
        f" {seconds:.0f} s for files that somebody may still be writing (settle time {workspace.settings.settle:g} s; "
        "--no-wait leaves them to the next run):",
    )
    for name, left in young.items():
        tell("", f"  {name}: {left:.0f} s")
    time.sleep(seconds)


def _young_files(workspace: Workspace) -> dict[str, float]:
    """The files that are too young to be taken, as `<source>/<file>`, each with the seconds that it waits."""
    from pipelines.steps.landing import unsettled_files

    by_file = [contract for contract in workspace.catalog.contracts.values() if contract.table is None]
    found = {contract.name: unsettled_files(workspace.settings, contract) for contract in by_file}
    return {f"{name}/{file}": left for name, young in found.items() for file, left in young.items()}


def show_waiting(workspace: Workspace, done: Run) -> None:
    """Name the files that were not taken because somebody may still be writing them; the last thing that is said."""
    left = [f"{source}/{file}" for source, ingested in done.ingested.items() for file in ingested.waiting]
    if not left:
        return
    young = _young_files(workspace)
    tell("! ", f"not taken, because somebody may still be writing them ({len(left)}):")
    for name in left:
        tell("", f"  {name}: {f'waits {young[name]:.0f} s more' if name in young else 'can be taken now'}")
    tell("", "The next run takes them; without --no-wait it waits for them.")
