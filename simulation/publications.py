"""Subjects of publications (双公示, lists, debtors), and the block of columns in which a publication names one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulation.checksums import credit_code
from simulation.truth.golden import name_key
from simulation.vocabulary import SUBJECT_CATEGORY
from simulation.world.block import World
from simulation.world.calendar import iso
from simulation.world.drawing import pick_of
from simulation.world.organisations import shares_number
from simulation.world.people import Mask
from simulation.world.places import CITIES, counties

IN_ORDER = "1"  # of the states of an organisation
LICENSE_VALID, LICENSE_REVOKED = "01", "07"
SPECIAL = 4  # of each kind of finding
ORGANISATION, TRADER, PERSON = "organisation", "trader", "person"
OFFICES = ("市场监督管理局", "住房和城乡建设局", "交通运输局", "卫生健康委员会")


@dataclass(frozen=True)
class Subject:
    """An organisation or a person of whom every register says what is so.

    `sharing` are codes of plain organisations with the same register number; `is_lone`: no other has an enterprise's.
    """

    name: str
    category: str
    region: str
    credit_code: str | None = None
    id_number: str | None = None
    registration_number: str = ""
    sharing: tuple[str, ...] = ()
    is_lone: bool = False
    head: tuple[str, str] = ("", "")

    @property
    def code(self) -> str:
        return str(self.credit_code or self.id_number)


def organisation(world: World, at: int) -> Subject:
    organisations, people = world.organisations, world.people
    code, head = organisations.credit_code[at], organisations.head[at]
    other = at - 1 if shares_number(at) else at + 1 if shares_number(at + 1) else None
    in_market = at < organisations.market and (other is None or other < organisations.market)
    is_shared = other is not None and other in world.plain_organisations
    return Subject(
        organisations.name[at],
        TRADER if code.startswith("92") else ORGANISATION,
        organisations.region[at],
        credit_code=code,
        registration_number=organisations.registration_number[at],
        sharing=(organisations.credit_code[other],) if in_market and is_shared and other is not None else (),
        is_lone=in_market and other is None,
        head=(people.name[head], people.id_number[head]),
    )


def person(world: World, at: int) -> Subject:
    people = world.people
    return Subject(people.name[at], PERSON, people.region[at], id_number=people.id_number[at])


def organisations_in_order(world: World) -> list[int]:
    return [at for at in sorted(world.plain_organisations) if world.organisations.state[at] == IN_ORDER]


def organisations_ended(world: World) -> list[int]:
    return [at for at in sorted(world.plain_organisations) if world.organisations.state[at] != IN_ORDER]


def living_people(world: World) -> list[int]:
    """Adults."""
    people = world.people
    return [at for at in world.plain_people if people.died[at] < 0 and people.adult[at]]


def dead_people(world: World) -> list[int]:
    return [at for at in world.plain_people if world.people.died[at] >= 0]


def living_heads(world: World) -> list[int]:
    """Adults whom a register names as head of something."""
    heads = {number for number, _ in world.heads}
    return [at for at in living_people(world) if world.people.id_number[at] in heads]


def revoked_licences(world: World) -> list[tuple[Subject, str]]:
    """Licences that penalties have revoked, of organisations and of people, with their numbers."""
    holders = [organisation(world, at) for at in organisations_in_order(world)[:SPECIAL]]
    holders += [person(world, at) for at in living_people(world)[:SPECIAL]]
    return [(holder, f"XKC{at:06}") for at, holder in enumerate(holders)]


def licensed_against_e_licenses(world: World) -> list[tuple[Subject, str, str]]:
    """Licences whose state is another one than that of the e-licence of their number: number, and published state."""
    opposite = {LICENSE_VALID: "2", LICENSE_REVOKED: "1"}
    return [
        (subject, number, published)
        for state, published in opposite.items()
        for subject, number in _e_licenses(world, state, 0)
    ]


def revoked_e_licenses(world: World) -> list[tuple[Subject, str]]:
    """E-licences in force that penalties have revoked, with their numbers."""
    return _e_licenses(world, LICENSE_VALID, SPECIAL)


def _e_licenses(world: World, state: str, first: int) -> list[tuple[Subject, str]]:
    """Some that organisations hold and some that people hold, from a place on; no number stands on another licence."""
    numbers = Counter(number for number, _, _ in world.licenses)
    lone = {holder: number for number, holder, held in world.licenses if held == state and numbers[number] == 1}
    held = [organisation(world, at) for at in organisations_in_order(world)]
    held += [person(world, at) for at in living_people(world)]
    known = {subject.code: subject for subject in held}
    subjects = [(known[holder], number) for holder, number in lone.items() if holder in known]
    kinds = ([(s, n) for s, n in subjects if s.credit_code], [(s, n) for s, n in subjects if s.id_number])
    return [license for kind in kinds for license in kind[first : first + SPECIAL]]


def draw_subjects(rng: np.random.Generator, world: World, count: int) -> list[Subject]:
    """Three organisations to one person."""
    organisations, people = organisations_in_order(world), living_people(world)
    chosen = rng.random(count) < 0.75
    return [
        organisation(world, organisations[int(rng.integers(len(organisations)))])
        if is_organisation
        else person(world, people[int(rng.integers(len(people)))])
        for is_organisation in chosen.tolist()
    ]


def subject_block(subjects: list[Subject]) -> dict[str, list[Any]]:
    """The columns of the standard of 2018: codes of organisations, or the document of a person."""
    return {
        "subject_name": [subject.name for subject in subjects],
        "subject_category": [SUBJECT_CATEGORY[subject.category][0] for subject in subjects],
        "reported_credit_code": [subject.credit_code or "" for subject in subjects],
        "reported_registration_number": ["" for _ in subjects],
        "reported_organisation_code": ["" for _ in subjects],
        "reported_tax_number": ["" for _ in subjects],
        "reported_institution_number": ["" for _ in subjects],
        "reported_civil_number": ["" for _ in subjects],
        "representative_name": [subject.head[0] for subject in subjects],
        "representative_id": [subject.head[1] for subject in subjects],
        "document_type": ["居民身份证" if subject.id_number else "" for subject in subjects],
        "document": [subject.id_number or "" for subject in subjects],
    }


def subject_due(subjects: list[Subject]) -> dict[str, list[str | None]]:
    """What standard holds of the block where it is not what is written."""
    return {
        "subject_key": [name_key(subject.name) for subject in subjects],
        "subject_category": [subject.category for subject in subjects],
        "document_type": ["111" if subject.id_number else None for subject in subjects],
    }


def meant(subjects: list[Subject], kept: int = 0) -> dict[str, list[Any]]:
    """Whom the rows are about; in the last `kept` ones nothing may be planted."""
    return {
        "credit_code": [subject.credit_code for subject in subjects],
        "id_number": [subject.id_number for subject in subjects],
        "method": ["credit_code" if subject.credit_code else "id_number" for subject in subjects],
        "candidates": [subject.code for subject in subjects],
        "subject_region": [subject.region for subject in subjects],
        "subject": list(subjects),
        "kept": [at >= len(subjects) - kept for at in range(len(subjects))],
    }


def authorities(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    """Names and credit codes of offices of banners."""
    regions = [code for code in counties() if code[:4] + "00" in CITIES]
    chosen = rng.integers(0, len(regions), count).tolist()
    offices = rng.integers(0, len(OFFICES), count).tolist()
    names = [counties()[regions[at]] + OFFICES[office] for at, office in zip(chosen, offices, strict=True)]
    codes = [
        credit_code("1", "1", regions[at], str(40_000_000 + at * 10 + office))
        for at, office in zip(chosen, offices, strict=True)
    ]
    return names, codes


def reported_at(rng: np.random.Generator, days: list[int]) -> list[str]:
    """Moments of office hours within five days of each day."""
    later = rng.integers(0, 6, len(days)).tolist()
    seconds = rng.integers(0, 9 * 3600, len(days)).tolist()
    return [
        f"{iso(day + more)} {8 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        for day, more, second in zip(days, later, seconds, strict=True)
    ]


def sources_of_data(rng: np.random.Generator, count: int) -> dict[str, list[Any]]:
    """The units that gave the data, credit offices of the leagues and cities."""
    cities = pick_of(rng, list(CITIES), count)
    return {
        "data_source": [CITIES[city] + "发展和改革委员会" for city in cities],
        "data_source_code": [credit_code("1", "1", city, f"{41_000_000 + int(city[2:4])}") for city in cities],
    }


def of_category(*categories: str) -> Any:
    """A mask by row: of these categories, and free for planting."""

    def mask(register: Any) -> Mask:
        held = register.table.meant
        count = register.subjects
        return np.array(
            [
                subject.category in categories and not kept
                for subject, kept in zip(held["subject"][:count], held["kept"][:count], strict=True)
            ]
        )

    return mask
