"""Conflicts: what two registers say of one person or organisation is not the same."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.truth.golden import name_key
from simulation.vocabulary import ENTITY_STATE, ETHNICITY, SEX, other_than
from simulation.world.places import counties

HOUSEHOLD, PERMIT, INSURED = "household_registration", "residence_permit", "social_insurance"
DEATH, MARKET, CHECK = "death_registration", "market_entity", "credit_code_check"


def _names(people: Subjects) -> None:
    insured, names = people[INSURED], people.world.people.name
    for person in people.choose(people.within(HOUSEHOLD, INSURED) & (insured.times() == 1)):
        other = next(other for other in names if name_key(other) != name_key(names[person]))
        insured.table.change(int(insured.row[person]), "person_name", other)
        people.truth.conflict("person", people.world.people.id_number[person], "person_name", "conflict_name")


def _permits(subjects: Subjects) -> None:
    people, permit = subjects.world.people, subjects[PERMIT]
    both = subjects.within(HOUSEHOLD, PERMIT)
    homes = list(counties())
    for column, other in (
        ("sex", lambda person: other_than(SEX, people.sex[person])),
        ("ethnicity", lambda person: other_than(ETHNICITY, people.ethnicity[person])),
        ("household_region", lambda person: homes[homes.index(people.region[person]) - 1]),
    ):
        for person in subjects.choose(both):
            row = int(permit.row[person])
            permit.table.change(row, column, other(person))
            if column == "sex":
                permit.table.flag(row, "sex_mismatch", "sex_matches_id")
            subjects.truth.conflict("person", people.id_number[person], column, f"conflict_{column}")


def _certificates(people: Subjects) -> None:
    death, world = people[DEATH], people.world.people
    for person in people.choose(people.within(HOUSEHOLD, DEATH)):
        code = other_than(SEX, world.sex[person])
        row = int(death.row[person])
        death.table.put(row, "sex", SEX[code][0], code)
        death.table.flag(row, "sex_mismatch", "sex_matches_id")
        people.truth.conflict("person", world.id_number[person], "sex", "conflict_sex")


def _states(organisations: Subjects) -> None:
    check = organisations[CHECK].table
    for row in organisations[MARKET].rows():
        check.change(row, "state", other_than(ENTITY_STATE, check.sent["state"][row]))
        code = organisations.world.organisations.credit_code[row]
        organisations.truth.conflict("legal_entity", code, "state", "conflict_state")


def _unlisted_state(organisations: Subjects) -> None:
    """Kept as sent, the label that no list holds also differs from the state in the check list."""
    market = organisations[MARKET]
    for row in market.rows():
        market.table.change(row, "state", "筹建中")
        market.table.flag(row, "code_unlisted", "state.listed")
        code = organisations.world.organisations.credit_code[row]
        organisations.truth.conflict("legal_entity", code, "state", "code_unlisted")


PLAN = [
    Relation(About.PEOPLE, _names, 201),
    Relation(About.PEOPLE, _permits, 202),
    Relation(About.PEOPLE, _certificates, 203),
    Relation(About.ORGANISATIONS, _states, 201),
    Relation(About.ORGANISATIONS, _unlisted_state, 202),
]
