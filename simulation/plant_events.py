"""Days that cannot be, and what a number says against the row that it stands in."""

from __future__ import annotations

from simulation.block import Block
from simulation.calendar import iso
from simulation.vocabulary import SEX, other_than

HOUSEHOLD, PERMIT, INSURED = "household_registration", "residence_permit", "social_insurance"
DEATH = "death_registration"


def plant_events(block: Block) -> None:
    """Events that have not happened yet or happened in the wrong order, and a sex that the number denies."""
    _not_yet(block)
    _died_before_birth(block)
    _before_birth(block)
    _another_sex(block)


def _not_yet(block: Block) -> None:
    for source, table, columns in (
        (HOUSEHOLD, block.household, ["moved_in_on"]),
        (INSURED, block.insurance, ["last_paid_on", "enrolled_on"]),
        (PERMIT, block.permit, ["issued_on"]),
    ):
        for column in columns:
            for row in block.rows(source):
                table.put(row, column, "2099-01-01")
                table.quarantine(row, "event_in_future", f"{column}.not_future")
    for row in block.rows(DEATH, 1):
        block.death.put(row, "deregistered_on", "2099-01-01")
        block.death.quarantine(row, "event_in_future", "deregistered_on.not_future")


def _died_before_birth(block: Block) -> None:
    for person in block.choose(block.within(DEATH)):
        row = int(block.row[DEATH][person])
        block.death.put(row, "died_on", iso(int(block.people.born[person]) - 20))
        block.death.quarantine(row, "died_before_birth", "death_after_birth")


def _before_birth(block: Block) -> None:
    for source, table, column, rule in (
        (HOUSEHOLD, block.household, "moved_in_on", "moved_in_after_birth"),
        (INSURED, block.insurance, "enrolled_on", "enrolled_after_birth"),
        (INSURED, block.insurance, "last_paid_on", "last_paid_after_birth"),
        (PERMIT, block.permit, "issued_on", "issued_after_birth"),
    ):
        for row in block.rows(source):
            table.change(row, column, "1925-03-01")
            table.flag(row, "event_before_birth", rule)


def _another_sex(block: Block) -> None:
    """The 17th digit says which sex its holder has."""
    for row in block.rows(HOUSEHOLD, also=block.only(HOUSEHOLD)):
        code = other_than(SEX, block.household.column("sex")[row])
        block.household.put(row, "sex", SEX[code][0], code)
        block.household.flag(row, "sex_mismatch", "sex_matches_id")
