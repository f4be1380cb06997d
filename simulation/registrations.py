"""What the registers of other organisations than the first have alike: columns, and what is planted in each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from simulation.among import Among, number_born_before
from simulation.defects import addresses, codes, credit_codes, names, nothing, phones
from simulation.defects import id_numbers as ids
from simulation.defects.counts import MISSPELT, NOT_NEGATIVE, SPELT
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.otherwise_checked import (
    another_code_check,
    another_name,
    another_state,
    code_of_another_register,
    dead_head,
    development_zone,
    name_of_another,
    unknown_to_check,
    unlisted_state,
)
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import (
    Later,
    deleted,
    deleted_by_key_alone,
    deleted_in_another_spelling,
    in_future_beside_another,
    later_on,
    unknown_flag,
    updated,
)
from simulation.planting import Planting, on, twice
from simulation.subjects import Register
from simulation.vocabulary import REGISTERED_STATE
from simulation.world.block import World
from simulation.world.calendar import moments
from simulation.world.drawing import mobile_numbers, street_addresses
from simulation.world.places import counties

REPRESENTATIVE, HEAD = "representative", "head"


def columns_of_all(rng: np.random.Generator, world: World, office: str, head: str = REPRESENTATIVE) -> dict[str, Any]:
    """Columns that every one of them has; `office` is called what in a region gives the codes."""
    organisations, people = world.organisations, world.people
    count = len(organisations)
    return {
        "credit_code": list(organisations.credit_code),
        "entity_name": list(organisations.name),
        f"{head}_name": [people.name[at] for at in organisations.head],
        f"{head}_id": [people.id_number[at] for at in organisations.head],
        "registered_address": street_addresses(rng, organisations.region),
        _phone(head): mobile_numbers(rng, count),
        "state": [REGISTERED_STATE[code][0] for code in organisations.state],
        "registrar": [counties()[code] + office for code in organisations.region],
        "updated_at": moments(rng, count),
        "operation": ["I"] * count,
    }


def due_of_all(world: World) -> dict[str, list[str | None]]:
    """What standard must hold where it is not what is sent."""
    return {"state": list(world.organisations.state)}


def _phone(head: str) -> str:
    return "phone" if head == REPRESENTATIVE else f"{head}_phone"


def _number_of_another_kind(begins: str, typed: Mapping[str, str], among: Among | None) -> Planting:
    """In the place of the code, which may break the rules on how codes begin too."""

    def plant(register: Register) -> None:
        spellings, table = credit_codes.OF_ANOTHER_KIND, register.table
        for at, row in enumerate(register.rows(max(register.each, len(spellings)), among and among(register))):
            spell, checks = spellings[at % len(spellings)]
            number = spell(table.sent["credit_code"][row])
            broken = [f"credit_code.{check}" for check in checks]
            broken += [] if re.match(begins, number) else ["code_fits_register"]
            asked = typed.get(str(table.column("entity_type")[row]) if typed else "")
            broken += [] if asked is None or re.match(asked, number) else ["code_fits_type"]
            table.put(row, "credit_code", number)
            table.quarantine(row, "credit_of_another_kind", *broken)

    return Planting(plant)


def planted_in_all(
    begins: str,
    typed: Mapping[str, str] | None = None,
    *,
    count: str,
    head: str = REPRESENTATIVE,
    among: Among | None = None,
) -> tuple[Planting, ...]:
    """What is planted in each register, by how its codes begin: in all, and by type.

    `count` names a column of a whole number that no rule holds against another one; `among` whose codes may be changed
    without a rule of the register's own being broken by it.
    """
    return (
        on("credit_code", credit_codes.LOWER_CASE),
        on("credit_code", credit_codes.FULL_WIDTH),
        on("credit_code", credit_codes.SPACED),
        on("credit_code", WITH_MARKS),
        on("credit_code", credit_codes.WRONG_CHECK_DIGIT, among=among),
        on("credit_code", credit_codes.OF_ANOTHER_LENGTH, every=True, among=among),
        _number_of_another_kind(begins, typed or {}, among),
        on("credit_code", nothing.required("无"), among=among),
        on("entity_name", names.PADDED_UNEVENLY),
        on("entity_name", nothing.required("NULL")),
        on("entity_name", names.NOT_LEGIBLE),
        on(f"{head}_id", ids.WRONG_CHECK_DIGIT),
        on(f"{head}_id", ids.FIFTEEN_DIGITS, among=number_born_before(f"{head}_id", "2000")),
        on(f"{head}_id", nothing.NULL_TOKEN),
        on(f"{head}_name", names.OF_NOBODY_THOUGH_OPTIONAL),
        on(f"{head}_name", names.MASKED),
        on("registered_address", addresses.STREET_LOST),
        on(_phone(head), phones.ZEROS),
        on(_phone(head), phones.SEVERAL, count=twice),
        on("state", codes.other_label(REGISTERED_STATE, 1, 0, code_itself=True)),
        on(count, SPELT, every=True),
        on(count, MISSPELT),
        on(count, NOT_NEGATIVE),
        unlisted_state(),
        another_code_check(among),
        development_zone(among),
        code_of_another_register(begins[1], typed or {}, among),
        unknown_to_check(),
        another_name(),
        name_of_another(),
        another_state(),
        dead_head(head),
        repetition(),
        contradiction("registrar", "内蒙古自治区登记机关"),
        later_on(
            Later(updated("registered_address", "附1号")),
            Later(deleted),
            Later(deleted_in_another_spelling),
            Later(deleted_by_key_alone("D")),
            Later(unknown_flag()),
        ),
        in_future_beside_another("registered_address"),
    )
