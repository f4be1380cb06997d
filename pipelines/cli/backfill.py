"""`huiliu backfill`: kept originals read again under today's contract."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err, out, show_problems, titled_table

SourceName = Annotated[str, typer.Argument(help="the source, as its contract is named")]
First = Annotated[datetime.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day of receipt")]
Last = Annotated[
    datetime.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day of receipt (default: today)")
]


def register(app: typer.Typer) -> None:
    @app.command()
    def backfill(source: SourceName, first: First, last: Last = None, lake: LakeOption = None) -> None:
        """Read what a source delivered again, so that columns declared since hold what the files said.

        The days are those of Asia/Shanghai on which the files were received. Exit code 1 when a file could not be
        read again.
        """
        from pipelines.project.workspace import open_existing
        from pipelines.settings import PEOPLE_TIME
        from pipelines.steps.backfill import NothingToBackfillError
        from pipelines.steps.backfill import backfill as read_again

        with open_existing(settings_with(lake), writes=True) as workspace:
            if source not in workspace.catalog.contracts:
                known = ", ".join(sorted(workspace.catalog.contracts))
                raise _usage(f"there is no source {source}; there are: {known}")
            until = last or datetime.datetime.now(PEOPLE_TIME)
            try:
                done = read_again(workspace, workspace.catalog.contracts[source], first.date(), until.date())
            except NothingToBackfillError as error:
                raise _usage(str(error)) from error
        if done.changed:
            shown = titled_table("回填 backfill", "batch", "rows changed")
            for batch, rows in done.changed.items():
                shown.add_row(batch, f"{rows:,}")
            out.print(shown)
        show_problems(done.problems)
        then = "the next run takes them on" if done.changed else "raw holds what the files say"
        out.print(
            f"{len(done.batches)} batches read again, {sum(done.changed.values()):,} rows changed; {then}",
            highlight=False,
        )
        raise typer.Exit(1 if done.problems else 0)


def _usage(message: str) -> typer.Exit:
    err.print(message, highlight=False, soft_wrap=True)
    return typer.Exit(2)
