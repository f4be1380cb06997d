"""`huiliu status`: where every table stands, what waits, and what is overdue."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from pipelines.cli.options import LakeOption, LandingOption, settings_with
from pipelines.cli.screen import out, show_problems, tell

if TYPE_CHECKING:
    from pipelines.operations.status import TableStatus


MOST_AGENCIES = 5  # named below a source; --json names all
USUAL = 80  # columns of a terminal that nobody made narrower


def register(app: typer.Typer) -> None:
    @app.command()
    def status(
        lake: LakeOption = None,
        landing: LandingOption = None,
        as_json: Annotated[bool, typer.Option("--json", help="as JSON, with the input versions")] = False,
    ) -> None:
        """Show for every table when it was refreshed, what waits for it, and when its sources are due.

        Nothing is written. Exit code 1 when a source is overdue.
        """
        from pipelines.operations.status import status as statuses
        from pipelines.project.workspace import open_existing

        with open_existing(settings_with(lake, landing)) as workspace:
            found = statuses(workspace)
        if as_json:
            typer.echo(json.dumps([_as_json(status) for status in found], ensure_ascii=False, indent=1))
        else:
            _show(found)
        raise typer.Exit(1 if any(status.overdue for status in found) else 0)


def _as_json(status: TableStatus) -> dict[str, Any]:
    return {
        "table": status.table.path,
        "layer": status.table.layer,
        "declared": status.declared,
        "refreshed_at": _iso(status.refreshed_at),
        "version": status.version,
        "rows": status.rows,
        "inputs": [
            {**dataclasses.asdict(given), "lag": _seconds(given.lag), "is_behind": given.is_behind}
            for given in status.inputs
        ],
        "lag": _seconds(status.lag),
        "pending": {
            "rows": status.rows_pending,
            "files": status.files,
            "unjudged_batches": status.unjudged,
            "held_batches": status.held,
        },
        "delivered": {agency: _iso(moment) for agency, moment in status.delivered.items()},
        "due": _iso(status.due),
        "overdue": status.overdue,
        "problems": [str(problem) for problem in status.problems],
    }


def _iso(moment: datetime.datetime | None) -> str | None:
    from pipelines.settings import PEOPLE_TIME

    return moment.astimezone(PEOPLE_TIME).isoformat(timespec="seconds") if moment else None


def _seconds(lag: datetime.timedelta | None) -> float | None:
    return lag.total_seconds() if lag is not None else None


def _show(found: list[TableStatus]) -> None:
    for layer, group in itertools.groupby(
        sorted(found, key=_layer_order(found)), key=lambda status: status.table.layer
    ):
        table = Table(title=layer, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        rows = [_cells(status) for status in group]
        # What a layer has none of is left out.
        shown = [name for name in rows[0] if any(cells[name].plain for cells in rows)]
        for name in shown:
            table.add_column(name, justify="right" if name == "rows" else "left", no_wrap=True)
        for cells in rows:
            table.add_row(*(cells[name] for name in shown))
        out.print(table)
    show_problems([problem for status in found for problem in status.problems])
    if undeclared := [status.table.path for status in found if not status.declared]:
        tell(
            "! ",
            f"{', '.join(undeclared)}: in the lake, and nothing declares them any more, so no run writes them; what to "
            "do: put the declaration back, or remove these folders from the lake once nobody needs their rows",
        )
    behind, overdue = (
        sum(_is_behind(status) for status in found),
        [status.table.name for status in found if status.overdue],
    )
    summary = f"{len(found)} tables, {behind} behind their inputs; overdue: {', '.join(overdue) or 'none'}"
    out.print(summary, highlight=False, soft_wrap=True)


def _cells(status: TableStatus) -> dict[str, Text]:
    """A table's cells under their headings; what is the matter with it stands below its name, or nothing would fit."""
    name, due = Text(status.table.path.partition("/")[2]), _clock_time(status.due)
    if due and out.width < USUAL:
        name.append(f"\n  due {due}", "dim")
    if status.overdue:
        name.append("\n  overdue", "bold red")
    for line in _delivered(status):
        name.append(f"\n  {line}", "dim")
    for line in (*([f"behind: {_age(status.lag)}"] if status.lag is not None else []), *_pending(status)):
        name.append(f"\n  {line}", "yellow")
    return {
        "table": name,
        "rows": Text(f"{status.rows:,}"),
        "refreshed": Text(_clock_time(status.refreshed_at)),
        "due": Text("" if out.width < USUAL else due),
    }


def _delivered(status: TableStatus) -> list[str]:
    """When each agency last delivered, those that have been silent for longest first."""
    silent = sorted(status.delivered, key=lambda agency: (status.delivered[agency], agency))
    last = [f"{agency}: {_clock_time(status.delivered[agency])}" for agency in silent[:MOST_AGENCIES]]
    return [*last, f"and {len(silent) - len(last)} agencies more"] if len(silent) > len(last) else last


def _layer_order(found: list[TableStatus]) -> Any:
    layers = list(dict.fromkeys(status.table.layer for status in found))
    return lambda status: layers.index(status.table.layer)


def _is_behind(status: TableStatus) -> bool:
    return any(given.is_behind for given in status.inputs)


def _pending(status: TableStatus) -> list[str]:
    counts = {
        "files": status.files,
        "unjudged batches": status.unjudged,
        "held batches": status.held,
        "rows": status.rows_pending,
    }
    counted = [f"{name}: {count:,}" for name, count in counts.items() if count]
    return counted if status.declared else ["not declared", *counted]


def _clock_time(moment: datetime.datetime | None) -> str:
    from pipelines.settings import PEOPLE_TIME

    return f"{moment.astimezone(PEOPLE_TIME):%Y-%m-%d %H:%M}" if moment else ""


def _age(lag: datetime.timedelta) -> str:
    minutes, seconds = divmod(int(lag.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return next(
        (f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count), f"{seconds} s"
    )
