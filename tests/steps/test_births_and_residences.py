"""Where people live and what is written of their births and health: links, periods, and what contradicts registers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from pipelines.steps.inputs import table_spec
from simulation.checksums import id_number
from tests.support.deliveries import Delivered, Row, death, household, name_of, permit, person_id
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place

MOTHER, FATHER, OTHER, DEAD, STRANGER = 20, 21, 22, 23, 25
TABLES = ("residence", "health", "birth", "parent_child", "person_finding")
DELIVERED_ON = "2026-03-01 08:00:00"


def child_id(number: int, day: str, boy: bool) -> str:
    return id_number(f"150102{day.replace('-', '')}{2 * number + boy:03}")


def child(number: int, day: str, boy: bool, **cells: str) -> Row:
    """Somebody in the household register, of the mother's household unless `cells` say otherwise."""
    return household(
        0,
        公民身份号码=child_id(number, day, boy),
        姓名=name_of(100 + number),
        性别="男" if boy else "女",
        出生日期=day,
        **{"户号": "H1", **cells},
    )


def birth(number: str, day: str, boy: bool, **cells: str) -> Row:
    return {
        "出生医学证明编号": number,
        "证件状态": "有效",
        "新生儿性别": "男" if boy else "女",
        "出生日期时间": f"{day} 03:00:00",
        "行政区划代码": "150102",
        "母亲姓名": name_of(MOTHER),
        "母亲证件类别": "居民身份证",
        "母亲证件号": person_id(MOTHER),
        "签发日期": "2024-01-10",
        "更新时间": DELIVERED_ON,
        **cells,
    }


def registration(number: str, person: int, day: str, **cells: str) -> Row:
    return {
        "登记编号": number,
        "公民身份号码": person_id(person),
        "姓名": name_of(person),
        "户籍地区划代码": "150102",
        "现居住地区划代码": "150402",
        "现居住地址": "红山区1号",
        "登记日期": day,
        "登记类型": "登记",
        "更新时间": DELIVERED_ON,
        **cells,
    }


def record(number: int, person: int, **cells: str) -> Row:
    return {
        "档案编号": f"150102001001{number:05}",
        "公民身份号码": person_id(person),
        "姓名": name_of(person),
        "常住类型": "户籍",
        "建档日期": "2020-01-01",
        "档案状态": "活动",
        "更新时间": DELIVERED_ON,
        **cells,
    }


def disability(person: int, kind: str, issued_on: str, **cells: str) -> Row:
    number = f"{person_id(person)}{kind}2"
    held = {"残疾人证号": number, "公民身份号码": person_id(person), "姓名": name_of(person)}
    about = {
        "残疾类别": kind,
        "残疾等级": "2",
        "发证日期": issued_on,
        "证件状态": "有效",
        "监护人姓名": name_of(MOTHER),
    }
    return {**held, **about, "更新时间": DELIVERED_ON, **cells}


HOUSEHOLDS = [
    household(MOTHER, 户号="H1"),
    household(FATHER, 户号="H2"),
    household(OTHER, 户号="H3"),
    household(DEAD),
    child(1, "2005-05-05", True),
    # Twins of one sex, known apart by their names.
    child(2, "2010-03-03", False),
    child(3, "2010-03-03", False),
    # In the household of the father.
    child(4, "2012-04-04", True, 户号="H2"),
]
BIRTHS = [
    birth("S150000001", "2005-05-05", True),
    birth("S150000002", "2010-03-03", False, 新生儿姓名=name_of(102)),
    birth("S150000003", "2010-03-03", False),
    birth("S150000004", "2012-04-04", True, 父亲姓名=name_of(FATHER), 父亲证件号=person_id(FATHER)),
    # By its number alone, from elsewhere; in no register.
    birth("S150000005", "2008-01-01", True, 新生儿公民身份号码=child_id(9, "2008-01-01", True)),
    birth("S150000006", "2011-01-01", True, 母亲证件类别="护照", 母亲证件号="E12345678"),
    birth("X150000007", "2011-09-09", True, 证件状态="作废", 签发日期="2023-04-01"),
    birth("X150000008", "2007-07-07", False, 证件状态="补发", 原编号="S150000099", 签发日期="2023-03-31"),
]
REGISTRATIONS = [
    registration("L1", MOTHER, "2024-01-01"),
    registration("L2", MOTHER, "2025-02-01"),
    registration("L3", FATHER, "2024-12-04"),
    registration("L4", OTHER, "2024-12-03", 离开日期="2025-06-01"),
    registration("L5", DEAD, "2020-01-01", 登记类型="注销"),
    registration("L6", DEAD, "2026-02-02"),
    registration("L7", STRANGER, "2020-01-01", 居住事由="打工"),
]
PERMITS = [
    permit(FATHER, 签发日期="2025-06-01"),  # 179 days
    permit(OTHER, 签发日期="2025-06-01"),  # 180 days
    permit(STRANGER, 签发日期="2025-06-01", 现居住地区划代码="150502"),
    permit(MOTHER, 有效期起="2019-01-01", 有效期止="2020-01-01", 签发日期="2019-01-01", 居住证编号="OVER"),
]
RECORDS = [
    record(1, MOTHER, 既往史="糖尿病、高血压；冠心病", 药物过敏史="无"),
    record(2, MOTHER, 建档日期="2021-01-01", 既往史="无，高血压"),
    record(3, DEAD, 档案状态="死亡", 终止日期="2026-02-03", 最近随访日期="2026-02-01"),
    record(4, DEAD),
    record(5, OTHER, 姓名=name_of(STRANGER), 残疾情况="无残疾"),
    record(6, FATHER, 残疾情况="肢体；听力"),
    record(7, STRANGER, 残疾情况="视力"),
]
CERTIFICATES = [
    disability(MOTHER, "4", "2020-05-01"),  # her record says nothing
    disability(OTHER, "7", "2020-05-01"),
    disability(FATHER, "1", "2015-05-01"),
    disability(FATHER, "4", "2020-05-01"),
    disability(STRANGER, "4", "2020-05-01"),
    disability(DEAD, "4", "2020-05-01", 证件状态="注销"),
]
DEATHS = [death(DEAD, 死亡日期="2026-02-01")]
FIRST = {
    "household_registration": HOUSEHOLDS[:5],
    "residence_permit": PERMITS,
    "death_registration": [],
    "birth_registration": BIRTHS,
    "floating_population_registration": REGISTRATIONS[:5],
    "health_record": RECORDS[:4],
}
LATER = {
    "household_registration": HOUSEHOLDS[5:],
    "death_registration": DEATHS,
    "birth_registration": [
        birth("X150000010", "2005-05-05", True, 证件状态="换发", 原编号="S150000001", 签发日期="2024-02-02"),
    ],
    "floating_population_registration": REGISTRATIONS[5:],
    "health_record": RECORDS[4:],
    "disability_registration": CERTIFICATES,
}


@dataclass(frozen=True)
class Known:
    """The tables of a lake by name."""

    tables: dict[str, list[dict[str, Any]]]

    def found(self, rule: str) -> list[str]:
        return sorted(row["subject"] for row in self.tables["person_finding"] if row["rule"] == rule)

    def certificate(self, number: str) -> dict[str, Any]:
        (row,) = [row for row in self.tables["birth"] if row["certificate_number"] == number]
        return row

    def periods(self, person: int) -> dict[str, tuple[str, str, bool]]:
        rows = [row for row in self.tables["residence"] if row["id_number"] == person_id(person)]
        return {row["number"]: (str(row["valid_from"]), str(row["valid_to"]), row["is_current"]) for row in rows}


def deliver(place: Place, file: str, *deliveries: dict[str, list[Row]]) -> None:
    for delivered in deliveries:
        for source, rows in delivered.items():
            if rows:
                Delivered(source, file, rows).write(place.landing)


def opened(place: Place, names: Iterable[str] = TABLES) -> Known:
    with place.opened() as at:
        return Known({name: at.rows(table_spec(at.workspace, name)) for name in names})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Some come a day after the records that are about them."""
    place = Place(tmp_path_factory.mktemp("persons"))
    deliver(place, "1.csv", FIRST)
    assert not place.run().held
    deliver(place, "2.csv", LATER)
    assert not place.run().held
    return place


@pytest.fixture(scope="module")
def known(place: Place) -> Known:
    return opened(place)


def test_what_came_later_gives_what_all_at_once_would_give(place: Place) -> None:
    again = Place(place.folder, lake_name="again")
    assert not again.run().held
    with place.opened() as at, connection() as compared:
        specs = [table_spec(at.workspace, name) for name in TABLES]
        assert [differences(compared, spec, place.lake, again.lake) for spec in specs] == [[]] * len(TABLES)


@pytest.mark.parametrize(
    ("certificate", "number", "method"),
    [
        ("S150000001", child_id(1, "2005-05-05", True), "parents_and_date"),
        ("X150000010", child_id(1, "2005-05-05", True), "parents_and_date"),
        ("S150000002", child_id(2, "2010-03-03", False), "parents_date_and_name"),
        ("S150000003", None, None),
        ("S150000004", child_id(4, "2012-04-04", True), "parents_and_date"),
        ("S150000005", child_id(9, "2008-01-01", True), "stated_number"),
        ("S150000006", None, None),
    ],
)
def test_whose_birth_it_was(known: Known, certificate: str, number: str | None, method: str | None) -> None:
    row = known.certificate(certificate)
    assert (row["child_id"], row["link_method"]) == (number, method)


def test_what_is_issued_anew_ends_the_first_certificate(known: Known) -> None:
    first, second = known.certificate("S150000001"), known.certificate("X150000010")
    assert (str(first["valid_to"]), first["is_current"]) == ("2024-02-02", False)
    assert (second["valid_to"], second["is_current"], second["birth_number"]) == (None, True, "S150000001")
    void = known.certificate("X150000007")
    assert (str(void["valid_to"]), void["is_current"]) == ("2026-03-01", False)
    assert known.found("replaced_certificate_still_valid") == ["S150000001"]
    assert known.found("original_certificate_unknown") == ["S150000099"]
    assert known.found("certificate_letter_unlike_date") == sorted(
        ["S150000001", "S150000002", "S150000003", "S150000004", "S150000005", "S150000006", "X150000008"]
    )


def test_children_have_the_parents_of_their_certificates(known: Known) -> None:
    parents = {(row["id_number"], row["relation"]): row["parent_document"] for row in known.tables["parent_child"]}
    fourth = child_id(4, "2012-04-04", True)
    assert (parents[fourth, "mother"], parents[fourth, "father"]) == (person_id(MOTHER), person_id(FATHER))
    assert (child_id(1, "2005-05-05", True), "father") not in parents


def test_who_is_in_no_household_is_asked_of_the_parents_police(known: Known) -> None:
    assert known.found("birth_not_in_household_register") == sorted([person_id(MOTHER), "S150000006"])
    asked = {
        row["source"] for row in known.tables["person_finding"] if row["rule"] == "birth_not_in_household_register"
    }
    assert asked == {"household_registration", "birth_registration"}


def test_residences_run_until_they_are_left_or_cancelled(known: Known) -> None:
    assert known.periods(MOTHER) == {
        "L1": ("2024-01-01", "None", False),
        "L2": ("2025-02-01", "None", True),
        "OVER": ("2019-01-01", "2020-01-01", False),
    }
    assert known.periods(DEAD)["L5"] == ("2020-01-01", "2026-03-01", False)
    # A permit that is good beside a registration that is over.
    assert [period[2] for period in known.periods(OTHER).values()].count(True) == 1
    assert known.periods(OTHER)["L4"] == ("2024-12-03", "2025-06-01", False)


def test_what_contradicts_a_registration_of_residence_is_found(known: Known) -> None:
    assert known.found("several_open_registrations") == [person_id(MOTHER)] * 2
    # Of the mother's permit the registrations came years later; nobody in the stranger's county is judged.
    assert known.found("permit_before_half_a_year") == sorted([person_id(MOTHER), person_id(FATHER)])
    assert known.found("residence_after_death") == [person_id(DEAD)]
    assert known.found("resident_unknown_to_household") == [person_id(STRANGER)]


def test_health_records_hold_each_disease_and_end(known: Known) -> None:
    rows = {row["record_number"][-1]: row for row in known.tables["health"]}
    assert (rows["1"]["medical_history"], rows["1"]["drug_allergy"]) == ("2;3;4", None)
    assert rows["2"]["medical_history"] == "1;2"
    assert [rows[number]["is_current"] for number in "1234"] == [False, True, False, True]
    assert known.found("several_open_health_records") == [person_id(MOTHER)] * 2
    assert known.found("health_record_after_death") == [person_id(DEAD)]
    assert known.found("patient_name_unlike_household") == [person_id(OTHER)]


def test_health_records_are_held_against_the_last_certificate_of_disability_in_force(known: Known) -> None:
    assert known.found("disability_unlike_certificate") == sorted([person_id(OTHER), person_id(STRANGER)])
