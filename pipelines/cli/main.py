"""The `huiliu` command: its verbs, and exit codes (0 good, 1 held, 2 usage or declaration, 3 internal)."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import typer
from pydantic import ValidationError
from rich.text import Text

import pipelines.cli
from pipelines.cli.screen import err
from pipelines.declarations.reading import DeclarationError
from pipelines.lake.errors import LakeError
from pipelines.settings import Settings

app = typer.Typer(
    help="Huiliu 汇流: agency files in, trusted records out, and back to the leagues and cities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    callback=lambda: None,  # where one verb alone is known, typer would take its name for an argument
)


def main() -> None:
    """Run a verb. Errors are told to people on stderr; an unforeseen one says where it happened, without values."""
    for name in _asked():
        verb = importlib.import_module(f"pipelines.cli.{name}")
        if hasattr(verb, "register"):
            verb.register(app)
    try:
        app()
    except Exception as error:
        if "HUILIU_DEBUG" in os.environ:
            raise
        sys.exit(_told(error))


def _asked() -> list[str]:
    """The modules whose verbs are needed: one, where the first word names it. A server must not wait for engines."""
    names = [module.name for module in pkgutil.iter_modules(pipelines.cli.__path__)]
    return sys.argv[1:2] if sys.argv[1:2] and sys.argv[1] in names else names


def _told(error: Exception) -> int:
    """Say what happened and give the exit code. Only texts of our own are sure to hold no values."""
    from pipelines.engines.spark.failures import spark_failure
    from pipelines.quality.comparing import CountsDisagreeError

    if isinstance(error, DeclarationError):
        _say("declaration error", str(error))
        return 2
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        for mistake in error.errors():
            _say("setting", f"HUILIU_{str(mistake['loc'][0]).upper()}: {mistake['msg']}")
        return 2
    if isinstance(error, CountsDisagreeError):
        _say("counts disagree", str(error))
        return 3
    if failure := error if isinstance(error, LakeError) else spark_failure(error):
        _say(failure.kind, str(failure))
        return failure.exit_code
    _say(
        "internal error",
        f"{type(error).__name__} in {_where(error)}. Each table is at its last commit; nothing half-done is served. "
        "HUILIU_DEBUG=1 shows the whole error (it may hold personal values).",
    )
    return 3


def _say(kind: str, text: str) -> None:
    err.print(Text.assemble((kind, "bold red"), " ", text), soft_wrap=True)


def _where(error: BaseException) -> str:
    """The innermost line of our own code. The error's text is not shown: it may hold values of the data."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("pipelines.", "foundation_dbs.", "theme_dbs.", "simulation.")):
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
