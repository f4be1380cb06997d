"""Marriages that were annulled: void from their first day, whatever was registered of them."""

from __future__ import annotations

import numpy as np

from simulation.among import married_once
from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Register, Subjects
from simulation.vocabulary import MARRIAGE_EVENT
from simulation.world.calendar import day_number, iso

MARRIAGE = "marriage_registration"


def _registered(marriage: Register, row: int) -> int:
    return day_number(marriage.table.sent["registered_on"][row])


def _follow(marriage: Register, row: int, event: str, day: int, kind: str) -> int:
    """Another registration of the couple; gives its row."""
    table = marriage.table
    number = f"J150103-{kind}-{marriage.of.world.number:03}{len(table):07}"
    new = table.copy_row(row)
    table.change(new, "registration_number", number)
    table.put(new, "marriage_event", MARRIAGE_EVENT[event][0], event)
    table.change(new, "registered_on", iso(day))
    return new


def _annulled(people: Subjects) -> None:
    marriage = people[MARRIAGE]
    for row in marriage.rows(also=married_once(marriage)):
        new = _follow(marriage, row, "5", _registered(marriage, row) + 100, "A")
        marriage.table.accept(new, "marriage_annulled")


def _annulled_after_divorce(subjects: Subjects) -> None:
    """Divorced, married to somebody else, and that marriage annulled: the divorce stands."""
    people, marriage, kind = subjects.world.people, subjects[MARRIAGE], "marriage_annulled_after_divorce"
    table = marriage.table
    single = ~subjects.within(MARRIAGE) & people.alive & (np.array(people.sex) == "2")
    for row in marriage.rows(also=married_once(marriage)):
        day = _registered(marriage, row)
        for partner in subjects.choose(single & (people.born + 24 * 366 <= day), 1):
            table.accept(_follow(marriage, row, "2", day + 100, "D"), kind)
            second = _follow(marriage, row, "1", day + 300, "M")
            table.change(second, "wife_name", people.name[partner])
            table.change(second, "wife_id", people.id_number[partner])
            table.accept(_follow(marriage, second, "5", day + 500, "V"), kind)


PLAN = [Relation(About.PEOPLE, _annulled, 101), Relation(About.PEOPLE, _annulled_after_divorce, 102)]
