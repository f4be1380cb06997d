"""What shows only when tables are held against each other: conflicts, and findings about persons."""

from __future__ import annotations

import numpy as np

from simulation.block import Block
from simulation.calendar import iso
from simulation.golden import is_over, name_key
from simulation.regions import counties
from simulation.vocabulary import ETHNICITY, MARRIAGE_EVENT, SEX, other_than

HOUSEHOLD, PERMIT, INSURANCE = "household_registration", "residence_permit", "social_insurance"
DEATH, MARRIAGE = "death_registration", "marriage_registration"


def plant_relations(block: Block) -> None:
    """Sources that disagree, and events that cannot both be true."""
    _names_differ(block)
    _permits_differ(block)
    _certificates_differ(block)
    _same_spouses(block)
    _under_age(block)
    _married_after_death(block)
    _paid_after_death(block)
    _two_certificates(block)
    _expired_permits(block)


def _names_differ(block: Block) -> None:
    once = block.within(HOUSEHOLD, INSURANCE) & (block.times_insured == 1)
    for person in block.choose(once):
        name = block.people.name[person]
        other = next(other for other in block.people.name if name_key(other) != name_key(name))
        block.insurance.change(int(block.row[INSURANCE][person]), "person_name", other)
        block.truth.conflict("person", block.people.id_number[person], "person_name", "conflict_name")


def _permits_differ(block: Block) -> None:
    both = block.within(HOUSEHOLD, PERMIT)
    people = block.people
    homes = list(counties())
    for column, other in (
        ("sex", lambda person: other_than(SEX, people.sex[person])),
        ("ethnicity", lambda person: other_than(ETHNICITY, people.ethnicity[person])),
        ("household_region", lambda person: homes[homes.index(people.region[person]) - 1]),
    ):
        for person in block.choose(both):
            row = int(block.row[PERMIT][person])
            block.permit.change(row, column, other(person))
            if column == "sex":
                block.permit.flag(row, "sex_mismatch", "sex_matches_id")
            block.truth.conflict("person", people.id_number[person], column, f"conflict_{column}")


def _certificates_differ(block: Block) -> None:
    for person in block.choose(block.within(HOUSEHOLD, DEATH)):
        code = other_than(SEX, block.people.sex[person])
        row = int(block.row[DEATH][person])
        block.death.put(row, "sex", SEX[code][0], code)
        block.death.flag(row, "sex_mismatch", "sex_matches_id")
        block.truth.conflict("person", block.people.id_number[person], "sex", "conflict_sex")


def _same_spouses(block: Block) -> None:
    for row in block.weddings():
        block.marriage.put(row, "wife_id", block.marriage.sent["husband_id"][row])
        block.marriage.quarantine(row, "spouses_same", "spouses_differ")


def _under_age(block: Block) -> None:
    husbands, wives = (np.array(side, dtype=np.int64) for side in block.couples)
    gap = block.people.born[husbands] - block.people.born[wives]
    for at, row in enumerate(block.weddings(2 * block.each, (gap > -600) & (gap < 1_500))):
        husband, wife = int(husbands[row]), int(wives[row])
        # Either the wife is 19 and her husband not two years older, or she is just 20 and he not yet 22.
        both = at % 2 == 0
        day = int(block.people.born[wife]) + (19 * 365 + 100 if both else 20 * 366 + 60)
        block.marriage.change(row, "registered_on", iso(day))
        for person in (husband, wife) if both else (husband,):
            block.truth.finding("person", "marriage_under_age", block.people.id_number[person])


def _married_after_death(block: Block) -> None:
    people, table = block.people, block.marriage
    sex = np.array(people.sex)
    single = ~block.within(MARRIAGE) & people.alive
    for at, dead in enumerate(block.choose(block.within(DEATH), 2 * block.each)):
        able = single & (sex != sex[dead]) & (people.born + 24 * 366 <= people.died[dead])
        for partner in block.choose(able, 1):
            husband, wife = (dead, partner) if people.sex[dead] == "1" else (partner, dead)
            row = table.copy_row(int(block.rng.integers(len(block.couples[0]))))
            _rewrite(block, row, husband, wife, iso(int(people.died[dead]) + 200), "12"[at // 2 % 2])
            block.truth.finding("person", "marriage_after_death", people.id_number[dead])


def _rewrite(block: Block, row: int, husband: int, wife: int, day: str, event: str) -> None:
    people, table = block.people, block.marriage
    table.change(row, "registration_number", f"J150102-{day[:4]}-9{block.number:03}{row:07}")
    table.put(row, "marriage_event", MARRIAGE_EVENT[event][0], event)
    table.change(row, "registered_on", day)
    for role, person in (("husband", husband), ("wife", wife)):
        table.put(row, f"{role}_document_type", "", None)
        table.change(row, f"{role}_name", people.name[person])
        table.change(row, f"{role}_id", people.id_number[person])


def _paid_after_death(block: Block) -> None:
    for person in block.choose(block.within(DEATH, INSURANCE)):
        row = int(block.row[INSURANCE][person])
        block.insurance.change(row, "benefit_paid_to", iso(int(block.people.died[person]) + 100))
        block.truth.finding("person", "benefit_after_death", block.people.id_number[person])


def _two_certificates(block: Block) -> None:
    """Two certificates of one person, of one moment, with different days: the one that came last stands."""
    table = block.death
    for person in block.choose(block.within(DEATH)):
        second = table.copy_row(int(block.row[DEATH][person]))
        table.change(second, "certificate_number", f"15{block.number:04}9{second:07}")
        table.change(second, "died_on", iso(int(block.people.died[person]) + 1))
        table.accept(second, "two_certificates")
        block.truth.finding("person", "several_death_dates", block.people.id_number[person])


def _expired_permits(block: Block) -> None:
    """Whose permit is over lives where the household register says."""
    over = np.zeros(len(block.people), dtype=bool)
    for person in np.flatnonzero(block.within(HOUSEHOLD, PERMIT)).tolist():
        over[person] = is_over(block.permit.sent["valid_to"][int(block.row[PERMIT][person])])
    for row in block.rows(PERMIT, also=over):
        block.permit.accept(row, "permit_expired")
