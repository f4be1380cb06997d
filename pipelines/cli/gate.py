"""`huiliu gate`: held batches, and what people decide: on a batch, and on rows that changed declarations would lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import By, LakeOption, Reason, account, settings_with
from pipelines.cli.screen import command, decisions, err, out, tell
from pipelines.tables.verdict import Verdict

if TYPE_CHECKING:
    from pipelines.project.workspace import Workspace

Batch = Annotated[str, typer.Argument(help="the batch, as `huiliu gate list` shows it")]
Source = Annotated[str, typer.Argument(help="the source, as its contract is named")]
MOST_ROWS = 100_000  # in one range


def register(app: typer.Typer) -> None:
    gate = typer.Typer(
        help="Batches: list the held ones, release, reject, recall, revoke. Quarantined rows: settle. Rows that "
        "changed declarations would lose: confirm.",
        no_args_is_help=True,
    )
    app.add_typer(gate, name="gate")

    @gate.command("list")
    def list_held(lake: LakeOption = None) -> None:
        """Show the batches that wait for a decision."""
        from pipelines.project.workspace import open_lake
        from pipelines.rules.verdicts import batches_of, gate_reasons, verdicts_of

        settings = settings_with(lake)
        with open_lake(settings) as opened:
            held = {batch for batch, verdict in verdicts_of(opened).items() if verdict == Verdict.HELD}
            batches = [entry for entry in batches_of(opened) if entry.batch in held]
            reasons = gate_reasons(opened)
        if not batches:
            out.print("No batch is held.")
            return
        for entry in batches:
            sender, reason = f" from {entry.agency}" if entry.agency else "", reasons[entry.batch]
            tell(entry.batch, f"\n  {entry.source}/{entry.file}{sender}, {entry.rows} rows\n  {reason}")
            for line in decisions(settings, entry.batch, reason.removeprefix("gate: ").split(", ")):
                tell("", f"    {line}")

    @gate.command()
    def release(batch: Batch, reason: Reason, by: By = None, lake: LakeOption = None) -> None:
        """Let a held batch flow into standard with the next run."""
        _decide(batch, Verdict.RELEASED, reason, by, lake)

    @gate.command()
    def reject(batch: Batch, reason: Reason, by: By = None, lake: LakeOption = None) -> None:
        """Keep a held batch out; raw keeps its rows as evidence."""
        _decide(batch, Verdict.REJECTED, reason, by, lake)

    @gate.command()
    def recall(batch: Batch, reason: Reason, by: By = None, lake: LakeOption = None) -> None:
        """Take a batch that the gate has passed out again: the next run makes every table as if it had not come."""
        _decide(batch, Verdict.RECALLED, reason, by, lake)

    @gate.command()
    def revoke(
        batch: Batch,
        reason: Reason,
        rows: Annotated[str | None, typer.Option(help="quarantined rows that were settled: 3,7-9")] = None,
        by: By = None,
        lake: LakeOption = None,
    ) -> None:
        """Take back what a person has decided on a batch, or on rows of it: what the gate says stands again."""
        if rows is None:
            _decide(batch, Verdict.REVOKED, reason, by, lake)
        else:
            _decide_on_rows(batch, rows, False, reason, by, lake)

    @gate.command()
    def settle(
        batch: Batch,
        rows: Annotated[str, typer.Option(help="the numbers of the rows, as the report shows them: 3,7-9")],
        reason: Reason,
        by: By = None,
        lake: LakeOption = None,
    ) -> None:
        """Let quarantined rows wait no more: their key was wrong, and they came again under the right one."""
        _decide_on_rows(batch, rows, True, reason, by, lake)

    @gate.command()
    def confirm(source: Source, reason: Reason, by: By = None, lake: LakeOption = None) -> None:
        """Let the declarations as they are now take rows of a source out of standard with the next run."""
        from pipelines.project.workspace import open_existing
        from pipelines.rules.verdicts import Person
        from pipelines.steps.losses import confirm_loss

        with open_existing(settings_with(lake), writes=True) as workspace:
            catalog = workspace.catalog
            if source not in catalog.contracts:
                raise _refused(f"there is no source {source}; there are: {', '.join(sorted(catalog.contracts))}")
            try:
                confirm_loss(workspace, catalog.contracts[source], reason, Person(by, account()))
            except ValueError as error:
                raise _refused(str(error)) from error
        out.print(f"{source}: confirmed; the next `huiliu run` acts on it.", highlight=False)


def _decide_on_rows(batch: str, rows: str, settles: bool, reason: str, by: str | None, lake: LakeOption) -> None:
    from pipelines.project.workspace import open_existing
    from pipelines.rules.verdicts import Person, batch_named, settle, unsettle
    from pipelines.tables.specs import quarantine_spec

    numbers, person = _numbers(rows), Person(by, account())
    with open_existing(settings_with(lake), writes=True) as workspace:
        try:
            source = batch_named(workspace.lake, batch).source
            if source not in workspace.catalog.contracts:
                raise ValueError(f"batch {batch} is of {source}, which is declared no more")
            if settles:
                quarantine = quarantine_spec(workspace.catalog, workspace.catalog.contracts[source])
                settle(workspace.lake, quarantine, batch, numbers, reason, person)
            else:
                unsettle(workspace.lake, batch, numbers, reason, person)
        except (LookupError, ValueError) as error:
            raise _refused(_as_pasted(workspace, error)) from error
        undo = command(workspace.settings, "gate", "revoke", batch, "--rows", rows)
    counted = "1 row" if len(numbers) == 1 else f"{len(numbers):,} rows"
    if settles:
        tell("", f"{batch}: {counted} settled; the next run acts on it. To take that back: {undo}")
    else:
        tell("", f"{batch}: {counted} not settled any more; the next run acts on it.")


def _numbers(ranges: str) -> list[int]:
    """Row numbers and ranges of them: `3,7-9`."""
    found: set[int] = set()
    for part in ranges.split(","):
        first, _, last = (end.strip() for end in part.partition("-"))
        if not (first.isdecimal() and (last or first).isdecimal()) or int(last or first) - int(first) > MOST_ROWS:
            wrong = part.strip() or "nothing"
            raise _refused(f"--rows {ranges}: {wrong} is no row number and no range of them; write 3,7-9")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)


def _as_pasted(workspace: Workspace, error: Exception) -> str:
    return str(error.args[0]).replace("huiliu gate list", command(workspace.settings, "gate", "list"))


def _refused(message: str) -> typer.Exit:
    err.print(message, highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)


def _decide(batch: str, verdict: Verdict, reason: str, by: str | None, lake: LakeOption) -> None:
    from pipelines.project.workspace import open_existing
    from pipelines.rules.verdicts import Person, decide, verdicts_of

    with open_existing(settings_with(lake), writes=True) as workspace:
        try:
            decide(workspace.lake, batch, verdict, reason, Person(by, account()))
        except (LookupError, ValueError) as error:
            raise _refused(_as_pasted(workspace, error)) from error
        undo = command(workspace.settings, "gate", "revoke", batch)
        stands = verdicts_of(workspace.lake)[batch]
    if verdict == Verdict.REVOKED:
        tell("", f"{batch} is {stands} again; the next run acts on it.")
    else:
        tell("", f"{batch} is {verdict}; the next run acts on it. To take that back: {undo}")
