"""学籍学历: whom schools have, and the diplomas and degrees of grown people, of the level that their household has."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.among import number_born_before
from simulation.defects import codes, credentials, dates, names, nothing
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import Planting, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.truth.golden import name_key
from simulation.vocabulary import (
    ATTENDANCE,
    DEGREE,
    EDUCATION,
    EDUCATION_RECORD_TYPE,
    ENROLMENT_STATE,
    ETHNICITY,
    SCHOOL_STAGE,
    SEX,
)
from simulation.world.block import World
from simulation.world.calendar import AS_OF, full_width, iso, moments
from simulation.world.drawing import pick_of
from simulation.world.places import counties

PUPILS_FEWEST, GRADUATES_FEWEST = 150, 130
ENROLMENT, DIPLOMA, DEGREE_OF = "学籍", "学历", "学位"
ENROLLED, GRADUATED, LEFT = "在读", "毕业", "退学"
YOUNGEST, STAGES = 7, (("小学", 6), ("初中", 3), ("高中", 3), ("本科", 4))
DEGREES = {"10": "硕士", "20": "学士"}
NONE = "无"
LEVELS_OF_DIPLOMAS = ("10", "20", "30", "40")


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Pupils and students, then diplomas with their degrees, all of people who live."""
    people = world.people
    alive = np.flatnonzero(people.alive & ~people.outsider).tolist()
    wanted = max(world.total // 20, PUPILS_FEWEST), max(world.total // 25, GRADUATES_FEWEST)
    pupils = [at for at in alive if YOUNGEST <= _age(people.id_number[at]) < YOUNGEST + 15][: wanted[0]]
    graduates = [
        at for at in alive if people.adult[at] and world.schooling.get(people.id_number[at]) in LEVELS_OF_DIPLOMAS
    ][: wanted[1]]
    rows = [_enrolment(world, at) for at in pupils]
    for number, at in enumerate(graduates):
        level = world.schooling[people.id_number[at]]
        rows.append(_diploma(world, at, level, number))
        if level in DEGREES:
            rows.append(rows[-1] | _degree(level, number))
    count = len(rows)
    members = [row["person"] for row in rows]
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in members]
    sent: dict[str, list[Any]] = {
        "record_type": [EDUCATION_RECORD_TYPE[row["record_type"]][0] for row in rows],
        "student_number": [row["student_number"] for row in rows],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "ethnicity": [ETHNICITY[people.ethnicity[at]][0] for at in members],
        "school_code": [f"21{code}{at % 90 + 10}" for at, code in enumerate(region)],
        "school_name": [f"{counties()[code]}第{at % 9 + 1}学校" for at, code in enumerate(region)],
        "school_region": region,
        "school_stage": [SCHOOL_STAGE[row["stage"]][0] for row in rows],
        "year_group": [row["year_group"] for row in rows],
        "class_name": [f"{number}班" for number in rng.integers(1, 9, count).tolist()],
        "enrolled_in": [f"{row['enrolled']}09" for row in rows],
        "length_of_schooling": [row["length"] for row in rows],
        "attendance": [ATTENDANCE[code][0] for code in pick_of(rng, list(ATTENDANCE), count)],
        "state": [ENROLMENT_STATE[row["state"]][0] for row in rows],
        "major_code": [row["major"] for row in rows],
        "education_level": [EDUCATION[row["level"]][0] if row["level"] else "" for row in rows],
        "certificate_number": [row["certificate_number"] for row in rows],
        "graduated_on": [row["graduated_on"] for row in rows],
        "degree": [DEGREE[row["degree"]][0] if row["degree"] else "" for row in rows],
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "record_type": [row["record_type"] for row in rows],
        "student_number": [row["student_number"] or NONE for row in rows],
        "name_key": [name_key(people.name[at]) for at in members],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "school_stage": [row["stage"] for row in rows],
        "enrolled_in": [f"{row['enrolled']}-09-01" for row in rows],
        "attendance": [next(code for code in ATTENDANCE if ATTENDANCE[code][0] == text) for text in sent["attendance"]],
        "state": [row["state"] for row in rows],
        "education_level": [row["level"] or None for row in rows],
        "certificate_number": [row["certificate_number"] or NONE for row in rows],
        "degree": [row["degree"] or None for row in rows],
    }
    return (Table("education_record", sent, due, parts(count)),)


def _age(number: str) -> int:
    """Years at the last beginning of a school year."""
    return AS_OF.year - 1 - int(number[6:10])


def _enrolment(world: World, at: int) -> dict[str, Any]:
    number = world.people.id_number[at]
    left, stages = _age(number) - YOUNGEST, iter(STAGES)
    stage, length = next(stages)
    while left >= length:
        left -= length
        stage, length = next(stages, (stage, 99))
    return {
        "person": at,
        "record_type": ENROLMENT,
        "student_number": f"G{number}",
        "stage": stage,
        "year_group": f"{left + 1}年级",
        "enrolled": AS_OF.year - 1 - left,
        "length": f"{length}年",
        "state": ENROLLED,
        "major": "",
        "level": "",
        "certificate_number": "",
        "graduated_on": "",
        "degree": "",
    }


def _diploma(world: World, at: int, level: str, number: int) -> dict[str, Any]:
    enrolled = int(world.people.id_number[at][6:10]) + 18
    return {
        "person": at,
        "record_type": DIPLOMA,
        "student_number": "",
        "stage": "本科" if level in DEGREES else "高中",
        "year_group": "",
        "enrolled": enrolled,
        "length": "4年",
        "state": GRADUATED,
        "major": "030101",
        "level": level,
        "certificate_number": f"101261{enrolled + 4}05{number:06}",
        "graduated_on": f"{enrolled + 4}-07-01",
        "degree": "",
    }


def _degree(level: str, number: int) -> dict[str, Any]:
    return {"record_type": DEGREE_OF, "certificate_number": f"10126420{number:08}", "degree": DEGREES[level]}


def holding_id(table: Table, row: int) -> None:
    """The number of a school record holds the id number."""
    if table.column("record_type")[row] == ENROLMENT:
        table.change(row, "student_number", f"G{table.sent['id_number'][row]}")


def _month(table: Table, row: int, day: int) -> None:
    text = iso(day)
    table.put(row, "enrolled_in", text[:7].replace("-", ""), f"{text[:7]}-01")


def _graduated(table: Table, row: int, day: int) -> None:
    _month(table, row, day - 1_000)
    table.change(row, "graduated_on", iso(day))


def _second_school(register: Register) -> None:
    """Finding `several_enrolments`: another school has the pupil too, under a temporary number."""
    table = register.table
    for row in register.rows(also=OF_PUPILS(register)):
        again = table.copy_row(row)
        table.change(again, "student_number", f"L{int(table.sent['id_number'][row][:17]):018}")
        table.change(again, "school_name", "赛罕区第二学校")
        table.accept(again, "second_enrolment")


def _transferred(register: Register) -> None:
    """No finding: the first school has let the pupil go."""
    table = register.table
    for row in register.rows(also=OF_PUPILS(register)):
        before = table.copy_row(row)
        table.change(before, "student_number", f"L{int(table.sent['id_number'][row][:17]):018}")
        table.put(before, "state", ENROLMENT_STATE["转出"][1], "转出")
        table.put(
            before, "enrolled_in", *(str(int(table.sent["enrolled_in"][row][:4]) - 1) + end for end in ("09", "-09-01"))
        )
        table.accept(before, "pupil_transferred")


def _higher_diploma(register: Register) -> None:
    """Finding `household_education_outdated`."""
    for row in register.rows(also=credentials.having("education_level", "20", "30", "40")(register)):
        register.table.put(row, "education_level", EDUCATION["10"][1], "10")
        register.table.put(row, "record_type", EDUCATION_RECORD_TYPE[DIPLOMA][1], DIPLOMA)
        register.table.accept(row, "diploma_above_household")


OF_PUPILS = credentials.having("record_type", ENROLMENT)
OF_DIPLOMAS = credentials.having("record_type", DIPLOMA)
MONTHS = accepted(
    "month_spelling",
    lambda month: f"{month[:4]}-{month[4:]}",
    lambda month: f"{month[:4]}年{int(month[4:])}月",
    lambda month: f"{month[:4]}.{month[4:]}",
    lambda month: f"{month[:4]}/{int(month[4:])}",
    lambda month: f"{month[:4]}-{month[4:]}-15",
    full_width,
)
PLAN = (
    Planting(_second_school),
    Planting(_transferred),
    Planting(_higher_diploma),
    credentials.in_force_after_death(holding_id, OF_PUPILS, "enrolled_after_death"),
    credentials.after_death(holding_id, _graduated, (LEFT, ENROLMENT_STATE[LEFT]), OF_PUPILS),
    credentials.too_young(_month, OF_PUPILS),
    credentials.another_name(),
    credentials.another_number(holding_id),
    on("id_number", nothing.required("", "无", "NULL"), among=OF_DIPLOMAS),
    on("id_number", ids.WRONG_CHECK_DIGIT, among=OF_DIPLOMAS),
    on("id_number", ids.FIFTEEN_DIGITS, among=number_born_before("id_number", "2000")),
    on("id_number", ids.LOWER_CASE_X, among=credentials.ending("id_number", "X")),
    on(
        "student_number",
        quarantined("student_number_missing", "", "无", due=NONE),
        among=OF_PUPILS,
        rules=["student_number_given"],
    ),
    on(
        "certificate_number",
        quarantined("diploma_number_missing", "", "-", due=NONE),
        among=OF_DIPLOMAS,
        rules=["certificate_number_given"],
    ),
    on(
        "student_number",
        flagged("student_number_of_another_form", lambda number: number[0] + number[10:]),
        among=OF_PUPILS,
        rules=["student_number_form", "student_number_holds_id"],
    ),
    on(
        "student_number",
        flagged("student_number_of_another", lambda number: f"G{ids.wrong_check(number[1:])}"),
        among=OF_PUPILS,
        rules=["student_number_holds_id"],
    ),
    on(
        "certificate_number",
        flagged("diploma_number_of_another_form", lambda number: number[6:]),
        among=OF_DIPLOMAS,
        rules=["certificate_number_form"],
    ),
    on(
        "graduated_on",
        flagged("graduated_before_enrolment", lambda day: f"{int(day[:4]) - 5}-07-01"),
        among=OF_DIPLOMAS,
        rules=["graduated_after_enrolment"],
    ),
    on(
        "graduated_on",
        dates.before_birth(),
        among=OF_DIPLOMAS,
        rules=["graduated_after_enrolment", "graduated_after_birth"],
    ),
    on("graduated_on", dates.in_future("graduation_in_future"), among=OF_DIPLOMAS),
    on("sex", codes.another_code("sex_mismatch", SEX), rules=["sex_matches_id"]),
    on("enrolled_in", MONTHS, every=True, among=OF_PUPILS),
    on("enrolled_in", quarantined("month_unreadable", "大约2010年", "202013", checks=["form"]), among=OF_DIPLOMAS),
    on("person_name", names.PADDED_UNEVENLY),
    on("person_name", nothing.required("无")),
    on("person_name", names.NOT_LEGIBLE),
    on("certificate_number", WITH_MARKS, among=OF_DIPLOMAS),
    on("state", codes.other_label(ENROLMENT_STATE, 1, 0, code_itself=True), among=OF_PUPILS),
    on("state", codes.unlisted("借读")),
    on("school_stage", codes.unlisted("补习")),
    on("attendance", codes.unlisted("函授")),
    on("record_type", codes.unlisted_critical("成绩"), among=OF_DIPLOMAS),
    on(["school_region", "school_code", "year_group"], nothing.NULL_TOKEN, every=True),
    damaged(Broken.TOO_FEW_CELLS),
    repetition(),
    contradiction("school_name", "内蒙古某学校"),
    later_on(
        Later(updated("class_name", "（新）")),
        Later(deleted),
        Later(deleted_by_key_alone("D", "删除")),
        Later(unknown_flag({"class_name": "九班"})),
    ),
)
SOURCE = Source(
    name="education_record",
    title="学籍学历",
    about=About.ANYONE,
    form=Format(".csv", "gb18030", line_end="\r\n"),
    records=records,
    drift=("身份证件号", "学生姓名", "学校代码", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
)
