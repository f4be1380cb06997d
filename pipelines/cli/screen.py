"""What verbs show on the terminal: consoles, progress, and the tables of a run."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake
    from pipelines.readers import Problem
    from pipelines.reports.summary import RecordSummary, SourceSummary
    from pipelines.settings import Settings
    from pipelines.steps.run import Run
    from pipelines.tables.table import TableSpec

out = Console()
err = Console(stderr=True)


@contextmanager
def progress(console: Console = err) -> Iterator[Callable[[str, str], None]]:
    """A line that says what is being worked on; plain lines per step where there is no terminal."""
    if not console.is_terminal:
        last = ""

        def show_step(step: str, table: str) -> None:
            nonlocal last
            if step != last:
                console.print(f"  {step} …", highlight=False)
            last = step

        yield show_step
        return
    with console.status("starting …") as status:
        yield lambda step, table: status.update(f"{step} {table}")


def show_sources(summaries: list[SourceSummary]) -> None:
    table = titled_table("来源 sources", "source", "rows in", "accepted", "flagged", "quarantined", "held")
    verdicts: Counter[str] = Counter()
    for summary in summaries:
        counts = (summary.rows, summary.accepted, summary.flagged, summary.quarantined, summary.held)
        table.add_row(summary.source, *(f"{count:,}" for count in counts))
        verdicts.update(summary.verdicts)
    out.print(table)
    out.print("verdicts: " + (", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())) or "none"))


def show_records(summaries: list[RecordSummary]) -> None:
    table = titled_table("基础库 foundation", "golden record", "records", "conflicts", "findings")
    for summary in summaries:
        table.add_row(
            summary.record, *(f"{count:,}" for count in (summary.golden, summary.conflicts, summary.findings))
        )
    out.print(table)


def show_returns(unreturned: Mapping[TableSpec, int], lake: Lake) -> None:
    """Of each table that flows back how many rows there are, and how many reach no league or city."""
    table = titled_table("回流 returns", "table", "rows", "in no city")
    for spec, count in unreturned.items():
        table.add_row(spec.id.path, f"{lake.row_count(spec.id):,}", f"{count:,}")
    out.print(table)


def titled_table(title: str, name: str, *numbers: str) -> Table:
    """A table that fits 80 columns; a name that a person may want to type is folded where it must be, never cut."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(name, overflow="fold")
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def show_run(run: Run, settings: Settings) -> None:
    """Seconds per step, what was held or noticed, and whether anything changed at all."""
    table = titled_table("步骤 steps", "step", "seconds")
    for step, seconds in run.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    out.print(table)
    show_problems(run.problems)
    for source in run.standardised.values():
        for judged in source.held:
            tell("held ", f"{judged.source}: {judged.file} ({', '.join(judged.rules)}); decide with:")
            for line in decisions(settings, judged.batch, judged.rules):
                tell("", f"  {line}")
    for ingested in run.ingested.values():
        for note in ingested.notes:
            tell("", note)
    _show_whole(run)
    if run.released:
        state = "new" if run.released.new else "unchanged"
        out.print(f"release {run.released.number} ({state}): {run.released.tables} tables that fit together")
    if not run.changed and not any(ingested.waiting for ingested in run.ingested.values()):
        out.print("[green]Nothing new was delivered and nothing was declared anew: no table changed.[/]")


def show_brought(run: Run) -> None:
    """What this run itself brought, per table: rows that came or changed, and those gone."""
    came: Counter[str] = Counter(
        {f"raw/{name}": ingested.rows for name, ingested in run.ingested.items() if ingested.rows}
    )
    gone: Counter[str] = Counter()
    for refreshed in run.refreshed:
        came[refreshed.table.path] += refreshed.upserted
        gone[refreshed.table.path] += refreshed.deleted
    shown = titled_table("本次 this run", "table", "new or changed", "gone")
    for path in came:
        if came[path] or gone[path]:
            shown.add_row(path, f"{came[path]:,}", f"{gone[path]:,}")
    if shown.row_count:
        out.print(shown)


def _show_whole(run: Run) -> None:
    """Which tables were computed as a whole, and why: after a day's news there should be none."""
    from pipelines.lake.refresh import WHOLE

    for reason in WHOLE:
        tables = [refreshed.table.path for refreshed in run.refreshed if refreshed.reason == reason]
        if tables:
            named = ", ".join(tables[:3]) + (f" and {len(tables) - 3} more" if len(tables) > 3 else "")
            changed = sum(
                refreshed.upserted + refreshed.deleted for refreshed in run.refreshed if refreshed.reason == reason
            )
            tell(f"{reason}:", f" {named}: computed as a whole, {changed:,} rows differ")


def show_problems(problems: list[Problem]) -> None:
    for problem in problems:
        tell("! ", str(problem))


def program(name: str = "huiliu") -> str:
    """How this command, or one beside it, is called in the shell that it was called from: by its path where need be."""
    own = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    return name if found or not own.exists() else str(own)


def command(settings: Settings, *words: str) -> str:
    """A command about the lake, to be pasted."""
    return settings.command(*words, program=program())


def decisions(settings: Settings, batch: str, rules: Sequence[str]) -> list[str]:
    """The commands by which a person decides on a held batch."""
    from pipelines.rules.gate import decidable

    return [command(settings, "gate", option, batch) for option in decidable(rules)]


def tell(mark: str, text: str) -> None:
    """A line whose text is shown as it is: names of files and columns may look like rich's markup."""
    out.print(Text.assemble((mark, "yellow"), text), soft_wrap=True)
