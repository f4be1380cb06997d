"""`huiliu check`: a delivery held against its contract before it is delivered."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.cli.screen import err, out, program
from pipelines.errors import with_todo
from pipelines.tables.verdict import Verdict

if TYPE_CHECKING:
    from pipelines.declarations.catalog import Catalog
    from pipelines.steps.dry_run import DryRun, HeaderMatch

Delivered = Annotated[Path, typer.Argument(help="the file to be delivered", exists=True, dir_okay=False)]
SourceOption = Annotated[
    str | None, typer.Option(help="the source it belongs to (default: its folder's name, or by its header)")
]


def register(app: typer.Typer) -> None:
    @app.command()
    def check(file: Delivered, source: SourceOption = None) -> None:
        """Try a file against its source's contract; nothing is written to the lake.

        Exit code 0: every row would be accepted. 1: the batch would be held, rows quarantined, or something else
        is wrong. 2: the source is not known.
        """
        from pipelines.project.catalog import read_catalog
        from pipelines.readers import looks_temporary
        from pipelines.settings import Settings
        from pipelines.steps.dry_run import dry_run

        settings = Settings()
        catalog = read_catalog(settings.project)
        name = _source(catalog, file, source)
        if looks_temporary(file):
            what = f"{escape(file.name)}: a run leaves files of such a name alone (half-written or temporary)"
            _say(f"[yellow]![/] {with_todo(what, 'rename it')}")
            raise typer.Exit(1)
        with err.status(f"checking {file.name} …"):
            found = dry_run(settings, name, file)
        _show(found, file)
        raise typer.Exit(0 if found.good else 1)


def _source(catalog: Catalog, file: Path, source: str | None) -> str:
    from pipelines.steps.dry_run import guess_source

    if source is not None:
        if source not in catalog.contracts:
            raise _unknown(f"there is no source {source}", catalog, file)
        return source
    found = guess_source(catalog, file, _header(catalog, file))
    if found is None:
        raise _unknown(
            f"neither the folder nor the header of {file.name} tells which source it belongs to", catalog, file
        )
    return found


def _header(catalog: Catalog, file: Path) -> list[str]:
    from pipelines.drafting.sample import header_of
    from pipelines.readers import UnreadableFile
    from pipelines.steps.dry_run import source_by_folder

    try:
        return header_of(file, catalog.contracts.values())
    except UnreadableFile as error:
        if source_by_folder(catalog, file):
            return []  # the folder tells the source, and the check itself tells what is wrong
        err.print(str(error.problem), highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _unknown(problem: str, catalog: Catalog, file: Path) -> typer.Exit:
    known = ", ".join(catalog.contracts)
    draft = shlex.join([program(), "source", "draft", str(file)])
    todo = f"say --source with one of {known}; or draft a contract: {draft}"
    err.print(with_todo(problem, todo), highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)


def _say(line: str) -> None:
    """A terminal gets its lines broken between words; a pipe gets them whole."""
    out.print(line, highlight=False, soft_wrap=not out.is_terminal)


def _show(found: DryRun, file: Path) -> None:
    contract = found.contract
    _say(f"[bold]{escape(file.name)}[/] → {contract.name} {escape(contract.title)}")
    read = [found.format, found.encoding, f"delimiter {found.delimiter!r}" if found.delimiter else None]
    if found.format:
        _say(f"format: {', '.join(part for part in read if part)}; {found.judged.rows:,} rows")
    if found.header:
        _show_header(found.header)
    for problem in found.problems:
        _say(f"[yellow]![/] {escape(problem)}")
    if found.broken:
        _show_rules(found)
    _show_verdict(found)


def _show_header(header: HeaderMatch) -> None:
    _say(f"header: {len(header.matched)} matched, {len(header.unknown)} unknown, {len(header.missing)} missing")
    for word, names in (("unknown", header.unknown), ("missing", header.missing)):
        if names:
            _say(f"  {word}: {escape(', '.join(names))}")


def _show_rules(found: DryRun) -> None:
    """What a rule demands stands below its code: beside it, it would be squeezed into a few characters."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=False)
    table.add_column("effect", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("rule 规则, first rows", overflow="fold")
    for rule in found.broken:
        effect = Text("quarantine", "red") if rule.severity == "critical" else Text("flag")
        if rule.severity == "critical" and not rule.first_rows:
            effect = Text("hold", "red")
        more = " …" if rule.rows > len(rule.first_rows) > 0 else ""
        first = f": {', '.join(map(str, rule.first_rows))}{more}" if rule.first_rows else ""
        described = Text.assemble((rule.code, "bold"), first, f"\n{rule.title}")
        table.add_row(effect, f"{rule.rows:,}" if rule.rows else "", described)
    out.print(table)


def _show_verdict(found: DryRun) -> None:
    judged = found.judged
    if judged.verdict == Verdict.HELD:
        _say("[red]would be held[/]: nothing of it would reach the standard tables until a person releases it")
        for code in judged.rules:
            _say(f"  {code}: {escape(_why(found, code))}")
    else:
        _say(
            f"[green]would pass[/]: {judged.accepted:,} rows accepted, {judged.flagged:,} of them flagged; "
            f"{judged.quarantined:,} quarantined"
        )
    if judged.quarantined:
        _say("what to do: correct the rows at the source and export again; the row numbers are those of the file")


def _why(found: DryRun, code: str) -> str:
    from pipelines.rules.batch_rules import REJECT_SHARE, titles
    from pipelines.rules.gate import READABLE

    if code == READABLE:
        return "文件应可读取 (the file cannot be read; see above what to do)"
    if title := titles(found.contract).get(code):
        judged = found.judged
        why = f" ({judged.quarantined:,} of {judged.rows:,} rows would be quarantined)" if code == REJECT_SHARE else ""
        return title + why
    return next((rule.title for rule in found.broken if rule.code == code), code)
