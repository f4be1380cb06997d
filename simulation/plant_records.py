"""Defects of whole records and files about people: broken, repeated, contradictory, updated, deleted, stale."""

from __future__ import annotations

from simulation.block import Block
from simulation.calendar import SINCE, moments
from simulation.table import LATER, Broken, Table

HOUSEHOLD, PERMIT, INSURANCE = "household_registration", "residence_permit", "social_insurance"


def plant_records(block: Block) -> None:
    """What happens to records rather than to their values."""
    _broken(block)
    _contradictions(block)
    _repetitions(block)
    _updates(block)


def _broken(block: Block) -> None:
    settled = block.people.adult
    for source, table in ((HOUSEHOLD, block.household), (INSURANCE, block.insurance)):
        for how in (Broken.TOO_MANY_CELLS, Broken.TOO_FEW_CELLS):
            for row in block.rows(source, also=settled):
                table.damage(row, how, "row.ragged")
    for row in block.rows(HOUSEHOLD, also=settled):
        block.household.damage(row, Broken.UNDECODABLE, "row.undecodable")
    for row in block.weddings(max(block.each, 2)):
        block.marriage.damage(row, Broken.NO_JSON, "row.unreadable")


def _contradictions(block: Block) -> None:
    for source, table, column, other in (
        (HOUSEHOLD, block.household, "workplace", "呼和浩特铁路局"),
        (INSURANCE, block.insurance, "contribution_base", "3999.00"),
        (PERMIT, block.permit, "residence_reason", "其他原因"),
    ):
        for row in block.rows(source):
            twin = table.copy_row(row)
            table.put(twin, column, other)
            for each in (row, twin):
                table.quarantine(each, "row_contradiction", "row.contradiction")


def _repetitions(block: Block) -> None:
    for source, table in ((HOUSEHOLD, block.household), (INSURANCE, block.insurance), (PERMIT, block.permit)):
        # One copy each: of several, all flagged, standard would show only the last.
        for row in block.rows(source):
            table.flag(table.copy_row(row), "row_repeated", "row.repeated")
    for row in block.weddings():
        block.marriage.flag(block.marriage.copy_row(row), "row_repeated", "row.repeated")


def _updates(block: Block) -> None:
    table, count = block.household, len(block.people) // 200 + block.each
    changed = block.rows(HOUSEHOLD, count, block.people.adult)
    deleted = block.rows(HOUSEHOLD, also=block.people.adult)
    restored = block.rows(HOUSEHOLD, also=block.people.adult)
    when = sorted(moments(block.rng, count + 3 * block.each, 0, SINCE), reverse=True)
    for row in changed:
        copy = later(table, row, "U", when.pop())
        table.change(copy, "household_address", table.sent["household_address"][row] + "附1号")
        table.accept(copy, "updated_row")
    for row in deleted:
        table.accept(later(table, row, "D", when.pop()), "deleted_row")
    for row in restored:
        table.accept(later(table, row, "D", when.pop()), "deleted_and_restored")
        table.accept(later(table, row, "A", when.pop()), "deleted_and_restored")


def later(table: Table, row: int, operation: str, moment: str) -> int:
    """The record once more in the later file, with another operation and moment of update; gives the new row."""
    copy = table.copy_row(row)
    table.part[copy] = LATER
    table.put(copy, "operation", operation)
    table.change(copy, "updated_at", moment)
    if operation == "D":
        table.withdrawing.add(copy)
    return copy
