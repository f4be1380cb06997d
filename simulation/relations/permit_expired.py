"""Permits that are over: their holders live where the household register says, and nothing is to be found."""

from __future__ import annotations

import numpy as np

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.truth.golden import is_over

HOUSEHOLD, PERMIT = "household_registration", "residence_permit"


def _plant(people: Subjects) -> None:
    permit = people[PERMIT]
    over = np.zeros(len(people), dtype=bool)
    for person in np.flatnonzero(people.within(HOUSEHOLD, PERMIT)).tolist():
        over[person] = is_over(permit.table.sent["valid_to"][int(permit.row[person])])
    for row in permit.rows(also=over):
        permit.table.accept(row, "permit_expired")


PLAN = [Relation(About.PEOPLE, _plant, 209)]
