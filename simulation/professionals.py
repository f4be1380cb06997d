"""Who practises what, where, on which qualification: what the two registers of certificates have alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checksums import organisation_check
from simulation.publications import organisations_in_order, revoked_licences
from simulation.world.block import World
from simulation.world.people import People
from simulation.world.places import counties

FEWEST = 110
LAWYER, NOTARY, PHYSICIAN, NURSE, PHARMACIST = "律师", "公证员", "医师", "护士", "药师"
QUALIFIED_BY = {LAWYER: "法律职业", NOTARY: "法律职业", PHYSICIAN: "医师资格", NURSE: "护士资格", PHARMACIST: "准入类"}
OFFICES = {"律所": LAWYER, "公证": NOTARY}
OTHERS = (PHYSICIAN, PHYSICIAN, NURSE, PHARMACIST)
EVERY_HEADLESS = 40  # the head of one law office in so many practises nothing


@dataclass(frozen=True)
class Professional:
    """A person by position, with the numbers of both certificates, and the unit by code and name."""

    person: int
    kind: str
    number: str
    qualification: str
    unit: tuple[str, str]


def professionals(world: World) -> list[Professional]:
    """Heads of law offices, others at organisations in order, and some whose certificates penalties have revoked."""
    people = world.people
    at_number = {number: at for at, number in enumerate(people.id_number)}
    found: dict[tuple[int, str], Professional] = {}

    def add(person: int, kind: str, number: str, unit: tuple[str, str]) -> None:
        qualification = qualification_number(people, person, QUALIFIED_BY[kind])
        found.setdefault((person, kind), Professional(person, kind, number, qualification, unit))

    for revoked, number in revoked_licences(world):
        if revoked.id_number:
            add(at_number[revoked.id_number], PHARMACIST, number, _unit(world, len(found)))
    for at, (code, name, kind, head) in enumerate(world.law_offices):
        if at % EVERY_HEADLESS and head in at_number:
            person, trade = at_number[head], OFFICES[kind]
            unit = (code if _is_sound(code) else "", name)
            add(person, trade, practising_number(people, person, trade, at), unit)
    for at, person in enumerate(practising_people(world, max(world.total // 25, FEWEST))):
        trade = OTHERS[at % len(OTHERS)]
        add(person, trade, practising_number(people, person, trade, at), _unit(world, at))
    return list(found.values())


def _is_sound(code: str) -> bool:
    """Whether nothing is wrong with an organisation's code by itself, which would be flagged wherever it stands."""
    return code[2:8] in counties() and organisation_check(code[8:16]) == code[16]


def practising_people(world: World, count: int, start: int = 0) -> Sequence[int]:
    """Living adults, evenly among all."""
    people = world.people
    able = [at for at in range(len(people)) if people.alive[at] and people.adult[at] and not people.outsider[at]]
    return able[start :: max(1, len(able) // count)][:count]


def _unit(world: World, at: int) -> tuple[str, str]:
    units = organisations_in_order(world)
    unit = units[at * 7 % len(units)]
    return world.organisations.credit_code[unit], world.organisations.name[unit]


def practising_number(people: People, person: int, kind: str, at: int) -> str:
    """As numbers of the kind look: 17 digits for lawyers, 15 for physicians."""
    region, is_woman = people.region[person], people.sex[person] == "2"
    year = qualified_in(people, person) + 2
    match kind:
        case "律师":
            return f"115{region[2:4]}{year}1{int(is_woman)}{at:06}"
        case "医师":
            return f"110{people.id_number[person][:6]}{at:06}"
        case "公证员":
            return f"6{region[:4]}{at:06}"
        case _:
            return f"{'20' if kind == NURSE else '15'}{year}{at:08}"


def qualification_number(people: People, person: int, kind: str) -> str:
    number, year = people.id_number[person], qualified_in(people, person)
    match kind:
        case "医师资格":
            return f"{year}15110{number}"
        case "教师资格":
            return f"{year}15001{4}{people.sex[person]}{person % 1_000_000:06}"
        case "法律职业":
            return f"A{year}{number[:6]}{person % 100_000:05}"
        case _:
            return f"{len(kind)}{year}15{person:010}"


def qualified_in(people: People, person: int) -> int:
    """The year of the age of 22, at which all are."""
    return int(people.id_number[person][6:10]) + 22
