"""`huiliu catalog`: the catalogue of what agencies share, held against the regulations."""

from __future__ import annotations

import typer

from pipelines.cli.screen import out, tell


def register(app: typer.Typer) -> None:
    catalog = typer.Typer(help="The catalogue 目录: check its entries.", no_args_is_help=True)
    app.add_typer(catalog, name="catalog")

    @catalog.callback()
    def entries() -> None:
        """The catalogue 目录: check its entries."""

    @catalog.command()
    def check() -> None:
        """Hold every source against what the regulations ask of the catalogue: contents, bases, links, one source.

        Exit code 1 where a declaration breaks a rule. The same item from several agencies is listed and breaks none.
        """
        from pipelines.project.catalogue_check import check_catalogue
        from pipelines.settings import Settings

        found = check_catalogue(Settings().project)
        for breach in found.breaches:
            tell("", str(breach))
        for duplicate in found.duplicates:
            sources = ", ".join(f"{source} ({agency})" for source, agency in duplicate.deliveries)
            tell("", f"{duplicate.record}.{duplicate.item} {duplicate.title}: delivered more than once: {sources}")
        several = f"{len(found.duplicates)} items delivered by several agencies"
        counted = f"{found.entries} entries, {len(found.breaches)} breaches, {several}"
        out.print(counted, highlight=False)
        raise typer.Exit(1 if found.breaches else 0)
