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
        with --lake only where they have keys in common, and of how many.
        """
        from pipelines.project.catalogue_check import check_catalogue
        from pipelines.settings import Settings

        found = check_catalogue(Settings().project)
        for breach in found.breaches:
            tell("", str(breach))
        duplicates = _in_lake(found, lake) if lake and not found.breaches else _declared(found)
        for duplicate in duplicates:
            tell("", duplicate)
        several = f"{len(duplicates)} items delivered by several agencies"
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


def _declared(found: Checked) -> list[str]:
    """Items that several agencies deliver, by what is declared."""
    return [
        _delivered(duplicate, (f"{source} ({agency})" for source, agency in duplicate.deliveries))
        for duplicate in found.duplicates
    ]


def _in_lake(found: Checked, lake: str) -> list[str]:
    """Those of them that agencies deliver of the same keys, by the rows of a lake."""
    from pipelines.operations.collected_twice import keys_in_common
    from pipelines.project.workspace import open_existing

    lines = []
    with open_existing(settings_with(lake)) as workspace:
        for duplicate in found.duplicates:
            agencies, keys = dict(duplicate.deliveries), keys_in_common(workspace, duplicate)
            if keys:
                sources = (f"{name} ({agencies[name]}) {keys[name]:,} keys" for name in agencies if name in keys)
                lines.append(_delivered(duplicate, sources))
    return lines


def _delivered(duplicate: Duplicate, sources: Iterable[str]) -> str:
    place = f"{duplicate.record}.{duplicate.item} {duplicate.title}"
    return f"{place}: delivered more than once: {', '.join(sources)}"
