"""Schooling, and certificates of disability, qualification and practice: what they say of a life, what they miss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.steps.inputs import table_spec
from simulation.checksums import credit_code
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, death, household, name_of, person_id
from tests.support.place import Place

PUPIL, MINOR, HOLDER, DEAD, LAWYER, NURSE, NAMESAKE = 1, 3, 5, 7, 9, 11, 13
FIRM, UNIT, STRANGE = (
    credit_code("3", "1", "150102", "00000086"),
    *(credit_code("9", "1", "150102", f"{number:08}") for number in (131, 208)),
)
VERSION = {"更新时间": "2026-03-01 08:00:00"}
Tables = dict[str, list[dict[str, Any]]]


def about(number: int, **cells: str) -> Row:
    return {"公民身份号码": person_id(number), "姓名": name_of(number), **VERSION, **cells}


def enrolment(number: int, student_number: str = "", **cells: str) -> Row:
    school = {"记录类型": "学籍", "学籍号": student_number or f"G{person_id(number)}", "学校名称": "第一学校"}
    return about(number, **{**school, "学校区划代码": "150102", "入学年月": "202009", "学籍状态": "在读", **cells})


def diploma(number: int, **cells: str) -> Row:
    named = {"记录类型": "学历", "学校名称": "内蒙古大学", "入学年月": "1980年9月", "学籍状态": "毕业"}
    return about(number, **{**named, "证书编号": f"1012611984050000{number:02}", "毕业日期": "1984-07-01", **cells})


def disability(number: int, issued_on: str, ending: str = "41", **cells: str) -> Row:
    identity = cells.get("公民身份号码", person_id(number))
    held = {"残疾人证号": identity + ending, "残疾类别": ending[0], "残疾等级": ending[1], "发证日期": issued_on}
    return about(number, **{**held, "证件状态": "有效", **cells})


def qualification(number: int, certificate: str, **cells: str) -> Row:
    named = {"证书类型": "护士资格", "证书名称": "护士执业资格证书", "证书编号": certificate}
    return about(number, **{**named, "签发日期": "1990-06-30", "发证机关": "内蒙古考试机构", "状态": "有效", **cells})


def practice(number: int, certificate: str, **cells: str) -> Row:
    named = {"证书类型": "护士", "执业证号": certificate, "执业机构名称": "某医院", "资格证书编号": f"Q{number}"}
    return about(
        number,
        **{**named, "执业机构统一社会信用代码": UNIT, "发证日期": "1992-03-01", "执业状态": "执业", **cells},
    )


def office(**cells: str) -> Row:
    return {
        "统一社会信用代码": FIRM,
        "名称": "新城区某律师事务所",
        "机构类别": "律师事务所",
        "负责人": name_of(LAWYER),
        "负责人身份证号": person_id(LAWYER),
        "状态": "正常",
        **VERSION,
        **cells,
    }


def unit(state: str, **cells: str) -> Row:
    return {"统一社会信用代码": UNIT, "企业名称": "某医院有限公司", "登记状态": state, **VERSION, **cells}


FORMER = person_id(1013)  # whom nobody has; the holder's number of before
FIRST = [
    Delivered("household_registration", "1.csv", [household(n) for n in (PUPIL, MINOR, HOLDER, DEAD, LAWYER, NURSE)]),
    Delivered("household_registration", "2.csv", [household(NAMESAKE, 文化程度="初中")]),
    Delivered(
        "education_record",
        "1.csv",
        [
            enrolment(PUPIL),
            enrolment(PUPIL, "L000000000000000001", 学校名称="第二学校"),
            enrolment(MINOR, "L000000000000000002", 学籍状态="转出", 入学年月="2019-09"),
            enrolment(MINOR),
            enrolment(DEAD),
            diploma(NAMESAKE, 学历层次="大学本科"),
            diploma(NURSE, 学历层次="大学本科", 证书编号="无"),
        ],
    ),
    Delivered(
        "disability_registration",
        "1.csv",
        [
            disability(HOLDER, "2018-05-01", 有效期至="2028-04-30", 证件状态="注销"),
            disability(HOLDER, "2021-05-01", "42", 有效期至="2031-04-30"),
            disability(PUPIL, "2020-01-01", 残疾人证号=FORMER + "41"),
            disability(MINOR, "1970-01-01"),
        ],
    ),
    Delivered(
        "qualification_certificate",
        "1.csv",
        [
            qualification(NURSE, f"Q{NURSE}"),
            qualification(NURSE, "Q0", 签发日期="1988-06-30"),
            qualification(HOLDER, "Q1", 公民身份号码="", 发证机关代码=STRANGE),
            qualification(HOLDER, "Q2", 发证机关代码=STRANGE, 姓名=name_of(DEAD)),
        ],
    ),
    Delivered(
        "practising_certificate",
        "1.csv",
        [practice(NURSE, "H1"), practice(HOLDER, "H2", 执业机构统一社会信用代码=STRANGE, 执业地区划代码="150102")],
    ),
    Delivered("legal_service_organisation", "1.csv", [office()]),
    Delivered("market_entity", "1.csv", [unit("存续")]),
]
LATER = [
    Delivered("death_registration", "1.csv", [death(DEAD, 死亡日期="2021-01-01")]),
    Delivered("market_entity", "2.csv", [unit("注销", 更新时间="2026-03-02 08:00:00")]),
    Delivered(
        "household_registration", "3.csv", [household(HOLDER, 姓名=name_of(DEAD), 更新时间="2026-03-02 08:00:00")]
    ),
    Delivered("qualification_certificate", "2.csv", [qualification(HOLDER, f"Q{HOLDER}")]),
    Delivered("practising_certificate", "2.csv", [practice(LAWYER, "115011990110000001", 证书类型="律师")]),
]
TABLES = ("education", "disability", "certificate", "id_alias", "person_finding", "legal_entity_finding")


def read(place: Place) -> Tables:
    with place.opened() as at:
        return {name: at.rows(table_spec(at.workspace, name)) for name in TABLES}


def found(tables: Tables, rule: str, record: str = "person") -> set[str]:
    return {row["subject"] for row in tables[f"{record}_finding"] if row["rule"] == rule}


# On Spark all that is declared is compared by hand, `make parity`: two runs of it would take ten minutes here.
@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Tables]:
    """A place where the second delivery has come too, and the tables as they were before it."""
    place = Place(tmp_path_factory.mktemp("credentials"))
    for delivered in FIRST:
        delivered.write(place.landing)
    assert not place.run().held
    before = read(place)
    for delivered in LATER:
        delivered.write(place.landing)
    assert not place.run().held
    return place, before


@pytest.fixture(scope="module")
def tables(lake: tuple[Place, Tables]) -> Tables:
    return read(lake[0])


def test_a_transfer_is_history_and_two_schools_at_once_are_a_finding(tables: Tables) -> None:
    schooling = {(row["student_number"], str(row["valid_from"])): row["is_current"] for row in tables["education"]}
    assert schooling["L000000000000000002", "2019-09-01"] is False
    assert schooling[f"G{person_id(MINOR)}", "2020-09-01"] is True
    assert found(tables, "several_enrolments") == {person_id(PUPIL)}


def test_a_diploma_without_a_number_is_no_diploma(tables: Tables) -> None:
    assert {row["id_number"] for row in tables["education"] if row["record_type"] == "学历"} == {person_id(NAMESAKE)}


def test_the_household_register_is_behind_a_diploma_and_public_security_must_act(tables: Tables) -> None:
    (row,) = [row for row in tables["person_finding"] if row["rule"] == "household_education_outdated"]
    assert (row["subject"], row["agency"]) == (person_id(NAMESAKE), "public_security_150100")


def test_a_certificate_ends_where_the_next_one_begins(tables: Tables) -> None:
    held = {row["disability_number"][18:]: row for row in tables["disability"] if row["id_number"] == person_id(HOLDER)}
    assert [(str(held[n]["valid_to"]), held[n]["is_current"]) for n in ("41", "42")] == [
        ("2021-05-01", False),
        ("2031-04-30", True),
    ]


def test_a_number_of_before_is_an_alias_and_its_certificate_to_be_issued_anew(tables: Tables) -> None:
    aliases = {row["alias"]: (row["id_number"], row["source"]) for row in tables["id_alias"]}
    assert aliases[FORMER] == (person_id(PUPIL), "disability_registration")
    assert found(tables, "disability_id_changed") == {person_id(PUPIL)}


def test_a_minor_needs_a_guardian(tables: Tables) -> None:
    assert found(tables, "disabled_minor_without_guardian") == {person_id(MINOR)}


def test_the_certificate_issued_last_is_the_current_one(tables: Tables) -> None:
    held = {row["certificate_number"]: row["is_current"] for row in tables["certificate"]}
    assert (held["Q0"], held[f"Q{NURSE}"], held["H1"]) == (False, True, True)


def test_what_a_later_delivery_says_is_found_or_found_no_more(lake: tuple[Place, Tables], tables: Tables) -> None:
    _, before = lake
    dead, holder, nurse = (person_id(number) for number in (DEAD, HOLDER, NURSE))
    expected = {
        "credential_in_force_after_death": (set(), {dead}),
        "practising_unit_ended": (set(), {nurse, person_id(LAWYER)}),
        "practising_unit_unknown": ({holder}, {holder}),
        "practising_without_qualification": ({holder}, {person_id(LAWYER)}),
    }
    assert {rule: (found(before, rule), found(tables, rule)) for rule in expected} == expected
    headless = "head_without_practising_certificate"
    assert found(before, headless, "legal_entity") == {FIRM}
    assert found(tables, headless, "legal_entity") == set()
    assert found(tables, "certificate_issuer_unknown", "legal_entity") == {STRANGE}


def test_names_are_held_against_the_household_register_as_it_stands(lake: tuple[Place, Tables], tables: Tables) -> None:
    def rows(held: Tables) -> int:
        return sum(row["rule"] == "credential_name_unlike_household" for row in held["person_finding"])

    assert (rows(lake[1]), rows(tables)) == (1, 4), "of the holder's records all but one have the name of before"


def test_one_run_after_another_leaves_what_a_rebuild_would_make(lake: tuple[Place, Tables], tmp_path: Path) -> None:
    assert_equals_a_rebuild(lake[0], tmp_path / "rebuilt")


def test_a_certificate_without_id_is_told_by_its_row(tmp_path: Path) -> None:
    place = Place(tmp_path)
    file = Delivered("qualification_certificate", "q.csv", [qualification(HOLDER, "Q1", 公民身份号码="")])
    checked = place.huiliu("check", str(file.write(place.landing)), "--source", "qualification_certificate")
    assert "id_number.required: 2" in checked.stdout
    assert "公民身份号码：不得为空" in checked.stdout
    assert "what to do: correct the rows at the source and export again" in checked.stdout
    assert name_of(HOLDER)[0] not in checked.stdout
