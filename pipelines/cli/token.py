"""`huiliu token`: what agencies push rows with."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from pipelines.cli.options import LakeOption, settings_with
from pipelines.cli.screen import err, out

if TYPE_CHECKING:
    from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.database.tokens import Tokens

Agency = Annotated[str, typer.Argument(help="the agency, by its name in catalog/agencies.yml")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="how long it is valid")]
Id = Annotated[str, typer.Argument(help="the token's id, as `huiliu token list` shows it")]


def register(app: typer.Typer) -> None:
    token = typer.Typer(help="Tokens with which agencies push rows: issue, list, revoke.", no_args_is_help=True)
    app.add_typer(token, name="token")

    @token.command()
    def issue(agency: Agency, days: Days = 365, lake: LakeOption = None) -> None:
        """Print a new token of an agency. It is shown this once."""
        from pipelines.project.catalog import read_catalog

        settings = settings_with(lake)
        catalog = read_catalog(settings.project)
        if agency not in catalog.agencies:
            _refuse(f"there is no agency {agency} in catalog/; there are {catalog.known_agencies}")
        with _tokens(settings) as tokens:
            issued = tokens.issue(agency, days)
        err.print(
            f"A token of {agency}, valid for {days} days. It is not shown again: hand it over in confidence.",
            highlight=False,
            soft_wrap=True,
        )
        typer.echo(issued)

    @token.command("list")
    def list_issued(lake: LakeOption = None) -> None:
        """Show which tokens were issued, to whom, and until when they are valid."""
        with _tokens(settings_with(lake)) as tokens:
            issued = tokens.list()
        if not issued:
            out.print("No token was issued.")
            return
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("id", "agency", "issued", "expires", "state"):
            table.add_column(column, no_wrap=True)
        for token in issued:
            table.add_row(token.id, token.agency, _day(token.issued_at), _day(token.expires_at), token.state)
        out.print(table)

    @token.command()
    def revoke(name: Id, lake: LakeOption = None) -> None:
        """Let a token count no more, from the next request on."""
        with _tokens(settings_with(lake)) as tokens:
            try:
                revoked = tokens.revoke(name)
            except LookupError as error:
                _refuse(str(error.args[0]))
        out.print(f"{name} is revoked." if revoked else f"{name} was revoked before.", highlight=False)


@contextmanager
def _tokens(settings: Settings) -> Iterator[Tokens]:
    from pipelines.database.connection import Database
    from pipelines.database.tokens import Tokens

    with Database.of(settings) as database:
        tokens = Tokens(database, settings)
        database.upgrade()
        yield tokens


def _refuse(text: str) -> None:
    err.print(text, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(2)


def _day(seconds: float) -> str:
    from pipelines.settings import PEOPLE_TIME

    return datetime.datetime.fromtimestamp(seconds, PEOPLE_TIME).strftime("%Y-%m-%d")
