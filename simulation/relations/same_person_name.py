"""One person's name, written in two registers as two programs have it: no conflict."""

from __future__ import annotations

import unicodedata

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import ABSENT, Subjects
from simulation.world.names import DOTTED, LATIN, MIDDLE_DOTS, RARE, SINCE_2022
from simulation.world.people import Mask

HOUSEHOLD, INSURED = "household_registration", "social_insurance"
RADICALS = {"⺠": "民", "⻛": "风", "⻓": "长"}


def _insured_once(people: Subjects) -> Mask:
    return people.within(HOUSEHOLD, INSURED) & (people[INSURED].times() == 1)


def _rename(people: Subjects, person: int, name: str) -> None:
    """Another name in every register about a person (who has one row at most in each)."""
    for register in people.registers.values():
        row = int(register.row[person])
        if row != ABSENT and "person_name" in register.table.sent:
            register.table.change(row, "person_name", name)


def _insured_as(people: Subjects, person: int, name: str, kind: str) -> None:
    register = people[INSURED]
    row = int(register.row[person])
    register.table.change(row, "person_name", name)
    register.table.accept(row, kind)


def _registered(people: Subjects, person: int, kind: str) -> None:
    people[HOUSEHOLD].table.accept(int(people[HOUSEHOLD].row[person]), kind)


def _lookalikes(people: Subjects) -> None:
    for radical, plain in RADICALS.items():
        for person in people.choose(_insured_once(people), 1):
            _rename(people, person, "王" + plain)
            _insured_as(people, person, "王" + radical, "name_lookalike")


def _middle_dots(people: Subjects) -> None:
    for at, person in enumerate(people.choose(_insured_once(people), max(people.each, len(MIDDLE_DOTS)))):
        first, second = DOTTED[at % len(DOTTED)]
        _rename(people, person, f"{first}·{second}")
        _insured_as(people, person, first + MIDDLE_DOTS[at % len(MIDDLE_DOTS)] + second, "name_middle_dot")


def _rare(people: Subjects) -> None:
    for at, person in enumerate(people.choose(_insured_once(people), max(people.each, len(RARE)))):
        _rename(people, person, "王" + RARE[at % len(RARE)])
        _registered(people, person, "name_rare_character")


def _latin(people: Subjects) -> None:
    """Composed in one register and decomposed in the other."""
    for at, person in enumerate(people.choose(_insured_once(people), max(people.each, 2))):
        name = unicodedata.normalize("NFC", LATIN[at % len(LATIN)])
        _rename(people, person, name)
        _insured_as(people, person, unicodedata.normalize("NFD", name), "name_latin")
        _registered(people, person, "name_latin")


def _new_characters(people: Subjects) -> None:
    """Characters that GB 18030 has given other bytes in 2022: one register writes those, the other UTF-8."""
    for at, person in enumerate(people.choose(_insured_once(people))):
        _rename(people, person, "王" + list(SINCE_2022)[at % len(SINCE_2022)])
        _registered(people, person, "name_gb18030_2022")


PLAN = [
    Relation(About.PEOPLE, _lookalikes, 406),
    Relation(About.PEOPLE, _middle_dots, 409),
    Relation(About.PEOPLE, _rare, 413),
    Relation(About.PEOPLE, _latin, 720),
    Relation(About.PEOPLE, _new_characters, 721),
]
