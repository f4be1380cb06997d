"""Defects and oddities of id numbers (GB 11643)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.block import Block
from simulation.calendar import day_number, full_width
from simulation.checksums import ID_CHECKS, id_check, id_number
from simulation.plant_marriages import document_rules
from simulation.population import Mask
from simulation.regions import HK_MACAO_TAIWAN, NEVER_VALID
from simulation.table import Cell, Table

HOUSEHOLD, PERMIT, INSURANCE = "household_registration", "residence_permit", "social_insurance"
MARRIAGE = "marriage_registration"


def plant_ids(block: Block) -> None:
    """Everything that happens to id numbers on their way into a file."""
    # First what only few people are fit for.
    _beyond_the_mainland(block)
    _foreigners(block)
    _spouses(block)
    _spellings(block)
    _excel_damage(block)
    _cells(block)
    _wrong(block)
    _centenarians(block)
    _impossible_birthdays(block)
    _unknown_regions(block)


def fifteen(number: str) -> str:
    """The form that was issued before 1999."""
    return number[:6] + number[8:17]


def wrong_check(number: str) -> str:
    """The number with another last character than its own."""
    return number[:17] + ID_CHECKS[(ID_CHECKS.index(number[17]) + 3) % 11]


def scientific(number: str) -> str:
    """As Excel shows it in a narrow column."""
    return f"{int(number):.5E}"


def zeroed(number: str) -> str:
    """As Excel stores it: fifteen significant digits."""
    return number[:15] + "000"


def float_trip(number: str) -> str:
    """As it returns from a double-precision number."""
    return str(int(float(int(number))))


def _no_x(block: Block) -> Mask:
    return ~np.char.endswith(np.array(block.people.id_number), "X")


def _spellings(block: Block) -> None:
    born_before_2000 = block.people.born < day_number("2000-01-01")
    for source in (INSURANCE, PERMIT):
        table = block.insurance if source == INSURANCE else block.permit
        for row in block.rows(source, also=born_before_2000 & block.within(HOUSEHOLD)):
            respell_number(table, row, "id_15_digits", fifteen)
    for row in block.rows("death_registration", 1, born_before_2000):
        respell_number(block.death, row, "id_15_digits", fifteen)
    for row in block.rows(INSURANCE, also=~_no_x(block)):
        respell_number(block.insurance, row, "id_lower_case_x", str.lower)
    odd: list[Callable[[str], str]] = [
        full_width,
        lambda number: "'" + number,
        lambda number: f" {number}\u3000",
        lambda number: f"{number[:6]} {number[6:14]} {number[14:]}",
    ]
    for spell in odd:
        for row in block.rows(INSURANCE):
            respell_number(block.insurance, row, "id_full_width_or_spaced", spell)
        for row in block.rows(HOUSEHOLD, 1):
            respell_number(block.household, row, "id_full_width_or_spaced", spell)


def respell_number(table: Table, row: int, kind: str, spell: Callable[[str], str], column: str = "id_number") -> None:
    """Another spelling of the number that is sent; the form of before 1999 is remembered."""
    table.put(row, column, spell(table.sent[column][row]))
    table.accept(row, kind)
    if spell is fifteen:
        table.old_forms[row, column] = table.sent[column][row]


def _excel_damage(block: Block) -> None:
    for row in block.rows(INSURANCE, also=_no_x(block)):
        _spoil(block.insurance, row, "id_excel_scientific", scientific, "form")
    for row in block.rows(HOUSEHOLD, also=_no_x(block)):
        # The birthday is left out: whether it contradicts a number that has no digits is nobody's question.
        block.household.put(row, "birth_date", "", None)
        _spoil(block.household, row, "id_excel_scientific", scientific, "form")
    for kind, damage in (("id_excel_zeroed", zeroed), ("id_float_trip", float_trip)):
        for source, table in ((INSURANCE, block.insurance), (HOUSEHOLD, block.household)):
            rows = block.rows(source, 3 * block.each, _no_x(block))
            for row in [row for row in rows if _shows(table.sent["id_number"][row], damage)][: block.each]:
                _spoil(table, row, kind, damage, "check_digit")


def _shows(number: str, damage: Callable[[str], str]) -> bool:
    """Damage that the check digit gives away, and that leaves the birthday as it is."""
    damaged = damage(number)
    return damaged[:14] == number[:14] and id_check(damaged[:17]) != damaged[17]


def _spoil(
    table: Table, row: int, kind: str, damage: Callable[[str], str], rule: str, column: str = "id_number"
) -> None:
    table.put(row, column, damage(table.sent[column][row]))
    table.quarantine(row, kind, f"{column}.{rule}")


def _wrong(block: Block) -> None:
    for source, table in ((HOUSEHOLD, block.household), (INSURANCE, block.insurance), (PERMIT, block.permit)):
        for row in block.rows(source):
            _spoil(table, row, "id_check_digit", wrong_check, "check_digit")
    for row in block.rows("death_registration", 1):
        _spoil(block.death, row, "id_check_digit", wrong_check, "check_digit")
    for row in block.rows(PERMIT):
        _spoil(block.permit, row, "id_too_short", lambda number: number[:17], "form")
    for row in block.rows(INSURANCE):
        _spoil(block.insurance, row, "required_missing", lambda _: "无", "required")


def _impossible_birthdays(block: Block) -> None:
    for kind, day in (
        ("id_birth_impossible", "19800230"),
        ("id_birth_future", "20880305"),
        ("id_birth_before_1900", "18991231"),
    ):
        for source, table in ((INSURANCE, block.insurance), (PERMIT, block.permit)):
            for row in block.rows(source):
                _spoil(table, row, kind, _born_on(day), "birth_date")
                if day > "2027":
                    table.quarantine(row, kind, *AFTER_BIRTH[source])


def _cells(block: Block) -> None:
    """Numbers in a workbook's number cells, which keep fifteen digits; and cells without a value."""
    for row in block.rows(PERMIT, also=_no_x(block)):
        block.permit.put(row, "id_number", int(block.permit.sent["id_number"][row]))
        block.permit.quarantine(row, "id_in_number_cell", "row.digits_lost")
    for at, row in enumerate(block.rows(PERMIT, max(block.each, 2))):
        block.permit.put(row, "residence_address", [Cell.UNCALCULATED, Cell.ERROR][at % 2])
        block.permit.quarantine(row, "cell_without_value", "row.cell_error")


def _centenarians(block: Block) -> None:
    """15 digits with a sequence of 996 to 999 stand for people born in the 1800s, not a century later."""
    born = block.people.born
    years = (born >= day_number("1960-01-01")) & (born < day_number("2000-01-01"))
    for at, row in enumerate(block.rows(INSURANCE, also=years)):
        number = block.insurance.sent["id_number"][row]
        old = f"{fifteen(number)[:12]}{996 + at % 4}"
        block.insurance.put(row, "id_number", old, id_number(f"{old[:6]}18{old[6:]}"))
        block.insurance.old_forms[row, "id_number"] = old
        block.insurance.accept(row, "centenarian_15_digits")


# What a day of birth in the future is held against.
AFTER_BIRTH = {INSURANCE: ("enrolled_after_birth", "last_paid_after_birth"), PERMIT: ("issued_after_birth",)}


def _born_on(day: str) -> Callable[[str], str]:
    return lambda number: id_number(number[:6] + day + number[14:17])


def _unknown_regions(block: Block) -> None:
    for at, row in enumerate(block.rows(HOUSEHOLD, also=block.only(HOUSEHOLD))):
        region = NEVER_VALID[at % len(NEVER_VALID)]
        number = id_number(region + block.household.sent["id_number"][row][6:17])
        block.household.change(row, "id_number", number)
        block.household.flag(row, "id_region_unknown", "id_number.region")


def _beyond_the_mainland(block: Block) -> None:
    chosen = block.rows(PERMIT, max(block.each, len(HK_MACAO_TAIWAN)), block.only(PERMIT))
    for at, row in enumerate(chosen):
        prefix = HK_MACAO_TAIWAN[at % len(HK_MACAO_TAIWAN)]
        number = id_number(prefix + block.permit.sent["id_number"][row][6:17])
        block.permit.change(row, "id_number", number)
        block.permit.change(row, "household_region", "")
        block.permit.accept(row, "id_hk_macao_taiwan")


def _foreigners(block: Block) -> None:
    names = ["JOHN SMITH", "ГАНБОЛД", "SATO YUKI", "KIM MINJUN"]
    for at, row in enumerate(block.rows(PERMIT, also=block.only(PERMIT))):
        nationality = ["840", "496", "392", "410"][at % 4]
        number = id_number("915" + nationality + block.permit.sent["id_number"][row][6:17])
        block.permit.change(row, "id_number", number)
        block.permit.change(row, "person_name", names[at % 4])
        block.permit.change(row, "household_region", "")
        block.permit.accept(row, "id_foreigner")


def _spouses(block: Block) -> None:
    husbands, wives = block.couples
    born = block.people.born
    both_before_2000 = (born[husbands] < day_number("2000-01-01")) & (born[wives] < day_number("2000-01-01"))
    table = block.marriage
    for row in block.weddings(also=both_before_2000):
        respell_number(table, row, "id_15_digits", fifteen, "husband_id")
    for kind, damage, role, rule in (
        ("id_check_digit", wrong_check, "husband", "husband_id.check_digit"),
        ("id_too_short", lambda number: number[:16], "wife", "wife_id.form"),
    ):
        for row in block.weddings():
            table.put(row, f"{role}_id", damage(table.sent[f"{role}_id"][row]))
            table.quarantine(row, kind, *document_rules(block, row, role, rule))
    for row in block.weddings():
        _spoil(table, row, "required_missing", lambda _: "", "required", "wife_id")
