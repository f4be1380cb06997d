"""Whole files about people that are odd: stale, delivered twice, empty, or damaged by the program that wrote them."""

from __future__ import annotations

from typing import Any

from simulation.block import Block
from simulation.calendar import SINCE, STALE, day_number, iso_days, moments
from simulation.checksums import id_check, id_number
from simulation.delivery import Landing
from simulation.drawing import pick_of
from simulation.regions import counties
from simulation.sources import sources
from simulation.table import Table
from simulation.vocabulary import SEX

HOUSEHOLD, INSURANCE = "household_registration", "social_insurance"
ZEROED_ROWS = 40


def deliver_odd_files(block: Block, landing: Landing) -> None:
    """Files that change nothing: an old snapshot, a copy, one without records, and one with numbers cut short."""
    old = _snapshot(block, block.rows(HOUSEHOLD, 20, block.people.adult))
    name = landing.deliver_file(
        old, list(range(len(old))), f"{sources()[HOUSEHOLD].title}_20260629_补报", sources()[HOUSEHOLD].layout()
    )
    landing.truth.file("accept", HOUSEHOLD, name, "stale_file")
    delivered = f"{sources()[HOUSEHOLD].title}_20260630_001{sources()[HOUSEHOLD].form.suffix}"
    again = delivered.replace("_001", "_001_再次报送")
    landing.copy(HOUSEHOLD, delivered, again)
    landing.truth.file("accept", HOUSEHOLD, again, "file_delivered_twice")
    nobody = Table(INSURANCE, {column: [] for column in block.insurance.sent}, {}, [])
    name = landing.deliver_file(nobody, [], f"{sources()[INSURANCE].title}_20260630_空", sources()[INSURANCE].layout())
    landing.truth.file("hold", INSURANCE, name, "file_without_records", "batch.row_count")
    cut = _cut_numbers(block)
    name = landing.deliver_file(
        cut, list(range(len(cut))), f"{sources()[HOUSEHOLD].title}_20260630_截断", sources()[HOUSEHOLD].layout()
    )
    landing.truth.file("hold", HOUSEHOLD, name, "numbers_cut_to_fifteen_digits", "batch.id_endings")


def _snapshot(block: Block, rows: list[int]) -> Table:
    """What the household register held about some people years ago."""
    source = block.household
    sent: dict[str, list[Any]] = {column: [values[row] for row in rows] for column, values in source.sent.items()}
    sent["household_address"] = [address + "（旧址）" for address in sent["household_address"]]
    sent["updated_at"] = moments(block.rng, len(rows), 0, STALE)
    sent["operation"] = ["D" if at == 0 else "" for at in range(len(rows))]
    return Table(HOUSEHOLD, sent, {}, [0] * len(rows))


def _cut_numbers(block: Block) -> Table:
    """People nobody knows, whose numbers a spreadsheet has cut to fifteen digits: each is valid all the same."""
    numbers: dict[str, None] = {}
    while len(numbers) < ZEROED_ROWS:
        region = pick_of(block.rng, list(counties()), 1)[0]
        born = iso_days(block.rng.integers(day_number("1950-01-01"), day_number("1999-12-31"), 1))[0].replace("-", "")
        first17 = f"{region}{born}{block.rng.integers(1, 10)}00"
        if id_check(first17) == "0":
            numbers[id_number(first17)] = None
    sent: dict[str, list[Any]] = {column: values[:ZEROED_ROWS] for column, values in block.household.sent.items()}
    sent["id_number"] = list(numbers)
    sent["person_name"] = block.people.name[:ZEROED_ROWS]
    sent["birth_date"] = [number[6:14] for number in numbers]
    sent["sex"] = [SEX["2"][0]] * ZEROED_ROWS
    sent["updated_at"] = moments(block.rng, ZEROED_ROWS, 0, SINCE)
    sent["operation"] = [""] * ZEROED_ROWS
    return Table(HOUSEHOLD, sent, {}, [0] * ZEROED_ROWS)
