"""What shows only when the registers of legal entities are held against each other, and their odd files."""

from __future__ import annotations

from typing import Any

from simulation.calendar import SINCE, moments
from simulation.contracts import contract
from simulation.delivery import Landing
from simulation.entities import new_codes
from simulation.names import brand
from simulation.registers import Registers
from simulation.sources import sources
from simulation.table import LATER, Table
from simulation.vocabulary import ENTITY_STATE, other_than

CIVIL = "civil_organisation"
SWAPPED_ROWS = 20


def plant_entity_relations(registers: Registers) -> None:
    """Codes nobody issued, names and codes that do not belong together, states that differ, later deliveries."""
    _states_differ(registers)
    _unlisted_state(registers)
    _two_names(registers)
    _two_codes(registers)
    _updates(registers)
    _unknown_to_check(registers)


def _states_differ(registers: Registers) -> None:
    for row in registers.in_market():
        code = other_than(ENTITY_STATE, registers.check.sent["state"][row])
        registers.check.change(row, "state", code)
        registers.truth.conflict("legal_entity", registers.entities.credit_code[row], "state", "conflict_state")


def _unlisted_state(registers: Registers) -> None:
    # Kept as sent, the label that no list holds also differs from the state in the check list.
    for row in registers.in_market():
        registers.market.change(row, "state", "筹建中")
        registers.market.flag(row, "code_unlisted", "state.listed")
        registers.truth.conflict("legal_entity", registers.entities.credit_code[row], "state", "code_unlisted")


def _two_names(registers: Registers) -> None:
    entities, truth = registers.entities, registers.truth
    both = [*registers.in_market(), *(row + entities.market for row in registers.in_civil())]
    for at in both:
        registers.check.change(at, "entity_name", "原" + entities.name[at])
        truth.conflict("legal_entity", entities.credit_code[at], "entity_name", "code_with_two_names")
        truth.finding("legal_entity", "code_with_two_names", entities.credit_code[at], rows=2)


def _two_codes(registers: Registers) -> None:
    entities = registers.entities
    chosen = registers.in_market(2 * registers.each)
    for one, other in zip(chosen[::2], chosen[1::2], strict=False):
        for table in (registers.market, registers.check):
            table.change(other, "entity_name", entities.name[one])
        for at in (one, other):
            registers.truth.finding("legal_entity", "name_with_two_codes", entities.credit_code[at], rows=2)


def _updates(registers: Registers) -> None:
    market, check = registers.market, registers.check
    changed, deleted, unlisted = registers.in_market(), registers.in_market(), registers.in_market()
    when = moments(registers.rng, 2 * registers.each, 0, SINCE)
    for row in changed:
        copy = _later(market, row, "U", when.pop())
        market.change(copy, "registered_address", market.sent["registered_address"][row] + "附1号")
        market.accept(copy, "updated_row")
    for row in deleted:
        market.accept(_later(market, row, "D", when.pop()), "deleted_row")
    for row, moment in zip(unlisted, moments(registers.rng, len(unlisted), 2, SINCE), strict=True):
        check.accept(_later(check, row, "D", moment), "deleted_row")
        registers.truth.finding("legal_entity", "code_unknown_to_check", registers.entities.credit_code[row])


def _later(table: Table, row: int, operation: str, moment: str) -> int:
    copy = table.copy_row(row)
    table.part[copy] = LATER
    table.put(copy, "operation", operation)
    table.change(copy, "updated_at", moment)
    if operation == "D":
        table.withdrawing.add(copy)
    return copy


def _unknown_to_check(registers: Registers) -> None:
    """The codes of some entities were never issued: they are left out of the check list."""
    first = registers.entities.market
    absent = {*registers.in_market(), *(row + first for row in registers.in_civil())}
    for at in sorted(absent):
        registers.truth.finding("legal_entity", "code_unknown_to_check", registers.entities.credit_code[at])
        registers.check.leave_out(at)


def deliver_swapped_file(registers: Registers, landing: Landing) -> None:
    """A small file of new organisations under two headers that changed places."""
    civil = registers.civil
    sent: dict[str, list[Any]] = {column: values[:SWAPPED_ROWS] for column, values in civil.sent.items()}
    sent["credit_code"] = new_codes(registers.rng, "5", registers.entities.region[:SWAPPED_ROWS])
    sent["entity_name"] = [f"内蒙古{brand(10**6 + at)}新兴协会" for at in range(SWAPPED_ROWS)]
    columns = dict(contract(CIVIL).headers)
    columns["credit_code"], columns["entity_name"] = columns["entity_name"], columns["credit_code"]
    swapped = Table(CIVIL, sent, {}, [0] * SWAPPED_ROWS)
    name = landing.deliver_file(swapped, list(range(SWAPPED_ROWS)), f"{sources()[CIVIL].title}_20260630_002", columns)
    landing.truth.file("hold", CIVIL, name, "columns_swapped", "batch.reject_share")
