"""The tables that follow from the registers of organisations: who heads them, and what the check list says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulation.contracts import contract
from simulation.truth.golden import name_key
from simulation.truth.standing import Standing

Columns = dict[str, list[str | None]]
CHECK, VENUE = "credit_code_check", "religious_venue"
ENDED = ("3", "4")  # cancelled, revoked


@dataclass(frozen=True)
class Head:
    """Whom a row of a register names as the head of an organisation."""

    credit_code: str
    id_number: str


def heads(registers: Iterable[Standing]) -> list[Head]:
    """The heads that rows of registers name by their numbers; one for each such row."""
    found = []
    for register in registers:
        column = "head_id" if register.table.source == VENUE else "representative_id"
        if column in contract(register.table.source).headers:
            rows = zip(register.values("credit_code"), register.values(column), strict=True)
            found += [Head(str(code), number) for code, number in rows if number]
    return found


def dead_heads(
    headed: Iterable[Head], died: Mapping[str, str | None], entities: Mapping[str, Mapping[str, str | None]]
) -> list[Head]:
    """Those whose death is registered, of organisations that go on."""
    return [
        head
        for head in headed
        if died.get(head.id_number) is not None and entities[head.credit_code]["state"] not in ENDED
    ]


def representatives(entities: Mapping[str, Mapping[str, str | None]], died: Mapping[str, str | None]) -> Columns:
    """One row per golden record that has a head: whether that is somebody known, and the day of death."""
    names = ["credit_code", "representative_id", "representative_name", "is_known_person", "died_on"]
    rows = []
    for code, entity in entities.items():
        number, name = entity["representative_id"], entity["representative_name"]
        if number or name:
            known = number is not None and number in died
            rows.append([code, number, name, "true" if known else "false", died.get(number or "")])
    return _columns(names, rows)


def code_checks(registers: Sequence[Standing]) -> Columns:
    """One row per code of a register: what the check list says of it."""
    names: dict[str, set[str]] = defaultdict(set)
    listed: dict[str, list[str | None]] = {}
    for register in registers:
        if register.table.source == CHECK:
            held = ("entity_name", "state", "check_result", "checked_on")
            rows = zip(*(register.values(name) for name in held), strict=True)
            listed |= dict(zip(map(str, register.values("credit_code")), map(list, rows), strict=True))
        elif contract(register.table.source).feeds == "legal_entity":
            for code, name in zip(register.values("credit_code"), register.values("entity_name"), strict=True):
                names[str(code)].add(name_key(str(name)))
    columns = ["credit_code", "is_checked", "checked_name", "checked_state", "check_result", "checked_on"]
    return _columns([*columns, "is_name_alike"], (_checked(code, keys, listed) for code, keys in names.items()))


def _checked(code: str, names: set[str], listed: Mapping[str, list[str | None]]) -> list[str | None]:
    entry = listed.get(code)
    if entry is None:
        return [code, "false", None, None, None, None, None]
    return [code, "true", *entry, "true" if names == {name_key(str(entry[0]))} else "false"]


def check_results(registers: Sequence[Standing]) -> dict[str, str | None]:
    """The result that the check list has for each code in it."""
    results: dict[str, str | None] = {}
    for register in registers:
        if register.table.source == CHECK:
            codes = map(str, register.values("credit_code"))
            results |= dict(zip(codes, register.values("check_result"), strict=True))
    return results


def _columns(names: list[str], rows: Iterable[Sequence[str | None]]) -> Columns:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))
