"""Finding `code_unknown_to_check`: an organisation's code is not, or no longer, in the check list."""

from __future__ import annotations

from simulation.defects.versions import DELETES, deleted, later, withdraw
from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.table import Broken
from simulation.world.calendar import SINCE
from simulation.world.names import LOST

MARKET, CIVIL, CHECK = "market_entity", "civil_organisation", "credit_code_check"


def _found(organisations: Subjects, at: int) -> None:
    code = organisations.world.organisations.credit_code[at]
    organisations.truth.finding("legal_entity", "code_unknown_to_check", code)


def _illegible(organisations: Subjects) -> None:
    """A record that is kept out of the check list makes its code unknown there."""
    first, check = organisations.world.organisations.market, organisations[CHECK].table
    for row in organisations[CIVIL].rows():
        check.put(row + first, "entity_name", LOST[0])
        check.quarantine(row + first, "name_mojibake", "entity_name.legible")
        _found(organisations, row + first)


def _undecodable(organisations: Subjects) -> None:
    for row in organisations[MARKET].rows():
        organisations[CHECK].table.damage(row, Broken.UNDECODABLE, "row.undecodable")
        _found(organisations, row)


def _deleted(organisations: Subjects) -> None:
    """What both registers deliver later: addresses and deletions in the one, deletions in the other."""
    market, check = organisations[MARKET], organisations[CHECK]
    changed, gone, unlisted = market.rows(), market.rows(), market.rows()
    when = market.moments(2 * organisations.each, SINCE)
    for row in changed:
        copy = later(market.table, row, "U", when.pop())
        market.table.change(copy, "registered_address", market.table.sent["registered_address"][row] + "附1号")
        market.table.accept(copy, "updated_row")
    for at, row in enumerate(gone):
        deleted(market.table, row, at, when.pop())
    for at, (row, moment) in enumerate(zip(unlisted, check.moments(len(unlisted), SINCE), strict=True)):
        deleted(check.table, row, at, moment)
        _found(organisations, row)


def _deleted_in_another_spelling(organisations: Subjects) -> None:
    check, unlisted = organisations[CHECK], organisations[MARKET].rows()
    for at, (row, moment) in enumerate(zip(unlisted, check.moments(len(unlisted), SINCE), strict=True)):
        gone = withdraw(check.table, row, DELETES[(at + 3) % len(DELETES)], moment)
        check.table.accept(gone, "deleted_in_another_spelling")
        _found(organisations, row)


def _never_issued(organisations: Subjects) -> None:
    first = organisations.world.organisations.market
    absent = {*organisations[MARKET].rows(), *(row + first for row in organisations[CIVIL].rows())}
    for at in sorted(absent):
        _found(organisations, at)
        organisations[CHECK].table.leave_out(at)


PLAN = [
    Relation(About.ORGANISATIONS, _illegible, 134),
    Relation(About.ORGANISATIONS, _undecodable, 175),
    Relation(About.ORGANISATIONS, _deleted, 205),
    Relation(About.ORGANISATIONS, _never_issued, 206),
    Relation(About.ORGANISATIONS, _deleted_in_another_spelling, 318),
]
