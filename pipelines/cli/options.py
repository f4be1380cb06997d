"""Options that several verbs share, and the settings that they override."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipelines.settings import Settings

LakeOption = Annotated[
    str | None, typer.Option(help="the lake: a folder or s3://BUCKET/PREFIX (default: HUILIU_LAKE or ./lake)")
]
LandingOption = Annotated[
    Path | None, typer.Option(help="what agencies deliver (default: HUILIU_LANDING or ./landing)")
]


Reason = Annotated[str, typer.Option(prompt="why", help="why; kept with the decision (asked for where it is not said)")]
By = Annotated[str | None, typer.Option(help="who decides, as the report is to name them (default: no name there)")]


def account() -> str | None:
    """The account that this process runs under; None where the machine has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def settings_with(lake: str | None = None, landing: Path | None = None, settle: float | None = None) -> Settings:
    """The process's settings with what was said on the command line in place."""
    from pipelines.settings import Settings

    options: dict[str, Any] = {"lake": lake, "landing": landing, "settle": settle}
    return Settings(**{name: value for name, value in options.items() if value is not None})
