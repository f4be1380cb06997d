"""资格证书: those of who practises something, of skilled workers and teachers, and those that e-licences show too."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.defects import codes, credentials, credit_codes, dates, names, nothing
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, updated
from simulation.planting import Planting, flagged, on
from simulation.professionals import QUALIFIED_BY, practising_people, professionals, qualification_number, qualified_in
from simulation.publications import organisations_in_order
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.truth.golden import name_key
from simulation.vocabulary import CERTIFICATE_LEVEL, CERTIFICATE_STATE, QUALIFICATION_TYPE, SEX
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days, moments
from simulation.world.organisations import new_codes
from simulation.world.places import counties

SKILLED_FEWEST, TEACHERS_FEWEST = 90, 60
VALID, CANCELLED = "有效", "注销"
SKILL, TEACHER, PHYSICIAN, LISTED = "技能等级", "教师资格", "医师资格", "准入类"
NAMES = {
    "法律职业": "法律职业资格证书",
    PHYSICIAN: "医师资格证书",
    "护士资格": "护士执业资格证书",
    LISTED: "执业药师职业资格证书",
    TEACHER: "教师资格证书",
    SKILL: "电工职业技能等级证书",
}
LEVELS = {PHYSICIAN: "执业医师", SKILL: "三级", TEACHER: "中级"}
OF_E_LICENSE, IN_FORCE = "职业资格证书", ("01", "02")


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Workers' skills are judged by enterprises, whose codes stand in the certificates."""
    people = world.people
    rows: dict[tuple[str, str], dict[str, Any]] = {}

    def add(kind: str, number: str, person: int, **others: Any) -> None:
        rows.setdefault((kind, number), {"kind": kind, "number": number, "person": person} | others)

    for professional in professionals(world):
        add(QUALIFIED_BY[professional.kind], professional.qualification, professional.person)
    units = organisations_in_order(world)
    for at, person in enumerate(practising_people(world, max(world.total // 25, SKILLED_FEWEST), 1)):
        unit = units[at * 3 % len(units)]
        code, name = world.organisations.credit_code[unit], world.organisations.name[unit]
        add(SKILL, f"Y{code[2:8]}{at:010}", person, issuer=name, issuer_code=code)
    for person in practising_people(world, max(world.total // 40, TEACHERS_FEWEST), 2):
        add(TEACHER, qualification_number(people, person, TEACHER), person)
    at_number = {number: at for at, number in enumerate(people.id_number)}
    for number, holder, state, kind in world.personal_licenses:
        if kind == OF_E_LICENSE and holder in at_number:
            standing = VALID if state in IN_FORCE else CANCELLED
            add(LISTED, number, at_number[holder], name=OF_E_LICENSE, state=standing)
    return (_table(rng, world, list(rows.values())),)


def _table(rng: np.random.Generator, world: World, rows: list[dict[str, Any]]) -> Table:
    people, count = world.people, len(rows)
    members = [row["person"] for row in rows]
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in members]
    issued = np.array([day_number(f"{qualified_in(people, at)}-06-30") for at in members])
    states = [row.get("state", VALID) for row in rows]
    levels = [LEVELS.get(row["kind"], "其他") for row in rows]
    sent: dict[str, list[Any]] = {
        "certificate_type": [QUALIFICATION_TYPE[row["kind"]][0] for row in rows],
        "certificate_name": [row.get("name", NAMES[row["kind"]]) for row in rows],
        "certificate_number": [row["number"] for row in rows],
        "management_number": [f"{number:024}" for number in rng.permutation(count).tolist()],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "level": [CERTIFICATE_LEVEL[level][0] for level in levels],
        "speciality": ["" if row["kind"] != SKILL else "低压电工" for row in rows],
        "exam_year": [day[:4] for day in iso_days(issued)],
        "approved_on": iso_days(issued - 30),
        "issued_on": iso_days(issued),
        "valid_to": [""] * count,
        "issuer": [row.get("issuer", "内蒙古自治区考试机构") for row in rows],
        "issuer_code": [row.get("issuer_code", "") for row in rows],
        "issue_region": region,
        "state": [CERTIFICATE_STATE[state][0] for state in states],
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "certificate_type": [row["kind"] for row in rows],
        "name_key": [name_key(people.name[at]) for at in members],
        "sex": [people.sex[at] for at in members],
        "level": list(levels),
        "state": list(states),
    }
    return Table("qualification_certificate", sent, due, parts(count))


def _numbered(table: Table, row: int) -> None:
    """The numbers of physicians hold their id numbers."""
    if table.column("certificate_type")[row] == PHYSICIAN:
        number = table.sent["certificate_number"][row][:9] + table.sent["id_number"][row]
        table.change(row, "certificate_number", number)


def _issued(table: Table, row: int, day: int) -> None:
    table.change(row, "issued_on", iso(day))
    table.change(row, "approved_on", iso(day - 30))


def _issuer_unknown(register: Register) -> None:
    """Finding `certificate_issuer_unknown`."""
    table, rows = register.table, register.rows(also=OF_SKILLS(register))
    for row, code in zip(rows, new_codes(register.of.rng, "9", ["150102"] * len(rows)), strict=True):
        table.change(row, "issuer_code", code)
        table.accept(row, "issuer_unknown_to_check")


def _unlike_e_license(register: Register) -> None:
    """Finding `certificate_unlike_e_license`, by the state or by the holder."""
    table, people = register.table, register.of.world.people
    for at, row in enumerate(register.rows(2 * register.each + 2, OF_E_LICENSES(register))):
        if at % 2:
            state = CANCELLED if table.column("state")[row] == VALID else VALID
            table.put(row, "state", CERTIFICATE_STATE[state][0], state)
        else:
            (other,) = practising_people(register.of.world, 1, 5 + at)
            credentials.give(table, row, people, other, _numbered)
            _issued(table, row, day_number(f"{qualified_in(people, other)}-06-30"))
        table.accept(row, "certificate_unlike_e_license")


def _renewed(register: Register) -> None:
    """Another certificate of the same name, issued later: the current one."""
    table = register.table
    for row in register.rows(also=OF_SKILLS(register)):
        anew = table.copy_row(row)
        table.change(anew, "certificate_number", table.sent["certificate_number"][row] + "2")
        _issued(table, anew, day_number(table.sent["issued_on"][row]) + 365)
        table.accept(anew, "certificate_renewed")


def _validity_reversed(register: Register) -> None:
    for row in register.rows(also=OF_SKILLS(register)):
        register.table.change(row, "valid_to", dates.day_before(register.table.sent["issued_on"][row], 10))
        register.table.flag(row, "validity_reversed", "validity_in_order")


def _of_another_sex(number: str) -> str:
    return f"{number[:10]}{'1' if number[10] == '2' else '2'}{number[11:]}"


OF_SKILLS, OF_TEACHERS = (credentials.having("certificate_type", kind) for kind in (SKILL, TEACHER))
OF_PHYSICIANS = credentials.having("certificate_type", PHYSICIAN)
OF_E_LICENSES = credentials.having("certificate_name", OF_E_LICENSE)
PLAN = (
    Planting(_unlike_e_license),
    Planting(_issuer_unknown),
    Planting(_renewed),
    credentials.after_death(_numbered, _issued, (CANCELLED, CERTIFICATE_STATE[CANCELLED]), OF_SKILLS),
    credentials.too_young(_issued, OF_SKILLS, 5_000),
    credentials.another_name(OF_SKILLS),
    credentials.another_number(_numbered, OF_SKILLS),
    on("id_number", nothing.required("", "无", "NULL"), among=OF_SKILLS),
    on("id_number", ids.WRONG_CHECK_DIGIT, among=OF_SKILLS),
    on("id_number", ids.AS_SHOWN_BY_EXCEL, among=OF_TEACHERS),
    on(
        "certificate_number",
        flagged("certificate_number_of_another_form", lambda number: number[:12]),
        among=OF_TEACHERS,
        rules=["number_fits_type"],
    ),
    on(
        "certificate_number",
        flagged("physician_number_of_another_form", lambda number: number[:20]),
        among=OF_PHYSICIANS,
        rules=["number_fits_type"],
    ),
    on(
        "certificate_number",
        flagged("physician_number_of_another", lambda number: number[:9] + ids.wrong_check(number[9:])),
        among=OF_PHYSICIANS,
        rules=["physician_number_holds_id"],
    ),
    on(
        "certificate_number",
        flagged("teacher_number_of_another_sex", _of_another_sex),
        among=OF_TEACHERS,
        rules=["teacher_number_tells_sex"],
    ),
    on("certificate_number", nothing.required("无", "-"), among=OF_SKILLS),
    on("certificate_number", WITH_MARKS, among=OF_SKILLS),
    on("approved_on", flagged("issued_before_approval", dates.shifted(60)), rules=["issued_after_approval"]),
    Planting(_validity_reversed),
    on("issued_on", dates.before_birth(), rules=["issued_after_birth", "issued_after_approval"]),
    on("issued_on", dates.in_future("issue_in_future")),
    on("issued_on", dates.ANY_SPELLING, every=True, among=OF_SKILLS),
    on("sex", codes.another_code("sex_mismatch", SEX), among=OF_SKILLS, rules=["sex_matches_id"]),
    on("certificate_type", codes.unlisted("荣誉证书"), among=OF_SKILLS),
    on("certificate_type", codes.other_label(QUALIFICATION_TYPE, 1, 0, code_itself=True), among=OF_SKILLS),
    on("level", codes.unlisted("特级")),
    on("state", codes.unlisted("待定")),
    on("issuer_code", credit_codes.WRONG_CHECK_DIGIT, among=OF_SKILLS),
    on("person_name", names.NOT_LEGIBLE),
    on("person_name", names.PADDED_UNEVENLY),
    on(["speciality", "exam_year", "issue_region"], nothing.NULL_TOKEN, every=True),
    damaged(Broken.NO_JSON),
    repetition(),
    contradiction("issuer", "内蒙古某考试机构"),
    later_on(
        Later(updated("speciality", "（高压）")),
        Later(deleted),
        Later(deleted_by_key_alone("D", "delete")),
    ),
)
SOURCE = Source(
    name="qualification_certificate",
    title="资格证书",
    about=About.ANYONE,
    form=Format(".jsonl"),
    records=records,
    drift=("证书号码", "发证单位", "证书状态", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
)
