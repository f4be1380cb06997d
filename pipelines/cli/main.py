"""The `huiliu` command: its verbs, and exit codes (0 good, 1 held, 2 usage or declaration, 3 internal)."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import typer

import pipelines.cli
from pipelines.cli.screen import err
from pipelines.declarations.reading import DeclarationError

app = typer.Typer(
    help="Huiliu 汇流: agency files in, trusted records out, and back to the leagues and cities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run a verb. Errors are told to people on stderr; an unforeseen one says where it happened, without values."""
    for module in pkgutil.iter_modules(pipelines.cli.__path__):
        verb = importlib.import_module(f"pipelines.cli.{module.name}")
        if hasattr(verb, "register"):
            verb.register(app)
    try:
        app()
    except DeclarationError as error:
        err.print(f"[bold red]declaration error[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except Exception as error:
        if "HUILIU_DEBUG" in os.environ:
            raise
        err.print(
            f"[bold red]internal error[/] {type(error).__name__} in {_where(error)}. Each table is at its last commit; "
            "nothing half-done is served. HUILIU_DEBUG=1 shows the whole error (it may hold personal values).",
            highlight=False,
            soft_wrap=True,
        )
        sys.exit(3)


def _where(error: BaseException) -> str:
    """The innermost line of our own code. The error's text is not shown: it may hold values of the data."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("pipelines.", "foundation_dbs.", "theme_dbs.", "simulation.")):
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
