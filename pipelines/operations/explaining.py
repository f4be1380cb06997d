"""An error as people are told it: what happened and what to do, and no text that could hold values of the data."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from pipelines.engines.spark.failures import spark_failure
from pipelines.errors import HuiliuError
from pipelines.settings import Settings
from pipelines.storage.damage import lake_failure


@dataclass(frozen=True)
class Explained:
    """`kind` is a heading; `exit_code` is the command's: 2 where a setting or declaration must change, else 3."""

    kind: str
    texts: tuple[str, ...]
    exit_code: int = 3

    def __str__(self) -> str:
        return f"{self.kind}: {'; '.join(self.texts)}"


def explained(error: Exception) -> Explained:
    """What an error says to people. Only texts of our own are sure to hold no values."""
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        mistakes = (f"HUILIU_{str(mistake['loc'][0]).upper()}: {mistake['msg']}" for mistake in error.errors())
        return Explained("setting", tuple(mistakes), 2)
    if failure := error if isinstance(error, HuiliuError) else spark_failure(error) or lake_failure(error):
        return Explained(failure.kind, (str(failure),), failure.exit_code)
    what = (
        f"{type(error).__name__} in {_where(error)}. Each table is at its last commit; nothing half-done is served. "
        "HUILIU_DEBUG=1 shows the whole error (it may hold personal values)."
    )
    return Explained("internal error", (what,))


def _where(error: BaseException) -> str:
    """The innermost line of our own code. The error's text is not shown: it may hold values of the data."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("pipelines.", "foundation_dbs.", "theme_dbs.", "simulation.")):
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
