"""Finding `benefit_after_death`: an insurance that was paid to the dead."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.world.calendar import iso

DEATH, INSURED = "death_registration", "social_insurance"


def _plant(subjects: Subjects) -> None:
    people, insured = subjects.world.people, subjects[INSURED]
    for person in subjects.choose(subjects.within(DEATH, INSURED)):
        paid_to = iso(int(people.died[person]) + 100)
        insured.table.change(int(insured.row[person]), "benefit_paid_to", paid_to)
        subjects.truth.finding("person", "benefit_after_death", people.id_number[person])


PLAN = [Relation(About.PEOPLE, _plant, 207)]
