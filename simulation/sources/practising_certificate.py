"""执业证书: lawyers and notaries at the offices that they head, physicians, nurses and pharmacists at organisations."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.among import both
from simulation.defects import codes, credentials, credit_codes, dates, names, nothing
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import AS_SENT, Planting, accepted, flagged, on
from simulation.professionals import LAWYER, NURSE, PHARMACIST, PHYSICIAN, professionals, qualified_in
from simulation.publications import organisations_ended
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.truth.golden import name_key
from simulation.vocabulary import PRACTICE_CATEGORY, PRACTISING_STATE, PRACTISING_TYPE, SEX
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days, moments
from simulation.world.drawing import pick_of
from simulation.world.organisations import new_codes
from simulation.world.people import Mask
from simulation.world.places import counties

IN_PRACTICE, CANCELLED = "执业", "注销"
FULL_TIME, PART_TIME = "专职", "兼职"
CATEGORIES = {LAWYER: FULL_TIME, PHYSICIAN: "临床"}
REVOKED = "XKC"  # how the numbers of those begin which penalties have revoked


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Everybody practises."""
    people, held = world.people, professionals(world)
    count, members = len(held), [professional.person for professional in held]
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in members]
    issued = np.array([day_number(f"{qualified_in(people, at) + 2}-03-01") for at in members])
    category = [CATEGORIES.get(professional.kind) for professional in held]
    sent: dict[str, list[Any]] = {
        "certificate_type": [PRACTISING_TYPE[professional.kind][0] for professional in held],
        "practising_number": [professional.number for professional in held],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "unit_name": [professional.unit[1] for professional in held],
        "unit_code": [professional.unit[0] for professional in held],
        "practice_category": [PRACTICE_CATEGORY[code][0] if code else "" for code in category],
        "practice_scope": ["" if code != "临床" else "内科专业" for code in category],
        "level": [""] * count,
        "qualification_number": [professional.qualification for professional in held],
        "first_practised_on": iso_days(issued),
        "issued_on": iso_days(issued),
        "valid_to": iso_days(issued + 30 * 365),
        "assessment_year": ["2025"] * count,
        "assessment_result": pick_of(rng, ["称职", "合格"], count),
        "state": [PRACTISING_STATE[IN_PRACTICE][0]] * count,
        "issuer": [f"{counties()[code]}执业注册机关" for code in region],
        "practice_region": region,
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "certificate_type": [professional.kind for professional in held],
        "name_key": [name_key(people.name[at]) for at in members],
        "sex": [people.sex[at] for at in members],
        "practice_category": list(category),
        "state": [IN_PRACTICE] * count,
    }
    return (Table("practising_certificate", sent, due, parts(count)),)


def _number_stays(table: Table, row: int) -> None:
    """No number of nurses and pharmacists tells whose it is."""


def _issued(table: Table, row: int, day: int) -> None:
    for column in ("issued_on", "first_practised_on"):
        table.change(row, column, iso(day))
    table.change(row, "valid_to", iso(day + 1_800))


def _unit_unknown(register: Register) -> None:
    """Finding `practising_unit_unknown`."""
    table, rows = register.table, register.rows(also=OF_OTHERS(register))
    for row, code in zip(rows, new_codes(register.of.rng, "9", ["150102"] * len(rows)), strict=True):
        table.change(row, "unit_code", code)
        table.accept(row, "unit_unknown")


def _unit_ended(register: Register) -> None:
    """Finding `practising_unit_ended`."""
    organisations, ended = register.of.world.organisations, organisations_ended(register.of.world)
    for at, row in enumerate(register.rows(also=OF_OTHERS(register))):
        unit = ended[at % len(ended)]
        register.table.change(row, "unit_code", organisations.credit_code[unit])
        register.table.change(row, "unit_name", organisations.name[unit])
        register.table.accept(row, "unit_ended")


def _without_qualification(register: Register) -> None:
    """Finding `practising_without_qualification`."""
    for row in register.rows(also=OF_OTHERS(register)):
        register.table.change(row, "qualification_number", register.table.sent["qualification_number"][row] + "9")
        register.table.accept(row, "qualification_unknown")


def _practises_no_more(register: Register) -> None:
    """No finding: whoever practises no more needs no unit that goes on."""
    for row in register.rows(also=OF_OTHERS(register)):
        register.table.put(row, "state", PRACTISING_STATE[CANCELLED][0], CANCELLED)
        register.table.change(row, "qualification_number", register.table.sent["qualification_number"][row] + "8")
        register.table.accept(row, "practises_no_more")


def _plain(register: Register) -> Mask:
    numbers = register.table.sent["practising_number"][: register.subjects]
    return np.array([not str(number).startswith(REVOKED) for number in numbers])


def _of_another_sex(number: str) -> str:
    return f"{number[:10]}{'0' if number[10] == '1' else '1'}{number[11:]}"


OF_LAWYERS, OF_PHYSICIANS = (credentials.having("certificate_type", kind) for kind in (LAWYER, PHYSICIAN))
OF_OTHERS = both(_plain, credentials.having("certificate_type", NURSE, PHARMACIST))
PLAN = (
    Planting(_unit_unknown),
    Planting(_unit_ended),
    Planting(_without_qualification),
    Planting(_practises_no_more),
    credentials.in_force_after_death(_number_stays, OF_OTHERS, "practising_after_death", _issued),
    credentials.after_death(_number_stays, _issued, (CANCELLED, PRACTISING_STATE[CANCELLED]), OF_OTHERS),
    credentials.too_young(_issued, OF_OTHERS, 6_000),
    credentials.another_name(OF_PHYSICIANS),
    credentials.another_number(_number_stays, OF_PHYSICIANS),
    on("id_number", nothing.required("", "无", "NULL"), among=OF_PHYSICIANS),
    on("id_number", ids.WRONG_CHECK_DIGIT, among=OF_PHYSICIANS),
    on("id_number", ids.TOO_SHORT, among=OF_PHYSICIANS),
    on(
        "practising_number",
        flagged("practising_number_of_another_form", lambda number: number[:9]),
        among=OF_LAWYERS,
        rules=["number_fits_type"],
    ),
    on(
        "practising_number",
        flagged("practising_number_of_another_form", lambda number: number + "1"),
        among=OF_PHYSICIANS,
        rules=["number_fits_type"],
    ),
    on(
        "practising_number",
        flagged("lawyer_number_of_another_sex", _of_another_sex),
        among=OF_LAWYERS,
        rules=["lawyer_number_tells_sex"],
    ),
    on(
        "practice_category",
        flagged("lawyer_number_of_another_category", PRACTICE_CATEGORY[PART_TIME][1], due=PART_TIME),
        among=OF_LAWYERS,
        rules=["lawyer_number_tells_category"],
    ),
    on(
        "practising_number",
        accepted("lawyer_number_of_old", lambda number: number[1:13], due=AS_SENT),
        among=OF_LAWYERS,
    ),
    on("practising_number", nothing.required("无", "-"), among=OF_PHYSICIANS),
    on("practising_number", WITH_MARKS, among=OF_LAWYERS),
    on(
        "first_practised_on",
        flagged("practised_before_issue", dates.shifted(45)),
        among=OF_LAWYERS,
        rules=["issued_after_first_practice"],
    ),
    on(
        "valid_to",
        flagged("validity_reversed", "1950-01-01"),
        among=OF_PHYSICIANS,
        rules=["validity_in_order"],
    ),
    on("valid_to", dates.no_end("certificate_without_end", "长期", "9999-12-31"), among=OF_LAWYERS),
    on(
        "issued_on",
        dates.before_birth(),
        among=OF_LAWYERS,
        rules=["issued_after_birth", "issued_after_first_practice"],
    ),
    on("issued_on", dates.in_future("issue_in_future"), among=OF_LAWYERS, rules=["validity_in_order"]),
    on("issued_on", dates.WITH_SLASHES, among=OF_LAWYERS),
    on("sex", codes.another_code("sex_mismatch", SEX), among=OF_PHYSICIANS, rules=["sex_matches_id"]),
    on("certificate_type", codes.unlisted("厨师执业"), among=OF_PHYSICIANS),
    on("certificate_type", codes.other_label(PRACTISING_TYPE, 1, 0, code_itself=True), among=OF_LAWYERS),
    on("practice_category", codes.unlisted("顾问"), among=OF_PHYSICIANS),
    on("state", codes.unlisted("待定"), among=_plain),
    on("unit_code", credit_codes.WRONG_CHECK_DIGIT, among=OF_PHYSICIANS),
    on("unit_name", names.NOT_LEGIBLE, among=OF_LAWYERS),
    on("person_name", names.PADDED_UNEVENLY, among=_plain),
    on(["practice_scope", "assessment_year", "level", "unit_code"], nothing.NULL_TOKEN, every=True, among=_plain),
    damaged(Broken.TOO_FEW_CELLS, among=OF_LAWYERS),
    repetition(),
    contradiction("issuer", "内蒙古某注册机关"),
    later_on(
        Later(updated("practice_scope", "（增项）")),
        Later(deleted),
        Later(deleted_by_key_alone("D", "删除")),
        Later(unknown_flag()),
        among=_plain,
    ),
)
SOURCE = Source(
    name="practising_certificate",
    title="执业证书",
    about=About.ANYONE,
    form=Format(".csv", "utf-8-sig", line_end="\r\n"),
    records=records,
    drift=("执业证书编号", "执业机构", "资格证号", "cd_operation", "cd_time"),
    plan=PLAN,
)
