"""The `huiliu` command: its verbs, and exit codes (0 good, 1 held, 2 usage or declaration, 3 internal)."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import platform
import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.text import Text

import pipelines.cli
from pipelines.cli.screen import err
from pipelines.errors import with_todo

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    """One line, to be quoted with a question: ours, Python's, and those of the libraries that write the lake."""
    if asked:
        libraries = ("duckdb", "deltalake", "ibis-framework", "great-expectations", "dagster")
        versions = ", ".join(f"{name} {metadata.version(name)}" for name in libraries)
        typer.echo(f"huiliu {metadata.version('huiliu')} (Python {platform.python_version()}, {versions})")
        raise typer.Exit


@app.callback()  # where one verb alone is known, typer would take its name for an argument
def before_any_verb(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Huiliu 汇流: agency files in, trusted records out, and back to the leagues and cities."""


def main() -> None:
    """Run a verb. Errors are told to people on stderr; an unforeseen one says where it happened, without values."""
    _show_what_can_be_shown()
    for name in _asked():
        verb = importlib.import_module(f"pipelines.cli.{name}")
        if hasattr(verb, "register"):
            verb.register(app)
    try:
        app()
    except Exception as error:
        if "HUILIU_DEBUG" in os.environ:
            raise
        # Not before: it knows the errors of every room, which a help text does not wait for.
        from pipelines.operations.explaining import explained

        explanation = explained(error)
        for text in explanation.texts:
            err.print(Text.assemble((explanation.kind, "bold red"), " ", text), soft_wrap=True)
        sys.exit(explanation.exit_code)


def _show_what_can_be_shown() -> None:
    """A terminal that knows no Chinese shows its characters by their numbers, and is told how to show them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            "汇流─".encode(stream.encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
            if stream is sys.stderr:
                what = f"this terminal cannot show Chinese ({stream.encoding})"
                sys.stderr.write(f"{with_todo(what, 'set LANG=C.UTF-8 or PYTHONIOENCODING=utf-8')}\n")


def _asked() -> list[str]:
    """The modules whose verbs are needed: one, where the first word names it. A server must not wait for engines."""
    names = [module.name for module in pkgutil.iter_modules(pipelines.cli.__path__)]
    return sys.argv[1:2] if sys.argv[1:2] and sys.argv[1] in names else names
