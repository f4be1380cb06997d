"""Finding `several_death_dates`: certificates of one person, of one moment, with different days of death."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.world.calendar import iso

DEATH = "death_registration"


def _plant(subjects: Subjects) -> None:
    """The certificate that came last stands."""
    people, death = subjects.world.people, subjects[DEATH]
    for person in subjects.choose(subjects.within(DEATH)):
        second = death.table.copy_row(int(death.row[person]))
        death.table.change(second, "certificate_number", f"15{subjects.world.number:04}9{second:07}")
        death.table.change(second, "died_on", iso(int(people.died[person]) + 1))
        death.table.accept(second, "two_certificates")
        subjects.truth.finding("person", "several_death_dates", people.id_number[person])


PLAN = [Relation(About.PEOPLE, _plant, 208)]
