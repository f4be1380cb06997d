"""What shows when a register of other organisations is held against the check list's file about them, or the dead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simulation.among import Among
from simulation.checksums import credit_check
from simulation.defects.credit_codes import around_another_check, of_development_zone
from simulation.planting import Planting
from simulation.subjects import Register
from simulation.table import Table
from simulation.vocabulary import ENTITY_STATE, other_than

CHECK, DATABASE = "credit_code_check", "legal_entity"


def _check(register: Register) -> Table:
    """Row n of both is about organisation n."""
    return register.of[CHECK].table


def _code(register: Register, row: int) -> str:
    return register.of.world.organisations.credit_code[row]


def unknown_to_check() -> Planting:
    """Finding `code_unknown_to_check`: the check list was never told of the organisation."""

    def plant(register: Register) -> None:
        for row in register.rows():
            _check(register).leave_out(row)
            register.of.truth.finding(DATABASE, "code_unknown_to_check", _code(register, row))

    return Planting(plant)


def another_name() -> Planting:
    """Finding `code_with_two_names`: the check list has the organisation under another name."""

    def plant(register: Register) -> None:
        truth = register.of.truth
        for row in register.rows():
            _check(register).change(row, "entity_name", "原" + register.of.world.organisations.name[row])
            truth.conflict(DATABASE, _code(register, row), "entity_name", "code_with_two_names")
            truth.finding(DATABASE, "code_with_two_names", _code(register, row), rows=2)

    return Planting(plant)


def name_of_another() -> Planting:
    """Finding `name_with_two_codes`: two organisations of one name, in the register as in the check list."""

    def plant(register: Register) -> None:
        names, chosen = register.of.world.organisations.name, register.rows(2 * register.each)
        for first, other in zip(chosen[::2], chosen[1::2], strict=False):
            for table in (register.table, _check(register)):
                table.change(other, "entity_name", names[first])
            for row in (first, other):
                register.of.truth.finding(DATABASE, "name_with_two_codes", _code(register, row), rows=2)

    return Planting(plant)


def another_state() -> Planting:
    """Conflict: the check list has another state."""

    def plant(register: Register) -> None:
        check = _check(register)
        for row in register.rows():
            check.change(row, "state", other_than(ENTITY_STATE, check.sent["state"][row]))
            register.of.truth.conflict(DATABASE, _code(register, row), "state", "conflict_state")

    return Planting(plant)


def unlisted_state() -> Planting:
    """Conflict: a label that no list holds, kept as it is sent, is also another one than the check list's."""

    def plant(register: Register) -> None:
        for row in register.rows():
            register.table.change(row, "state", "筹建中")
            register.table.flag(row, "code_unlisted", "state.listed")
            register.of.truth.conflict(DATABASE, _code(register, row), "state", "code_unlisted")

    return Planting(plant)


def another_code_check(among: Among | None = None) -> Planting:
    """Codes around organisation codes whose own check is another one, in both lists."""

    def plant(register: Register) -> None:
        for row in register.rows(also=among and among(register)):
            code = around_another_check(_code(register, row))
            _issue(register, row, code, "organisation_check", "credit_code.organisation_check")

    return Planting(plant)


def development_zone(among: Among | None = None) -> Planting:
    """Codes of development zones, whose region no list holds, in both lists."""

    def plant(register: Register) -> None:
        for at, row in enumerate(register.rows(also=among and among(register))):
            code = of_development_zone(_code(register, row), at)
            _issue(register, row, code, "credit_region_unknown", "credit_code.region")

    return Planting(plant)


def code_of_another_register(department: str, typed: Mapping[str, str], among: Among | None = None) -> Planting:
    """Codes of the category 9, of others, in both lists: no type of the register's own has it."""

    def plant(register: Register) -> None:
        for row in register.rows(also=among and among(register)):
            first17 = department + "9" + _code(register, row)[2:17]
            code, kind = first17 + credit_check(first17), "code_of_another_register"
            for table in (register.table, _check(register)):
                table.change(row, "credit_code", code)
            register.table.flag(row, kind, "code_fits_register", *(["code_fits_type"] if typed else []))

    return Planting(plant)


def _issue(register: Register, row: int, code: str, kind: str, rule: str) -> None:
    for table in (register.table, _check(register)):
        table.change(row, "credit_code", code)
        table.flag(row, kind, rule)


def dead_head(head: str) -> Planting:
    """Finding `representative_dead`: what heads the organisation is somebody who died; the truth knows it in the end.

    Not every certificate of death is fit to be believed: more rows than elsewhere.
    """

    def plant(register: Register) -> None:
        people = register.of.world.people
        dead = np.flatnonzero(~people.alive).tolist()
        active = np.array(register.of.world.organisations.state) == "1"
        for at, row in enumerate(register.rows(2 * register.each + 2, active)):
            person = dead[(at * 7 + row) % len(dead)]
            register.table.change(row, f"{head}_name", people.name[person])
            register.table.change(row, f"{head}_id", people.id_number[person])
            register.table.accept(row, "head_dead")

    return Planting(plant)
