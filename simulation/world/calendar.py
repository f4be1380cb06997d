"""Days and times: the reference date, moments of update, and the spellings that real files use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

AS_OF = date(2026, 6, 30)
AS_OF_DAY = int(np.datetime64(AS_OF, "D").astype(np.int64))
SNAPSHOT = ("2024-07-01", "2026-03-31")
SINCE = ("2026-04-01", "2026-06-29")
STALE = ("2023-01-01", "2023-06-30")
_SLOTS_A_DAY = 8_100  # four seconds each, half past eight to half past five
_OPENING = 8 * 3600 + 30 * 60
NO_END = ["长期", "无固定期限", "永久有效", "长期有效", "永久"]
SENTINELS = ["9999-12-31", "9999-9-9", "99991231"]


def day_number(iso: str) -> int:
    """Days since 1970-01-01."""
    return int(np.datetime64(iso, "D").astype(np.int64))


def iso(day: int) -> str:
    """`2024-01-31` of a day number."""
    return (date(1970, 1, 1) + timedelta(days=int(day))).isoformat()


def iso_days(days: NDArray[np.int64]) -> list[str]:
    """ISO dates of many day numbers."""
    return np.datetime_as_string(days.astype("datetime64[D]")).tolist()


def compact_days(days: NDArray[np.int64]) -> list[str]:
    """`20240131` of many day numbers."""
    return [text.replace("-", "") for text in iso_days(days)]


def moments(rng: np.random.Generator, count: int, phase: int = 0, window: tuple[str, str] = SNAPSHOT) -> list[str]:
    """As many distinct moments within office hours of the window, in Asia/Shanghai, to the second.

    Moments of two phases (0 to 3 seconds) are never the same.
    """
    first = day_number(window[0])
    slots = (day_number(window[1]) - first + 1) * _SLOTS_A_DAY
    step = slots // max(count, 1)
    slot = rng.permutation(count) * step + rng.integers(0, step, count)
    day, within = np.divmod(slot, _SLOTS_A_DAY)
    seconds = (first + day) * 86_400 + _OPENING + within * 4 + phase
    return [text.replace("T", " ") for text in np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()]


def full_width(text: str) -> str:
    """ASCII digits and signs as full-width characters."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def excel_serial(iso_date: str) -> str:
    """The day number of Excel's 1900 system, good from March 1900."""
    return str(day_number(iso_date) + 25_569)


def _parts(iso_date: str) -> tuple[int, int, int]:
    day = date.fromisoformat(iso_date)
    return day.year, day.month, day.day


DATE_SPELLINGS: list[Callable[[str], str]] = [
    lambda iso_date: iso_date.replace("-", ""),
    lambda iso_date: "{}-{}-{}".format(*_parts(iso_date)),
    lambda iso_date: "{}/{}/{}".format(*_parts(iso_date)),
    lambda iso_date: "{}.{}.{}".format(*_parts(iso_date)),
    lambda iso_date: "{}年{}月{}日".format(*_parts(iso_date)),
    lambda iso_date: "{}年{:02}月{:02}日".format(*_parts(iso_date)),
    excel_serial,
    lambda iso_date: excel_serial(iso_date) + ".0",
    lambda iso_date: iso_date + " 00:00:00",
    lambda iso_date: "{}/{}/{} 0:00".format(*_parts(iso_date)),
    lambda iso_date: full_width(iso_date.replace("-", "")),
    lambda iso_date: "\u3000" + iso_date.replace("-", "/") + " ",
]


def _moment(moment: str) -> Any:
    return np.datetime64(moment.replace(" ", "T"), "s").astype(object)


MOMENT_SPELLINGS: list[Callable[[str], str]] = [
    lambda moment: moment.replace(" ", "T"),
    lambda moment: moment.replace("-", "/"),
    lambda moment: _moment(moment).strftime("%Y%m%d%H%M%S"),
    lambda moment: "{0.year}年{0.month}月{0.day}日 {0:%H:%M:%S}".format(_moment(moment)),
    lambda moment: "{0.year}.{0.month}.{0.day} {0:%H:%M:%S}".format(_moment(moment)),
]
