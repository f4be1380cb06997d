"""Finding `marriage_after_death`: a marriage or divorce of somebody who had died before."""

from __future__ import annotations

import numpy as np

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.vocabulary import MARRIAGE_EVENT
from simulation.world.calendar import iso

DEATH, MARRIAGE = "death_registration", "marriage_registration"


def _plant(subjects: Subjects) -> None:
    people, marriage = subjects.world.people, subjects[MARRIAGE]
    sex = np.array(people.sex)
    single = ~subjects.within(MARRIAGE) & people.alive
    for at, dead in enumerate(subjects.choose(subjects.within(DEATH), 2 * subjects.each)):
        able = single & (sex != sex[dead]) & (people.born + 24 * 366 <= people.died[dead])
        for partner in subjects.choose(able, 1):
            husband, wife = (dead, partner) if people.sex[dead] == "1" else (partner, dead)
            row = marriage.table.copy_row(int(subjects.rng.integers(len(marriage.about[0]))))
            _rewrite(subjects, row, husband, wife, iso(int(people.died[dead]) + 200), "12"[at // 2 % 2])
            subjects.truth.finding("person", "marriage_after_death", people.id_number[dead])


def _rewrite(subjects: Subjects, row: int, husband: int, wife: int, day: str, event: str) -> None:
    people, table = subjects.world.people, subjects[MARRIAGE].table
    table.change(row, "registration_number", f"J150102-{day[:4]}-9{subjects.world.number:03}{row:07}")
    table.put(row, "marriage_event", MARRIAGE_EVENT[event][0], event)
    table.change(row, "registered_on", day)
    for role, person in (("husband", husband), ("wife", wife)):
        table.put(row, f"{role}_document_type", "", None)
        table.change(row, f"{role}_name", people.name[person])
        table.change(row, f"{role}_id", people.id_number[person])


PLAN = [Relation(About.PEOPLE, _plant, 206)]
