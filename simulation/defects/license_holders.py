"""Defects and oddities of who holds an e-licence, and of what its type says of issuer and holder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simulation.checksums import credit_check, id_number
from simulation.licenses import ORGANISATION, PERSON, TYPES, Holder, with_type
from simulation.planting import Planting
from simulation.publications import Subject, dead_people, living_people, organisation, organisations_ended, person
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.vocabulary import HOLDER_CODE_TYPE
from simulation.world.people import Mask

ISSUER_OF_TYPE, HOLDER_OF_TYPE, TYPE_LISTED = "issuer_of_type", "holder_of_type", "type_code.listed"
PASSPORT = "414"


def holder_of(subject: Subject) -> Holder:
    return Holder(subject.code, subject.name, ORGANISATION if subject.credit_code else PERSON)


def held_by(code_type: str) -> Callable[[Register], Mask]:
    """A mask by row: licences whose holder is known by such a code."""

    def mask(register: Register) -> Mask:
        return np.array([kind == code_type for kind in register.table.column("holder_code_type")[: register.subjects]])

    return mask


OF_ORGANISATION, OF_PERSON = held_by(ORGANISATION), held_by(PERSON)


def _hold(table: Table, row: int, subject: Subject) -> None:
    """Somebody else holds the licence, and says so."""
    holder, meant = holder_of(subject), table.meant
    table.change(row, "holder_code", holder.code)
    _rename(table, row, holder.name)
    table.put(row, "holder_code_type", HOLDER_CODE_TYPE[holder.code_type][0], holder.code_type)
    meant["credit_code"][row], meant["id_number"][row] = subject.credit_code, subject.id_number
    meant["method"][row] = "credit_code" if subject.credit_code else "id_number"
    meant["candidates"][row], meant["subject_region"][row] = subject.code, subject.region


def _rename(table: Table, row: int, name: str) -> None:
    table.change(row, "holder_name", name)
    table.due["holder_key"][row] = name_key(name)


def _nobody(table: Table, row: int) -> None:
    for name in ("credit_code", "id_number", "method", "candidates", "subject_region"):
        table.meant[name][row] = None


def _of_ended(register: Register) -> None:
    world = register.of.world
    ended = organisations_ended(world)
    for at, row in enumerate(register.rows(also=OF_ORGANISATION(register))):
        _hold(register.table, row, organisation(world, ended[at % len(ended)]))
        register.table.accept(row, "license_of_ended_entity")


def _of_dead(register: Register) -> None:
    world = register.of.world
    dead = dead_people(world)
    for at, row in enumerate(register.rows(also=OF_PERSON(register))):
        _hold(register.table, row, person(world, dead[at % len(dead)]))
        register.table.accept(row, "license_of_dead_person")


def _unknown_organisation(register: Register) -> None:
    table = register.table
    for row in register.rows(also=OF_ORGANISATION(register)):
        table.change(row, "holder_code", _code_of_nobody(table.sent["holder_code"][row]))
        _rename(table, row, f"外省{row}号商贸有限公司")
        _nobody(table, row)
        table.accept(row, "license_holder_unknown")


def _code_of_nobody(code: str) -> str:
    """A code that fits its check and that nobody has: of a department of culture, with its organisation code."""
    first17 = "49" + code[2:17]
    return first17 + credit_check(first17)


def _known_by_name_alone(register: Register) -> None:
    """The name is an organisation's, the code nobody's: that is a candidate, and decides nothing."""
    table = register.table
    for row in register.rows(also=OF_ORGANISATION(register)):
        candidate = table.meant["candidates"][row]
        table.change(row, "holder_code", _code_of_nobody(table.sent["holder_code"][row]))
        _nobody(table, row)
        table.meant["method"][row], table.meant["candidates"][row] = "name", candidate
        table.accept(row, "license_holder_known_by_name")


def _unknown_person(register: Register) -> None:
    """Sequences above 980 are nobody's."""
    table = register.table
    for row in register.rows(also=OF_PERSON(register)):
        table.change(row, "holder_code", id_number(f"{table.sent['holder_code'][row][:14]}98{1 + row % 9}"))
        _nobody(table, row)
        table.accept(row, "license_person_unknown")


def _by_passport(register: Register) -> None:
    """Somebody of whom no register tells, and nothing is to be found."""
    table = register.table
    for row in register.rows(also=OF_PERSON(register)):
        table.put(row, "holder_code_type", HOLDER_CODE_TYPE[PASSPORT][0], PASSPORT)
        table.change(row, "holder_code", f"E{70_000_000 + row}")
        _nobody(table, row)
        table.accept(row, "license_holder_by_passport")


def _by_organisation_code(register: Register) -> None:
    table = register.table
    for row in register.rows(also=OF_ORGANISATION(register)):
        table.put(row, "holder_code_type", "", None)
        table.change(row, "holder_code", table.sent["holder_code"][row][8:17])
        table.meant["method"][row] = "organisation_code"
        table.accept(row, "license_holder_by_organisation_code")


def _of_unknown_type(register: Register) -> None:
    table = register.table
    for row in register.rows():
        type_code = table.sent["type_code"][row][:18] + "9ZZ"
        table.change(row, "license_identifier", with_type(table.sent["license_identifier"][row], type_code))
        table.change(row, "type_code", type_code)
        table.flag(row, "license_type_unknown", TYPE_LISTED)


def _issued_by_others(register: Register) -> None:
    """An agency of another kind issued it."""
    table = register.table
    for row in register.rows():
        other = next(kind for kind in TYPES if kind.code != table.sent["type_code"][row])
        table.change(row, "issuer", other.issuer(table.sent["issuer_code"][row][2:8])[1])
        table.flag(row, "license_issuer_not_of_type", ISSUER_OF_TYPE)


def _held_by_others(register: Register) -> None:
    """A person holds what organisations hold."""
    world: Any = register.of.world
    people = living_people(world)
    for at, row in enumerate(register.rows(also=OF_ORGANISATION(register))):
        _hold(register.table, row, person(world, people[at % len(people)]))
        register.table.flag(row, "license_holder_not_of_type", HOLDER_OF_TYPE)


PLAN = tuple(
    Planting(plant)
    for plant in (
        _of_ended,
        _of_dead,
        _unknown_organisation,
        _known_by_name_alone,
        _unknown_person,
        _by_passport,
        _by_organisation_code,
        _of_unknown_type,
        _issued_by_others,
        _held_by_others,
    )
)
