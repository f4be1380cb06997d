"""`huiliu watch`: take what arrives to the cities at once, until told to stop."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, LandingOption, settings_with
from pipelines.cli.screen import command, tell


def register(app: typer.Typer) -> None:
    @app.command()
    def watch(
        lake: LakeOption = None,
        landing: LandingOption = None,
        settle: Annotated[float | None, typer.Option(help="seconds a file must have been left unchanged")] = None,
        every: Annotated[float, typer.Option(min=0.1, help="seconds from one look to the next")] = 1.0,
    ) -> None:
        """Look for pushed rows, files and decisions, and take them to the cities. Ctrl-C or SIGTERM ends it.

        What fails is told and tried again after a pause; only a setting that must change ends it (exit code 2).
        """
        from pipelines.errors import LeaseError
        from pipelines.operations.explaining import explained
        from pipelines.operations.watch import Round
        from pipelines.operations.watch import watch as look
        from pipelines.project.workspace import open_workspace

        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())

        def show_round(done: Round) -> None:
            rows = sum(ingested.rows for ingested in done.run.ingested.values())
            changed = sum(refreshed.upserted + refreshed.deleted for refreshed in done.run.refreshed)
            what = (
                f"{rows} rows from {', '.join(done.sources)}"
                if rows
                else f"nothing new from {len(done.sources)} sources"
            )
            released = f", release {done.released}" if done.released else ""
            if done.sources or changed or done.released:
                tell("watch", f" {what}: {changed} rows changed in {done.seconds:.1f} s{released}")
            for problem in done.run.problems:
                tell("problem", f" {problem}")
            for batch in done.run.held:
                tell("held", f" {batch}; why: {command(settings, 'gate', 'list')}")

        def failed(what: str, error: Exception, seconds: float) -> None:
            mark = "waiting" if isinstance(error, LeaseError) else "failed"
            then = f"; tried again in {seconds:g} s" if seconds else "; tried again with each look"
            tell(mark, f" {what}: {explained(error)}{then}")

        settings = settings_with(lake, landing, settle)
        tell("watch", f" {settings.landing}, every {every:g} s")
        look(lambda: open_workspace(settings), show_round, failed, stop, every)
