"""Finding `marriage_under_age`: spouses too young for the law, or not even born."""

from __future__ import annotations

import numpy as np

from simulation.among import married_once
from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.world.calendar import iso

MARRIAGE, RULE = "marriage_registration", "marriage_under_age"


def _too_young(subjects: Subjects) -> None:
    people, marriage = subjects.world.people, subjects[MARRIAGE]
    husbands, wives = (np.array(side, dtype=np.int64) for side in marriage.about)
    gap = people.born[husbands] - people.born[wives]
    for at, row in enumerate(marriage.rows(2 * subjects.each, (gap > -600) & (gap < 1_500))):
        husband, wife = int(husbands[row]), int(wives[row])
        # Either the wife is 19 and her husband not two years older, or she is just 20 and he not yet 22.
        both = at % 2 == 0
        day = int(people.born[wife]) + (19 * 365 + 100 if both else 20 * 366 + 60)
        marriage.table.change(row, "registered_on", iso(day))
        for person in (husband, wife) if both else (husband,):
            subjects.truth.finding("person", RULE, people.id_number[person])


def _before_birth(subjects: Subjects) -> None:
    """Both spouses were born later, and so were of no age either."""
    marriage = subjects[MARRIAGE]
    for row in marriage.rows(also=married_once(marriage)):
        marriage.table.change(row, "registered_on", "1925-05-20")
        for role, about in zip(("husband", "wife"), marriage.about, strict=True):
            marriage.table.flag(row, "married_before_birth", f"{role}_registered_after_birth")
            subjects.truth.finding("person", RULE, subjects.world.people.id_number[about[row]])


PLAN = [Relation(About.PEOPLE, _before_birth, 105), Relation(About.PEOPLE, _too_young, 205)]
