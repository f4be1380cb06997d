"""When a source's next delivery is due, by its update frequency and the clock of Asia/Shanghai."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.settings import PEOPLE_TIME

# A delivery is due by nine in the morning of a day like these, and counts for it when it came in the days before.
HOUR = datetime.time(9, tzinfo=PEOPLE_TIME)
DUE: Mapping[str, tuple[Callable[[datetime.date], bool], int]] = {
    "daily": (lambda day: True, 1),
    "weekly": (lambda day: day.isoweekday() == 1, 7),
    "monthly": (lambda day: day.day == 1, 28),
    "quarterly": (lambda day: day.day == 1 and day.month in (1, 4, 7, 10), 90),
    "yearly": (lambda day: day.day == 1 and day.month == 1, 365),
}
REALTIME = datetime.timedelta(minutes=30)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """The moment by which a delivery must have come; `overdue` where it has passed without one."""

    at: datetime.datetime | None
    overdue: bool


def next_due(update: str, last: datetime.datetime | None, now: datetime.datetime) -> Due:
    """What is due next from a source that delivers at the frequency `update` and did `last`.

    A source that has never delivered is not overdue: nobody knows since when it should have.
    """
    if update == "realtime":
        return Due(last + REALTIME if last else None, bool(last and now > last + REALTIME))
    window = DUE[update][1] * DAY
    deadline = _deadline(update, now, forwards=False)
    if last and last <= deadline - window:
        missed = deadline
        # Since which one it has been waited for.
        while last <= (before := _deadline(update, missed - DAY, forwards=False)) - window:
            missed = before
        return Due(missed, overdue=True)
    deadline = _deadline(update, now, forwards=True)
    while last and last > deadline - window:  # it has come already
        deadline = _deadline(update, deadline, forwards=True)
    return Due(deadline, overdue=False)


def _deadline(update: str, moment: datetime.datetime, *, forwards: bool) -> datetime.datetime:
    """The first deadline after `moment`, or the last one that is not after it."""
    is_due = DUE[update][0]
    deadline = datetime.datetime.combine(moment.astimezone(PEOPLE_TIME).date(), HOUR)
    if forwards:
        while not is_due(deadline.date()) or deadline <= moment:
            deadline += DAY
    else:
        while not is_due(deadline.date()) or deadline > moment:
            deadline -= DAY
    return deadline
