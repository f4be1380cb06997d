"""Versions and deletions in the registers of people: which of several rows about somebody counts."""

from __future__ import annotations

from simulation.block import Block
from simulation.calendar import SINCE, day_number, moments
from simulation.contracts import OPERATION, contract
from simulation.plant_ids import fifteen, wrong_check
from simulation.plant_records import later
from simulation.table import SPORADIC, UNDATED, Table

HOUSEHOLD, INSURED, DEATH = "household_registration", "social_insurance", "death_registration"
# Spellings of "delete", all of which withdraw the key; and flags that no contract knows.
DELETES = ["d", "Ｄ", "D\u3000", "删除", "DELETE", "delete", " D"]
UNKNOWN_FLAGS = ["X", "9", "作"]
IN_FUTURE = ["2099-01-01 00:00:00", "2099-12-31 23:59:59", "2088-08-08 08:00:00"]
UNDATED_ROWS = 12


def plant_versions(block: Block) -> None:
    """What happens to the version or the delete flag of a record."""
    _deletes(block)
    _unknown_flags(block)
    _future(block)
    _unstated(block)
    _good_twins(block)
    _forms_given_up(block)
    _undated_file(block)
    _sporadic_file(block)


def _moments(block: Block, count: int) -> list[str]:
    return sorted(moments(block.rng, count, 0, SINCE), reverse=True)


def withdraw(table: Table, row: int, flag: str, moment: str) -> int:
    """A later row that deletes the record; gives it."""
    copy = later(table, row, flag, moment)
    table.withdrawing.add(copy)
    return copy


def key_alone(table: Table, row: int) -> None:
    """Nothing but key, version and operation are left in the row."""
    layout = contract(table.source)
    kept = {*layout.key, "updated_at", OPERATION}
    for column in layout.headers:
        if column not in kept:
            table.put(row, column, "", None)


def _deletes(block: Block) -> None:
    table, adult = block.household, block.people.adult
    spelt = block.rows(HOUSEHOLD, max(block.each, len(DELETES)), adult)
    alone = block.rows(HOUSEHOLD, also=adult)
    when = _moments(block, len(spelt) + len(alone))
    for at, row in enumerate(spelt):
        table.accept(withdraw(table, row, DELETES[at % len(DELETES)], when.pop()), "deleted_in_another_spelling")
    for at, row in enumerate(alone):
        gone = withdraw(table, row, ["D", *DELETES][at % (len(DELETES) + 1)], when.pop())
        key_alone(table, gone)
        table.accept(gone, "deleted_by_key_alone")


def _unknown_flags(block: Block) -> None:
    """Nobody knows what was meant: the row before it stands."""
    table = block.household
    rows = block.rows(HOUSEHOLD, also=block.people.adult)
    when = _moments(block, len(rows))
    for at, row in enumerate(rows):
        copy = later(table, row, UNKNOWN_FLAGS[at % len(UNKNOWN_FLAGS)], when.pop())
        table.put(copy, "household_address", "内蒙古自治区呼和浩特市新城区迎宾路1号")
        table.quarantine(copy, "delete_flag_unknown", "delete_flag.known")


def _future(block: Block) -> None:
    """A version from the future stands where it is alone, and never against another of its key."""
    table, alone = block.household, block.only(HOUSEHOLD)
    for at, row in enumerate(block.rows(HOUSEHOLD, also=alone)):
        table.change(row, "updated_at", IN_FUTURE[at % len(IN_FUTURE)])
        table.from_future.add(row)
        table.flag(row, "version_in_future", "version.future")
    for at, row in enumerate(block.rows(HOUSEHOLD, also=alone)):
        copy = table.copy_row(row)
        table.change(copy, "updated_at", IN_FUTURE[at % len(IN_FUTURE)])
        table.change(copy, "household_address", "内蒙古自治区呼和浩特市新城区未来路1号")
        table.from_future.add(copy)
        table.accept(row, "version_in_future_beside_another")


def _unstated(block: Block) -> None:
    """A row that says nothing about its version is as new as its receipt."""
    table, alone = block.household, block.only(HOUSEHOLD)
    for at, row in enumerate(block.rows(HOUSEHOLD, also=alone)):
        table.put(row, "updated_at", ["", "0001-01-01 00:00:00", "9999-12-31", "无"][at % 4], None)
        table.flag(row, "version_unstated", "version.stated")


def _good_twins(block: Block) -> None:
    """Two rows of one key and version of which one is bad by itself: the other one stands."""
    for at, row in enumerate(block.rows(HOUSEHOLD, also=block.people.adult)):
        bad = block.household.copy_row(row)
        column, value, rule = [
            ("birth_date", "不详", "birth_date.form"),
            ("person_name", "锟斤拷", "person_name.legible"),
            ("household_region", "", "household_region.required"),
        ][at % 3]
        block.household.put(bad, column, value)
        block.household.quarantine(bad, "bad_row_beside_good_twin", rule)
        block.household.accept(row, "good_row_beside_bad_twin")
    for row in block.rows(INSURED):
        bad = block.insurance.copy_row(row)
        block.insurance.put(bad, "enrolled_on", "2099-01-01")
        block.insurance.quarantine(bad, "bad_row_beside_good_twin", "enrolled_on.not_future")
        block.insurance.accept(row, "good_row_beside_bad_twin")


def _forms_given_up(block: Block) -> None:
    """Delivered with 15 digits once, with 18 ever since: the old number still leads to the person."""
    table = block.household
    rows = block.rows(HOUSEHOLD, also=block.people.born < day_number("1995-01-01"))
    when = _moments(block, len(rows))
    for row in rows:
        table.accept(later(table, row, "U", when.pop()), "id_form_given_up")
        number = fifteen(table.sent["id_number"][row])
        table.put(row, "id_number", number)
        table.old_forms[row, "id_number"] = number


def _undated_file(block: Block) -> None:
    """A file without its version column: it is as new as its receipt, newer than all that was delivered before."""
    if block.number:
        return
    table, alone = block.household, block.only(HOUSEHOLD)
    for row in block.rows(HOUSEHOLD, UNDATED_ROWS, alone):
        copy = table.copy_row(row)
        table.part[copy] = UNDATED
        table.put(copy, "updated_at", "", None)
        table.change(copy, "household_address", table.sent["household_address"][row] + "（无更新时间）")
        table.flag(copy, "file_without_version_column", "version.stated")


def _sporadic_file(block: Block) -> None:
    """So few rows that the share of bad ones says nothing about the file: two of five are bad, and it is taken."""
    if block.number:
        return
    table = block.household
    when = _moments(block, 5)
    for at, row in enumerate(block.rows(HOUSEHOLD, 5, block.only(HOUSEHOLD))):
        copy = later(table, row, "U", when.pop())
        table.part[copy] = SPORADIC
        if at % 2:
            table.put(copy, "id_number", wrong_check(table.sent["id_number"][row]))
            table.quarantine(copy, "bad_row_in_small_file", "id_number.check_digit")
        else:
            table.change(copy, "household_address", table.sent["household_address"][row] + "附2号")
            table.accept(copy, "good_row_in_small_file")
