"""Odd files: stale, delivered twice, empty, of a handful of rows, without a column, damaged by what wrote them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulation.among import Among
from simulation.checksums import id_check, id_number
from simulation.contracts import OPERATION
from simulation.defects.id_numbers import wrong_check
from simulation.defects.versions import later, latest_first
from simulation.delivery import Landing
from simulation.planting import Planting
from simulation.subjects import Register
from simulation.table import SPORADIC, UNDATED, Table
from simulation.vocabulary import SEX
from simulation.world.calendar import SINCE, STALE, day_number, iso_days
from simulation.world.drawing import pick_of
from simulation.world.names import brand
from simulation.world.organisations import new_codes
from simulation.world.places import counties

ZEROED_ROWS, SWAPPED_ROWS, UNDATED_ROWS, SPORADIC_ROWS = 40, 20, 12, 5


@dataclass(frozen=True)
class OddFile:
    """A file beside those of the register, delivered after them in its turn."""

    deliver: Callable[[Register, Landing], None]
    turn: int = 0


def undated(column: str, turn: int = 0, *, among: Among) -> Planting:
    """A file without its version column: it is as new as its receipt, newer than all that was delivered before."""

    def plant(register: Register) -> None:
        if register.of.world.number:
            return
        table = register.table
        for row in register.rows(UNDATED_ROWS, among(register)):
            copy = table.copy_row(row)
            table.part[copy] = UNDATED
            table.put(copy, table.version, "", None)
            table.change(copy, column, table.sent[column][row] + "（无更新时间）")
            table.flag(copy, "file_without_version_column", "version.stated")

    return Planting(plant, turn)


def sporadic(number: str, column: str, turn: int = 0, *, among: Among) -> Planting:
    """So few rows that the share of bad ones says nothing about the file: two of five are bad, and it is taken."""

    def plant(register: Register) -> None:
        if register.of.world.number:
            return
        table = register.table
        when = latest_first(register, SPORADIC_ROWS)
        for at, row in enumerate(register.rows(SPORADIC_ROWS, among(register))):
            copy = later(table, row, "U", when.pop())
            table.part[copy] = SPORADIC
            if at % 2:
                table.put(copy, number, wrong_check(table.sent[number][row]))
                table.quarantine(copy, "bad_row_in_small_file", f"{number}.check_digit")
            else:
                table.change(copy, column, table.sent[column][row] + "附2号")
                table.accept(copy, "good_row_in_small_file")

    return Planting(plant, turn)


def _deliver(register: Register, landing: Landing, table: Table, name: str) -> str:
    source = register.source
    return landing.deliver_file(table, list(range(len(table))), f"{source.title}_{name}", source.layout())


def stale(column: str, *, among: Among, turn: int = 0) -> OddFile:
    """What the register held about some people years ago, other addresses among it: it changes nothing."""

    def deliver(register: Register, landing: Landing) -> None:
        rows = register.rows(20, among(register))
        sent: dict[str, list[Any]] = {
            name: [values[row] for row in rows] for name, values in register.table.sent.items()
        }
        sent[column] = [address + "（旧址）" for address in sent[column]]
        sent[register.table.version] = register.moments(len(rows), STALE)
        sent[OPERATION] = ["D" if at == 0 else "" for at in range(len(rows))]
        old = Table(register.source.name, sent, {}, [0] * len(rows))
        name = _deliver(register, landing, old, "20260629_补报")
        landing.truth.file("accept", register.source.name, name, "stale_file")

    return OddFile(deliver, turn)


def delivered_twice(turn: int = 0) -> OddFile:
    """The same bytes under another name."""

    def deliver(register: Register, landing: Landing) -> None:
        source = register.source
        delivered = f"{source.title}_20260630_001{source.form.suffix}"
        again = delivered.replace("_001", "_001_再次报送")
        landing.copy(source.name, delivered, again)
        landing.truth.file("accept", source.name, again, "file_delivered_twice")

    return OddFile(deliver, turn)


def without_records(turn: int = 0) -> OddFile:
    """A header and nothing below it."""

    def deliver(register: Register, landing: Landing) -> None:
        nobody = Table(register.source.name, {column: [] for column in register.table.sent}, {}, [])
        name = _deliver(register, landing, nobody, "20260630_空")
        landing.truth.file("hold", register.source.name, name, "file_without_records", "batch.row_count")

    return OddFile(deliver, turn)


def numbers_cut(turn: int = 0) -> OddFile:
    """People nobody knows, whose numbers a spreadsheet has cut to fifteen digits: each is valid all the same."""

    def deliver(register: Register, landing: Landing) -> None:
        numbers = _numbers_ending_in_zeros(register)
        sent: dict[str, list[Any]] = {name: values[:ZEROED_ROWS] for name, values in register.table.sent.items()}
        sent["id_number"] = numbers
        sent["person_name"] = register.of.world.people.name[:ZEROED_ROWS]
        sent["birth_date"] = [number[6:14] for number in numbers]
        sent["sex"] = [SEX["2"][0]] * ZEROED_ROWS
        sent[register.table.version] = register.moments(ZEROED_ROWS, SINCE)
        sent[OPERATION] = [""] * ZEROED_ROWS
        cut = Table(register.source.name, sent, {}, [0] * ZEROED_ROWS)
        name = _deliver(register, landing, cut, "20260630_截断")
        landing.truth.file("hold", register.source.name, name, "numbers_cut_to_fifteen_digits", "batch.id_endings")

    return OddFile(deliver, turn)


def _numbers_ending_in_zeros(register: Register) -> list[str]:
    rng = register.of.rng
    numbers: dict[str, None] = {}
    while len(numbers) < ZEROED_ROWS:
        region = pick_of(rng, list(counties()), 1)[0]
        born = iso_days(rng.integers(day_number("1950-01-01"), day_number("1999-12-31"), 1))[0].replace("-", "")
        first17 = f"{region}{born}{rng.integers(1, 10)}00"
        if id_check(first17) == "0":
            numbers[id_number(first17)] = None
    return list(numbers)


def headers_swapped(turn: int = 0) -> OddFile:
    """A small file of new organisations whose codes and names stand under each other's header."""

    def deliver(register: Register, landing: Landing) -> None:
        source, world = register.source, register.of.world
        sent: dict[str, list[Any]] = {name: values[:SWAPPED_ROWS] for name, values in register.table.sent.items()}
        sent["credit_code"] = new_codes(register.of.rng, "5", world.organisations.region[:SWAPPED_ROWS])
        sent["entity_name"] = [f"内蒙古{brand(10**6 + at)}新兴协会" for at in range(SWAPPED_ROWS)]
        columns = dict(source.layout())
        columns["credit_code"], columns["entity_name"] = columns["entity_name"], columns["credit_code"]
        swapped = Table(source.name, sent, {}, [0] * SWAPPED_ROWS)
        name = landing.deliver_file(swapped, list(range(SWAPPED_ROWS)), f"{source.title}_20260630_002", columns)
        landing.truth.file("hold", source.name, name, "columns_swapped", "batch.reject_share")

    return OddFile(deliver, turn)
