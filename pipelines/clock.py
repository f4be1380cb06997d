"""The one clock of the pipeline: when something was received, decided or released."""

from __future__ import annotations

import datetime


def now() -> datetime.datetime:
    """This moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)


MICROSECOND = datetime.timedelta(microseconds=1)


def after(last: datetime.datetime | None) -> datetime.datetime:
    """This moment, and in any case after `last`: what is ordered by time must not be undone by a clock set back."""
    return max(now(), last + MICROSECOND) if last else now()
