"""Defects and oddities of days, and of the moments at which records were updated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from simulation.planting import Defect, Planting, accepted, flagged, quarantined
from simulation.subjects import Register
from simulation.table import Table
from simulation.world.calendar import DATE_SPELLINGS, MOMENT_SPELLINGS, NO_END, SENTINELS, day_number, excel_serial, iso

YEAR_ONE = ["0001-01-01", "0001/1/1", "00010101", "0001-01-01 00:00:00"]
LONG_AGO = "1925-03-01"
FAR_FUTURE = "2099-01-01"


def day_before(day: str, days: int = 1) -> str:
    return iso(day_number(day) - days)


def shifted(days: int) -> Callable[[str], str]:
    return lambda day: iso(day_number(day) + days)


def unreadable(*spellings: str, kind: str = "date_unreadable") -> Defect:
    return quarantined(kind, *spellings, checks=["form"])


def in_future(kind: str = "event_in_future", day: str = FAR_FUTURE) -> Defect:
    """An event that cannot have happened yet."""
    return quarantined(kind, day, checks=["not_future"])


def before_birth(kind: str = "event_before_birth", day: str = LONG_AGO) -> Defect:
    """A day on which nobody of today was born yet; the plan says which rule of the source sees it."""
    return flagged(kind, day)


def implausible(kind: str, day: str) -> Defect:
    """A day so long ago that it is a mistake."""
    return quarantined(kind, day, checks=["plausible"])


def sentinel(*days: str, kind: str = "date_sentinel") -> Defect:
    """A day that no register means, where a record may have none."""
    return accepted(kind, *days, due=None)


def sentinel_required(*days: str, kind: str = "date_sentinel_required") -> Defect:
    return quarantined(kind, *days, checks=["required"])


def no_end(kind: str = "no_end_in_words", *words: str) -> Defect:
    return accepted(kind, *(words or NO_END), due=None)


def in_cells(as_date: str, as_serial: str) -> Defect:
    """A workbook's own cells: a date in the one column, and the serial number of the same in the other."""

    def beside(table: Table, row: int, at: int) -> None:
        day = table.sent[as_date][row]
        table.put(row, as_date, date.fromisoformat(day))
        table.put(row, as_serial, int(excel_serial(day)))

    return accepted("date_excel_cell", beside=beside)


ANY_SPELLING = accepted("date_spelling", *DATE_SPELLINGS, of_due=True)
WITH_SLASHES = accepted("date_spelling", lambda day: day.replace("-", "/"))
EXCEL_SERIAL = accepted("date_excel_serial_text", excel_serial)
YEAR_ONE_MEANS_NOTHING = sentinel(*YEAR_ONE, kind="date_year_one")
# Midnight in Beijing, as a program elsewhere writes it.
WITH_OFFSET = accepted(
    "date_with_offset",
    lambda day: f"{day_before(day)}T16:00:00.000Z",
    lambda day: f"{day}T00:00:00+08:00",
    lambda day: f"{day_before(day)}T16:00:00+00:00",
    of_due=True,
)
SENTINEL = sentinel(*SENTINELS)
NINES = sentinel(SENTINELS[0])
NO_END_IN_WORDS = no_end()
UNLIKE_BIRTHDAY = flagged("birth_date_mismatch", shifted(-31), of_due=True)
ANY_MOMENT_SPELLING = accepted("moment_spelling", *MOMENT_SPELLINGS)
MOMENT_UNREADABLE = unreadable("不详", kind="moment_unreadable")


def validity_reversed(first: str, last: str, turn: int = 0) -> Planting:
    """Valid to a day before that from which it is valid."""

    def plant(register: Register) -> None:
        table = register.table
        for row in register.rows():
            table.change(row, last, day_before(table.sent[first][row], 10))
            table.flag(row, "validity_reversed", "validity_in_order")

    return Planting(plant, turn)


def died_before_birth(number: str, died_on: str, turn: int = 0) -> Planting:
    """A death twenty days before the birthday that the number tells."""

    def plant(register: Register) -> None:
        table = register.table
        for row in register.rows():
            born = table.sent[number][row][6:14]
            table.put(row, died_on, day_before(f"{born[:4]}-{born[4:6]}-{born[6:]}", 20))
            table.quarantine(row, "died_before_birth", "death_after_birth")

    return Planting(plant, turn)
