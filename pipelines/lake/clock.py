"""The one clock of the pipeline: when something was received, decided or released."""

from __future__ import annotations

import datetime


def now() -> datetime.datetime:
    """This moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)
