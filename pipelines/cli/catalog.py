"""`huiliu catalog`: the catalogue of what agencies share, held against the regulations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err, tell
from pipelines.cli.screen import out as screen

if TYPE_CHECKING:
    from pipelines.project.catalogue_check import Checked, Duplicate


def register(app: typer.Typer) -> None:
    catalog = typer.Typer(help="The catalogue 目录: check its entries, export it.", no_args_is_help=True)
    app.add_typer(catalog, name="catalog")

    @catalog.callback()
    def entries() -> None:
        """The catalogue 目录: check its entries, export it."""

    @catalog.command()
    def check(lake: LakeOption = None) -> None:
        """Hold every source against what the regulations ask of the catalogue: contents, bases, links, one source.

        Exit code 1 where a declaration breaks a rule. The same item from several agencies is listed and breaks none;
        with --lake only where two have keys in common: how many, and how many agree.
        """
        from pipelines.project.catalogue_check import check_catalogue
        from pipelines.settings import Settings

        found = check_catalogue(Settings().project)
        for breach in found.breaches:
            tell("", str(breach))
        duplicates, items = _in_lake(lake) if lake and not found.breaches else _declared(found)
        for duplicate in duplicates:
            tell("", duplicate)
        several = f"{items} items delivered by several agencies"
        counted = f"{found.entries} entries, {len(found.breaches)} breaches, {several}"
        screen.print(counted, highlight=False)
        raise typer.Exit(1 if found.breaches else 0)

    @catalog.command()
    def export(
        out: Annotated[Path, typer.Option(help="the folder that gets the files")] = Path("catalogue"),
        form: Annotated[
            list[str] | None, typer.Option(help="dcat, odcs or guide; may stand several times (default: all)")
        ] = None,
        base: Annotated[str, typer.Option(help="what the identifiers of DCAT begin with")] = "urn:huiliu:",
        lake: LakeOption = None,
    ) -> None:
        """Write the catalogue in the forms that others read: DCAT, data contracts, the guide's table.

        Dates are those of the lake's receipts and release; without a lake there are none.
        """
        from pipelines.errors import NoLakeError
        from pipelines.project.workspace import open_existing, open_project
        from pipelines.reports.catalogue.described import describe
        from pipelines.reports.catalogue.export import Form, export_catalogue
        from pipelines.storage.folders import writing

        if unknown := [name for name in form or () if name not in [*Form]]:
            err.print(f"there is no form {unknown[0]}; there are {', '.join(Form)}", highlight=False)
            raise typer.Exit(2)
        settings = settings_with(lake)
        try:
            with open_existing(settings) as workspace:
                described = describe(workspace)
        except NoLakeError:
            if lake is not None:
                raise
            described = describe(open_project(settings))
        with writing(out, "the catalogue's folder", "say another with --out"):
            written = export_catalogue(described, out, [Form(name) for name in form or Form], base)
        for path in written:
            tell("", str(path))


def _declared(found: Checked) -> tuple[list[str], int]:
    """Items that several agencies deliver, by what is declared, and their number."""
    lines = [
        _delivered(duplicate, (f"{collector.source} ({collector.agency})" for collector in duplicate.collecting))
        for duplicate in found.duplicates
    ]
    return lines, len(lines)


def _in_lake(lake: str) -> tuple[list[str], int]:
    """Those of them that two agencies deliver of the same keys, as the lake's table says; and how many items."""
    from pipelines.project.workspace import open_existing
    from pipelines.tables.specs import DUPLICATES

    with open_existing(settings_with(lake)) as workspace:
        rows = workspace.lake.engine.rows(workspace.lake.read(DUPLICATES).order_by(list(DUPLICATES.key)))
    lines = [
        f"{row['record']}.{row['item']} {row['title']}: {row['source']} ({row['agency']}) and {row['other_source']} "
        f"({row['other_agency']}): {row['keys']:,} keys in both, {row['agreeing']:,} agree; "
        f"authority {row['authority']}"
        for row in rows
    ]
    return lines, len({(row["record"], row["item"]) for row in rows})


def _delivered(duplicate: Duplicate, sources: Iterable[str]) -> str:
    place = f"{duplicate.record}.{duplicate.item} {duplicate.title}"
    return f"{place}: delivered more than once: {', '.join(sources)}"
