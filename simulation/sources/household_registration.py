"""户籍登记: one row per person registered in Inner Mongolia."""

from __future__ import annotations

import numpy as np

from simulation.among import adult, born_before, both, held_by, held_nowhere_else, mongolian, with_lookalikes, without_x
from simulation.defects import addresses, codes, dates, files, names, nothing, regions, versions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition, respelt_repetition
from simulation.defects.versions import (
    ADDRESS_UNHEARD,
    DELETES,
    Later,
    deleted_by_key_alone,
    deleted_in_another_spelling,
    form_given_up,
    later_on,
    unknown_flag,
)
from simulation.planting import at_least, on, once, twice
from simulation.source import About, Format, Source
from simulation.table import LATER, Broken, Table, parts
from simulation.vocabulary import EDUCATION, ETHNICITY, MARITAL, SEX, label
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, compact_days, day_number, iso_days, moments
from simulation.world.drawing import pick_of, street_addresses
from simulation.world.families import families
from simulation.world.people import WORKING_AGE, People
from simulation.world.places import counties

EMPLOYERS_UNKNOWN = ["", "", "", "务农", "牧业", "个体", "学生", "退休"]


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Those not yet a few weeks old are in the later file."""
    of = world.people
    members = np.flatnonzero(~of.outsider).tolist()
    count = len(members)
    region = [of.region[at] for at in members]
    born = of.born[members]
    newborn = born > day_number("2026-04-15")
    part = np.where(newborn, LATER, np.array(parts(count), dtype=int)).tolist()
    grown = born + WORKING_AGE <= AS_OF_DAY
    education = np.where(grown, np.array(pick_of(rng, list(EDUCATION), count)), "").tolist()
    moment = np.where(
        newborn, np.array(moments(rng, count, 0, ("2026-06-01", "2026-06-28"))), np.array(moments(rng, count))
    ).tolist()
    moved = np.where(rng.random(count) < 0.2, np.array(compact_days(np.minimum(born + 5000, AS_OF_DAY))), "").tolist()
    sent = {
        "id_number": [of.id_number[at] for at in members],
        "person_name": [of.name[at] for at in members],
        "former_name": [""] * count,
        "sex": [SEX[of.sex[at]][0] for at in members],
        "ethnicity": [ETHNICITY[of.ethnicity[at]][0] for at in members],
        "birth_date": compact_days(born),
        "native_region": [of.region[at] for at in members],
        "education_level": [label(EDUCATION, code) for code in education],
        "marital_state": [MARITAL[of.marital[at]][0] for at in members],
        "workplace": pick_of(rng, EMPLOYERS_UNKNOWN, count),
        "household_number": [f"{code}{n:07}" for code, n in zip(region, rng.integers(0, 10**7, count), strict=True)],
        "relation_to_head": pick_of(rng, ["户主", "配偶", "子", "女", "父亲", "母亲"], count),
        "household_type": pick_of(rng, ["家庭户", "家庭户", "集体户"], count),
        "household_region": region,
        "household_address": street_addresses(rng, region),
        "moved_in_on": moved,
        "registrar": [counties()[code] + "公安局" for code in region],
        "updated_at": moment,
        "operation": ["A" if new else "" for new in newborn.tolist()],
    }
    _keep_families(of, members, sent["household_number"])
    due: dict[str, list[str | None]] = {
        "sex": [of.sex[at] for at in members],
        "ethnicity": [of.ethnicity[at] for at in members],
        "birth_date": list(iso_days(born)),
        "education_level": [code or None for code in education],
        "marital_state": [of.marital[at] for at in members],
        "moved_in_on": [f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else None for day in moved],
    }
    return Table("household_registration", sent, due, part), members


def _keep_families(people: People, members: list[int], households: list[str]) -> None:
    """Children have the household of their mothers."""
    row_of = {at: row for row, at in enumerate(members)}
    for family in families(people):
        households[row_of[family.child]] = households[row_of[family.mother]]


MAY_BE_MISSING = ["education_level", "former_name", "household_address", "sex", "native_region", "moved_in_on"]
INSURED_TOO = held_by("household_registration", "social_insurance")
PLAN = (
    on("id_number", ids.FULL_WIDTH_OR_SPACED[0], 312, count=once),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[1], 314, count=once),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[2], 316, count=once),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[3], 318, count=once),
    on("id_number", ids.SCIENTIFIC, 321, among=without_x),
    on("id_number", ids.ZEROED, 323, among=without_x),
    on("id_number", ids.FLOAT_TRIP, 325, among=without_x),
    on("id_number", ids.WRONG_CHECK_DIGIT, 340),
    on("id_number", ids.REGION_UNKNOWN, 370, among=held_nowhere_else),
    on("person_name", names.CHARACTERS_LOST, 401),
    on("person_name", names.LOOKALIKES, 404, among=both(with_lookalikes, INSURED_TOO)),
    on("person_name", names.SINGLE_TOKEN, 410, among=mongolian),
    on("person_name", names.PADDED, 412, count=twice),
    on("person_name", names.WITH_DIGIT, 414, among=held_nowhere_else),
    on("person_name", names.WITHOUT_LETTERS, 415, among=held_nowhere_else),
    on("person_name", names.MASKED, 416, among=held_nowhere_else),
    on("person_name", names.PLACEHOLDER, 417, among=held_nowhere_else),
    on("person_name", nothing.required("", "无", "NULL"), 418),
    on("person_name", names.OF_NOBODY, 420, count=at_least(3)),
    on("person_name", names.NOT_LEGIBLE, 421, count=at_least(3)),
    on("household_address", addresses.CHARACTERS_LOST, 430),
    on("household_address", addresses.WITHOUT_REGION, 432),
    on("household_address", addresses.ABOLISHED_PLACE, 433),
    on("moved_in_on", dates.in_future(), 501),
    on("moved_in_on", dates.before_birth(), 507, rules=["moved_in_after_birth"]),
    on("sex", codes.another_code("sex_mismatch", SEX), 511, among=held_nowhere_else, rules=["sex_matches_id"]),
    later_on(
        Later(deleted_in_another_spelling, at_least(len(DELETES))),
        Later(deleted_by_key_alone("D", *DELETES)),
        turn=601,
        among=adult,
    ),
    later_on(Later(unknown_flag({"household_address": ADDRESS_UNHEARD})), turn=602, among=adult),
    versions.in_future(603, among=held_nowhere_else),
    versions.in_future_beside_another("household_address", 604, among=held_nowhere_else),
    on("updated_at", versions.UNSTATED, 605, among=held_nowhere_else, rules=["version.stated"]),
    versions.good_twins(
        ("birth_date", "不详", "form"),
        ("person_name", "锟斤拷", "legible"),
        ("household_region", "", "required"),
        turn=606,
        among=adult,
    ),
    later_on(Later(form_given_up("id_number")), turn=608, among=born_before("1995-01-01")),
    files.undated("household_address", 609, among=held_nowhere_else),
    files.sporadic("id_number", "household_address", 610, among=held_nowhere_else),
    on("id_number", WITH_MARKS, 701, count=at_least(2)),
    on("sex", codes.FULL_WIDTH_OR_PADDED, 706, among=adult),
    on("ethnicity", codes.FULL_WIDTH_OR_PADDED, 707, among=adult, start=1),
    on("education_level", codes.FULL_WIDTH_OR_PADDED, 708, among=adult, start=2),
    on("moved_in_on", dates.YEAR_ONE_MEANS_NOTHING, 711),
    respelt_repetition(
        ("birth_date", dates.ANY_SPELLING, 1),
        ("sex", codes.CODE_ITSELF, 0),
        ("person_name", names.INDENTED, 0),
        turn=723,
        among=adult,
    ),
    on("birth_date", dates.ANY_SPELLING, 801, every=True),
    on("birth_date", dates.in_future("birth_date_future"), 810, rules=["birth_date_matches_id"]),
    on("birth_date", dates.implausible("birth_date_before_1900", "18991231"), 811, rules=["birth_date_matches_id"]),
    on("birth_date", dates.unreadable("2024-13-45", "不详", "1980-02-30"), 812),
    on("birth_date", dates.UNLIKE_BIRTHDAY, 813, rules=["birth_date_matches_id"]),
    on("native_region", regions.unknown("159999"), 820),
    on("ethnicity", codes.unlisted("蒙古人"), 830, among=held_nowhere_else),
    on("education_level", codes.unlisted("博士后"), 831, among=held_nowhere_else),
    on("sex", codes.unlisted("雄"), 832, among=held_nowhere_else),
    on("sex", codes.other_label(SEX, -1, code_itself=True), 835, among=adult),
    on("ethnicity", codes.other_label(ETHNICITY, -1, code_itself=True), 836, among=adult),
    on("education_level", codes.other_label(EDUCATION, -1, code_itself=True), 837, among=adult),
    on(MAY_BE_MISSING, nothing.NULL_TOKEN, 860, every=True),
    damaged(Broken.TOO_MANY_CELLS, 901, among=adult),
    damaged(Broken.TOO_FEW_CELLS, 902, among=adult),
    damaged(Broken.UNDECODABLE, 905, among=adult),
    contradiction("workplace", "呼和浩特铁路局", 910),
    repetition(920),
    versions.changed_deleted_restored("household_address", 930, among=adult),
)
SOURCE = Source(
    name="household_registration",
    title="户籍登记",
    about=About.PEOPLE,
    form=Format(".csv", "gb18030", line_end="\r\n"),
    records=records,
    drift=("身份证号码", "户籍地行政区划代码", "最后更新时间"),
    reordered=True,
    plan=PLAN,
    odd_files=(files.stale("household_address", turn=1, among=adult), files.delivered_twice(2), files.numbers_cut(4)),
)
