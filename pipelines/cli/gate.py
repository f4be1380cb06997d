"""`huiliu gate`: held batches, and what people decide: on a batch, and on rows that changed declarations would lose."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err, out, tell
from pipelines.lake.specs import BATCHES
from pipelines.quality.verdicts import decide, gate_reasons, verdicts_of
from pipelines.steps.losses import confirm_loss
from pipelines.steps.workspace import open_workspace

Batch = Annotated[str, typer.Argument(help="the batch, as `huiliu gate list` shows it")]
Source = Annotated[str, typer.Argument(help="the source, as its contract is named")]
By = Annotated[str | None, typer.Option(help="who decides (default: the account)")]
Reason = Annotated[str, typer.Option(help="why; kept with the decision")]


def register(app: typer.Typer) -> None:
    gate = typer.Typer(
        help="Held batches: list, release, reject. Rows that changed declarations would lose: confirm.",
        no_args_is_help=True,
    )
    app.add_typer(gate, name="gate")

    @gate.command("list")
    def list_held(lake: LakeOption = None) -> None:
        """Show the batches that wait for a decision."""
        with open_workspace(settings_with(lake)) as workspace:
            held = {batch for batch, verdict in verdicts_of(workspace.lake).items() if verdict == "held"}
            batches = [row for row in workspace.lake.engine.rows(workspace.lake.read(BATCHES)) if row["batch"] in held]
            reasons = gate_reasons(workspace.lake)
        if not batches:
            out.print("No batch is held.")
            return
        for row in batches:
            tell(row["batch"], f"\n  {row['source']}/{row['file']}, {row['rows']} rows; {reasons[row['batch']]}")

    @gate.command()
    def release(batch: Batch, reason: Reason, lake: LakeOption = None) -> None:
        """Let a held batch flow into standard with the next run."""
        _decide(batch, "released", reason, lake)

    @gate.command()
    def reject(batch: Batch, reason: Reason, lake: LakeOption = None) -> None:
        """Keep a held batch out for good; raw keeps its rows as evidence."""
        _decide(batch, "rejected", reason, lake)

    @gate.command()
    def confirm(source: Source, reason: Reason, by: By = None, lake: LakeOption = None) -> None:
        """Let the declarations as they are now take rows of a source out of standard with the next run."""
        with open_workspace(settings_with(lake)) as workspace:
            catalog = workspace.catalog
            if source not in catalog.contracts:
                raise _refused(f"there is no source {source}; there are: {', '.join(sorted(catalog.contracts))}")
            try:
                confirm_loss(workspace, catalog.contracts[source], reason, by or getpass.getuser())
            except ValueError as error:
                raise _refused(str(error)) from error
        out.print(f"{source}: confirmed; the next `huiliu run` acts on it.", highlight=False)


def _refused(said: str) -> typer.Exit:
    err.print(said, highlight=False, soft_wrap=True)
    return typer.Exit(2)


def _decide(batch: str, verdict: str, reason: str, lake: LakeOption) -> None:
    with open_workspace(settings_with(lake)) as workspace:
        try:
            decide(workspace.lake, batch, verdict, reason)
        except (LookupError, ValueError) as error:
            raise _refused(str(error.args[0])) from error
    out.print(f"{batch} is {verdict}; the next `huiliu run` acts on it.", highlight=False)
