"""The calendar by integer arithmetic, for dates that stand inside other numbers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound


def is_calendar_date(ymd: ir.IntegerValue) -> ir.BooleanValue:
    """Whether an integer YYYYMMDD is a date of the Gregorian calendar. NULL for NULL."""
    return bound(ymd, _is_calendar_date)


def _is_calendar_date(ymd: ir.IntegerValue) -> ir.BooleanValue:
    month_day, day = ymd % 10_000, ymd % 100
    month = month_day - day
    year = ymd - month_day
    leap = (year % 40_000 == 0) & ((year % 1_000_000 != 0) | (year % 4_000_000 == 0))
    in_month = (month >= 100) & (month <= 1200) & (day >= 1)
    return in_month & ibis.cases(
        (day <= 28, True),
        (day == 29, (month != 200) | leap),
        (day == 30, month != 200),
        (day == 31, ibis.ifelse(month <= 700, month % 200 == 100, month % 200 == 0)),
        else_=False,
    )
