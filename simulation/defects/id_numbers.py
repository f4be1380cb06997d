"""Defects and oddities of id numbers (GB 11643)."""

from __future__ import annotations

from collections.abc import Callable

from simulation.checksums import ID_CHECKS, id_check, id_number
from simulation.planting import AS_SENT, Defect, Written, accepted, flagged, quarantined
from simulation.table import Table
from simulation.world.calendar import full_width
from simulation.world.places import HK_MACAO_TAIWAN, NEVER_VALID


def fifteen(number: str) -> str:
    """The form that was issued before 1999."""
    return number[:6] + number[8:17]


def wrong_check(number: str) -> str:
    """The number with another last character than its own."""
    return number[:17] + ID_CHECKS[(ID_CHECKS.index(number[17]) + 3) % 11]


def _scientific(number: str) -> str:
    """As Excel shows it in a narrow column."""
    return f"{int(number):.5E}"


def _zeroed(number: str) -> str:
    """As Excel stores it: fifteen significant digits."""
    return number[:15] + "000"


def _float_trip(number: str) -> str:
    """As it returns from a double-precision number."""
    return str(int(float(int(number))))


def _shows(damage: Callable[[str], str]) -> Callable[[str], bool]:
    """Damage that the check digit gives away, and that leaves the birthday as it is."""

    def shows(number: str) -> bool:
        damaged = damage(number)
        return damaged[:14] == number[:14] and id_check(damaged[:17]) != damaged[17]

    return shows


def _born_on(day: str) -> Callable[[str], str]:
    return lambda number: id_number(number[:6] + day + number[14:17])


def _centenarian(sequence: int) -> Callable[[str], Written]:
    def spell(number: str) -> Written:
        old = f"{fifteen(number)[:12]}{sequence}"
        return Written(old, id_number(f"{old[:6]}18{old[6:]}"))

    return spell


def _of_region(region: str) -> Callable[[str], str]:
    return lambda number: id_number(region + number[6:17])


def without_birthday(table: Table, row: int, at: int) -> None:
    """Whether the birthday contradicts a number that has no digits is nobody's question."""
    if "birth_date" in table.sent:
        table.put(row, "birth_date", "", None)


def beyond_the_mainland(household: str) -> Defect:
    """Residents from Hong Kong, Macao and Taiwan, who have no household here: nothing stands in that column."""

    def beside(table: Table, row: int, at: int) -> None:
        table.change(row, household, "")

    return accepted("id_hk_macao_taiwan", *map(_of_region, HK_MACAO_TAIWAN), due=AS_SENT, beside=beside)


def of_foreigners(household: str, name: str) -> Defect:
    """Holders of a foreigner's permanent residence card, whose numbers tell nationalities."""

    def beside(table: Table, row: int, at: int) -> None:
        table.change(row, name, FOREIGN_NAMES[at % len(FOREIGN_NAMES)])
        table.change(row, household, "")

    return accepted("id_foreigner", *(_of_region("915" + code) for code in NATIONALITIES), due=AS_SENT, beside=beside)


FOREIGN_NAMES = ["JOHN SMITH", "ГАНБОЛД", "SATO YUKI", "KIM MINJUN"]
NATIONALITIES = ["840", "496", "392", "410"]

FIFTEEN_DIGITS = accepted("id_15_digits", fifteen, old_form=True)
# 15 digits with a sequence of 996 to 999 stand for people born in the 1800s, not a century later.
CENTENARIAN = accepted("centenarian_15_digits", *map(_centenarian, range(996, 1000)), old_form=True)
LOWER_CASE_X = accepted("id_lower_case_x", str.lower)
FULL_WIDTH_OR_SPACED = [
    accepted("id_full_width_or_spaced", spell)
    for spell in (
        full_width,
        lambda number: "'" + number,
        lambda number: f" {number}\u3000",
        lambda number: f"{number[:6]} {number[6:14]} {number[14:]}",
    )
]
SCIENTIFIC = quarantined("id_excel_scientific", _scientific, checks=["form"], beside=without_birthday)
AS_SHOWN_BY_EXCEL = quarantined("id_excel_scientific", "1.50102E+17", checks=["form"])
ZEROED = quarantined("id_excel_zeroed", _zeroed, checks=["check_digit"], shows=_shows(_zeroed))
FLOAT_TRIP = quarantined("id_float_trip", _float_trip, checks=["check_digit"], shows=_shows(_float_trip))
# A workbook's number cell keeps fifteen digits.
NUMBER_CELL = quarantined("id_in_number_cell", int)
WRONG_CHECK_DIGIT = quarantined("id_check_digit", wrong_check, checks=["check_digit"])
TOO_SHORT = quarantined("id_too_short", lambda number: number[:17], checks=["form"])
MUCH_TOO_SHORT = quarantined("id_too_short", lambda number: number[:16], checks=["form"])
BIRTHDAY_IMPOSSIBLE = quarantined("id_birth_impossible", _born_on("19800230"), checks=["birth_date"])
BIRTHDAY_IN_FUTURE = quarantined("id_birth_future", _born_on("20880305"), checks=["birth_date"])
BIRTHDAY_BEFORE_1900 = quarantined("id_birth_before_1900", _born_on("18991231"), checks=["birth_date"])
REGION_UNKNOWN = flagged("id_region_unknown", *map(_of_region, NEVER_VALID), checks=["region"])
