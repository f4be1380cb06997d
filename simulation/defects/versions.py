"""Defects and oddities of a record's version and delete flag: which of several rows about somebody counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulation.among import Among
from simulation.contracts import OPERATION, contract
from simulation.defects.id_numbers import FIFTEEN_DIGITS
from simulation.planting import Count, Planting, flagged
from simulation.subjects import Register
from simulation.table import LATER, Table
from simulation.world.calendar import SINCE

# Spellings of "delete", all of which withdraw the key; and flags that no contract knows.
DELETES = ["d", "Ｄ", "D\u3000", "删除", "DELETE", "delete", " D"]
UNKNOWN_FLAGS = ["X", "9", "作"]
IN_FUTURE = ["2099-01-01 00:00:00", "2099-12-31 23:59:59", "2088-08-08 08:00:00"]
ADDRESS_OF_FUTURE = "内蒙古自治区呼和浩特市新城区未来路1号"
ADDRESS_UNHEARD = "内蒙古自治区呼和浩特市新城区迎宾路1号"
# A row that says nothing about its version is as new as its receipt.
UNSTATED = flagged("version_unstated", "", "0001-01-01 00:00:00", "9999-12-31", "无", due=None)


def later(table: Table, row: int, operation: str, moment: str) -> int:
    """The record once more in the later file, with another operation and moment of update; gives the new row."""
    copy = table.copy_row(row)
    table.part[copy] = LATER
    table.put(copy, OPERATION, operation)
    table.change(copy, table.version, moment)
    if operation == "D":
        table.withdrawing.add(copy)
    return copy


def withdraw(table: Table, row: int, flag: str, moment: str) -> int:
    """A later row that deletes the record; gives it."""
    copy = later(table, row, flag, moment)
    table.withdrawing.add(copy)
    return copy


def key_alone(table: Table, row: int) -> None:
    """Nothing but key, version and operation are left in the row."""
    layout = contract(table.source)
    kept = {*layout.key, table.version, OPERATION, *(layout.split[name] for name in layout.key if name in layout.split)}
    for column in layout.headers:
        if column not in kept:
            table.put(row, column, "", None)
    for column in layout.split.keys() - layout.key:
        table.due[column][row] = None


# What is delivered of a row at a moment; the number tells the rows of one kind apart.
Delivery = Callable[[Table, int, int, str], None]


@dataclass(frozen=True)
class Later:
    """Rows of which something is delivered later, `count` of them or as many as every kind gets."""

    deliver: Delivery
    count: Count | None = None


def later_on(*kinds: Later, turn: int = 0, among: Among | None = None) -> Planting:
    """Later deliveries; each kind's rows are chosen before any moment is."""

    def plant(register: Register) -> None:
        mask = among and among(register)
        chosen = [register.rows(kind.count and kind.count(register.each), mask) for kind in kinds]
        when = latest_first(register, sum(map(len, chosen)))
        for kind, rows in zip(kinds, chosen, strict=True):
            for at, row in enumerate(rows):
                kind.deliver(register.table, row, at, when.pop())

    return Planting(plant, turn)


def latest_first(register: Register, count: int) -> list[str]:
    """Moments to be taken from the end, the earliest first."""
    return sorted(register.moments(count, SINCE), reverse=True)


def deleted(table: Table, row: int, at: int, moment: str) -> None:
    table.accept(later(table, row, "D", moment), "deleted_row")


def deleted_in_another_spelling(table: Table, row: int, at: int, moment: str) -> None:
    table.accept(withdraw(table, row, DELETES[at % len(DELETES)], moment), "deleted_in_another_spelling")


def deleted_by_key_alone(*flags: str) -> Delivery:
    """The flags take turns."""

    def deliver(table: Table, row: int, at: int, moment: str) -> None:
        gone = withdraw(table, row, flags[at % len(flags)], moment)
        key_alone(table, gone)
        table.accept(gone, "deleted_by_key_alone")

    return deliver


def unknown_flag(beside: dict[str, str] | None = None) -> Delivery:
    """Nobody knows what was meant: the row before it stands, whatever else is written `beside` the flag."""

    def deliver(table: Table, row: int, at: int, moment: str) -> None:
        copy = later(table, row, UNKNOWN_FLAGS[at % len(UNKNOWN_FLAGS)], moment)
        for column, value in (beside or {}).items():
            table.put(copy, column, value)
        table.quarantine(copy, "delete_flag_unknown", "delete_flag.known")

    return deliver


def updated(column: str, ending: str) -> Delivery:
    """A value that has got longer since."""

    def deliver(table: Table, row: int, at: int, moment: str) -> None:
        copy = later(table, row, "U", moment)
        table.change(copy, column, table.sent[column][row] + ending)
        table.accept(copy, "updated_row")

    return deliver


def form_given_up(column: str) -> Delivery:
    """Delivered with 15 digits once, with 18 ever since: the old number still leads to the person."""

    def deliver(table: Table, row: int, at: int, moment: str) -> None:
        table.accept(later(table, row, "U", moment), "id_form_given_up")
        FIFTEEN_DIGITS.respell(table, row, column)

    return deliver


def in_future(turn: int = 0, *, among: Among) -> Planting:
    """A version from the future stands where it is alone."""

    def plant(register: Register) -> None:
        for at, row in enumerate(register.rows(also=among(register))):
            register.table.change(row, register.table.version, IN_FUTURE[at % len(IN_FUTURE)])
            register.table.from_future.add(row)
            register.table.flag(row, "version_in_future", "version.future")

    return Planting(plant, turn)


def in_future_beside_another(column: str, turn: int = 0, *, among: Among | None = None) -> Planting:
    """A version from the future, with another address in the column, never stands against another of its key."""

    def plant(register: Register) -> None:
        table = register.table
        for at, row in enumerate(register.rows(also=among and among(register))):
            copy = table.copy_row(row)
            table.change(copy, table.version, IN_FUTURE[at % len(IN_FUTURE)])
            table.change(copy, column, ADDRESS_OF_FUTURE)
            table.from_future.add(copy)
            table.accept(row, "version_in_future_beside_another")

    return Planting(plant, turn)


def good_twins(*bad: tuple[str, str, str], turn: int = 0, among: Among | None = None) -> Planting:
    """Two rows of one key and version of which one is bad by itself (column, value, check): the other one stands."""

    def plant(register: Register) -> None:
        for at, row in enumerate(register.rows(also=among and among(register))):
            twin = register.table.copy_row(row)
            column, value, check = bad[at % len(bad)]
            register.table.put(twin, column, value)
            register.table.quarantine(twin, "bad_row_beside_good_twin", f"{column}.{check}")
            register.table.accept(row, "good_row_beside_bad_twin")

    return Planting(plant, turn)


def changed_deleted_restored(column: str, turn: int = 0, *, among: Among) -> Planting:
    """What happens to records in the course of time, most often a longer address in the column."""

    def plant(register: Register) -> None:
        table, mask = register.table, among(register)
        count = len(register.of) // 200 + register.each
        changed, gone, restored = (register.rows(some, mask) for some in (count, None, None))
        when = latest_first(register, count + 3 * register.each)
        for at, row in enumerate(changed):
            updated(column, "附1号")(table, row, at, when.pop())
        for at, row in enumerate(gone):
            deleted(table, row, at, when.pop())
        for row in restored:
            for operation in "DA":
                table.accept(later(table, row, operation, when.pop()), "deleted_and_restored")

    return Planting(plant, turn)
