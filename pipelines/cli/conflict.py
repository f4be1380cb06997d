"""`huiliu conflict`: what sources disagree on, and what a reviewer settles about it until a day."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import By, LakeOption, Reason, account, settings_with
from pipelines.cli.screen import command, err, out, tell

if TYPE_CHECKING:
    from pipelines.declarations.golden_record import GoldenRecord
    from pipelines.project.workspace import Workspace

Record = Annotated[str, typer.Argument(help="the golden record, such as person")]
Key = Annotated[str, typer.Argument(help="its key; the parts of one that has several are joined by /, as in A/2024")]
Attribute = Annotated[str, typer.Argument(help="the disputed attribute, such as birth_date")]
Value = Annotated[str, typer.Argument(help="what stands: a code, a day such as 2024-05-01, a number or text")]
Until = Annotated[str, typer.Option(help="the last day on which this counts: YYYY-MM-DD")]


def register(app: typer.Typer) -> None:
    conflict = typer.Typer(
        help="Conflicts between sources: list them, settle one until a day, withdraw that.", no_args_is_help=True
    )
    app.add_typer(conflict, name="conflict")

    @conflict.command("list")
    def list_conflicts(
        record: Annotated[str | None, typer.Argument(help="one golden record (default: all)")] = None,
        most: Annotated[int, typer.Option(min=1, help="how many open conflicts of each record")] = 20,
        unmasked: Annotated[bool, typer.Option(help="keys and values as they are, to be settled")] = False,
        lake: LakeOption = None,
    ) -> None:
        """Show what sources disagree on, and what was settled; personal values are masked."""
        from pipelines.project.workspace import open_existing

        with open_existing(settings_with(lake)) as workspace:
            records = workspace.catalog.records
            if record is not None and record not in records:
                raise _refused(f"there is no golden record {record}; there are: {', '.join(sorted(records))}")
            shown = [
                _show(workspace, found, most, unmasked) for found in records.values() if record in (None, found.name)
            ]
        if not any(shown):
            out.print("No source disagrees with another, and nothing is settled.")

    @conflict.command()
    def settle(
        record: Record,
        key: Key,
        attribute: Attribute,
        value: Value,
        until: Until,
        reason: Reason,
        by: By = None,
        lake: LakeOption = None,
    ) -> None:
        """Let a value stand above what every source says, until a day; the next run acts on it."""
        from pipelines.project.workspace import open_existing
        from pipelines.rules.verdicts import Person
        from pipelines.steps.settling import settle as settled

        day = _day(until)
        with open_existing(settings_with(lake), writes=True) as workspace:
            try:
                done = settled(workspace, record, key, attribute, value, reason, day, Person(by, account()))
            except (LookupError, ValueError) as error:
                raise _refused(str(error.args[0])) from error
            undo = command(workspace.settings, "conflict", "withdraw", record, "KEY", attribute)
        for title in done.flags:
            tell("", f"  the value stands and is flagged: {title}")
        tell("", f"{record} {done.key}: {attribute} is settled until {day}; the next run acts on it.")
        tell("", f"  To take that back: {undo}")

    @conflict.command()
    def withdraw(
        record: Record, key: Key, attribute: Attribute, reason: Reason, by: By = None, lake: LakeOption = None
    ) -> None:
        """Take back what was settled: what the sources say decides again with the next run."""
        from pipelines.project.workspace import open_existing
        from pipelines.rules.verdicts import Person
        from pipelines.steps.settling import withdraw as withdrawn

        with open_existing(settings_with(lake), writes=True) as workspace:
            try:
                masked = withdrawn(workspace, record, key, attribute, reason, Person(by, account()))
            except (LookupError, ValueError) as error:
                raise _refused(str(error.args[0])) from error
        tell("", f"{record} {masked}: {attribute} is not settled any more; the next run acts on it.")


def _show(workspace: Workspace, record: GoldenRecord, most: int, unmasked: bool) -> bool:
    """Whether there was anything to show of a record."""
    from pipelines.reports.site.disputes import open_conflicts, overrides
    from pipelines.reports.summary import summarise_record

    count = summarise_record(workspace, record).conflicts
    settled = overrides(workspace, record, unmasked=unmasked)
    if count or settled:
        tell(record.name, f": {count:,} open, {len(settled):,} settled")
    for item in open_conflicts(workspace, record, most, unmasked=unmasked) if count else ():
        claims = ", ".join(f"{source} {value}" for source, value in item.claims)
        tell("", f"  {item.key} {item.attribute}: {claims}")
    for word in settled:
        state = "expired on" if word.is_over else "settled until"
        person = f" by {word.decided_by}" if word.decided_by else ""
        tell("", f"  {word.key} {word.attribute}: {state} {word.expires_on}{person}: {word.value} ({word.reason})")
    return bool(count or settled)


def _day(until: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(until)
    except ValueError as error:
        raise _refused(f"--until {until} is no day: write it as 2026-12-31") from error


def _refused(message: str) -> typer.Exit:
    err.print(message, highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)
