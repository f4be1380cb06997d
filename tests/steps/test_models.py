"""What the models make of registers that say odd things: annulled marriages, several certificates, staff that left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pipelines.steps.inputs import table_spec
from tests.support.deliveries import Delivered, Row, death, household, marriage, name_of, person_id
from tests.support.place import Place

EMPLOYER, OTHER = "91150102000000086U", "91150102000000131W"
# A marriage case: registrations as event, day and the places of two people, and the state due of each person.
Events = tuple[tuple[str, str, int, int], ...]
A, B, C, D = range(4)
MARRIAGES: dict[str, tuple[Events, dict[int, str]]] = {
    "an annulled later marriage leaves a divorce": (
        (("结婚", "2010-01-01", A, B), ("离婚", "2015-01-01", A, B), ("撤销婚姻", "2020-01-01", A, C)),
        {A: "40", B: "40", C: "10"},
    ),
    "the annulled marriage is delivered too": (
        (
            ("结婚", "2010-01-01", A, B),
            ("离婚", "2015-01-01", A, B),
            ("结婚", "2019-06-01", A, C),
            ("撤销婚姻", "2020-01-01", A, C),
        ),
        {A: "40", B: "40", C: "10"},
    ),
    "an annulment alone": ((("撤销婚姻", "2020-01-01", A, B),), {A: "10", B: "10"}),
    "the only marriage": ((("结婚", "2019-01-01", A, B), ("撤销婚姻", "2020-01-01", A, B)), {A: "10", B: "10"}),
    "a divorce from the annulled marriage falls away": (
        (("结婚", "2010-01-01", A, B), ("离婚", "2015-01-01", A, B), ("撤销婚姻", "2016-01-01", A, B)),
        {A: "10", B: "10"},
    ),
    "a divorce registered after the annulment": (
        (("结婚", "2010-01-01", A, B), ("撤销婚姻", "2012-01-01", A, B), ("离婚", "2015-01-01", A, B)),
        {A: "10", B: "10"},
    ),
    "the second marriage of a couple": (
        (
            ("结婚", "2010-01-01", A, B),
            ("离婚", "2012-01-01", A, B),
            ("结婚", "2014-01-01", A, B),
            ("撤销婚姻", "2016-01-01", A, B),
        ),
        {A: "40", B: "40"},
    ),
    "married again after the annulment": (
        (("结婚", "2010-01-01", A, B), ("撤销婚姻", "2011-01-01", A, B), ("结婚", "2012-01-01", A, B)),
        {A: "20", B: "20"},
    ),
    "both marriages of a couple annulled": (
        (
            ("结婚", "2010-01-01", A, B),
            ("撤销婚姻", "2011-01-01", A, B),
            ("结婚", "2012-01-01", A, B),
            ("撤销婚姻", "2013-01-01", A, B),
        ),
        {A: "10", B: "10"},
    ),
    "a marriage with somebody else after it": (
        (("结婚", "2010-01-01", A, B), ("撤销婚姻", "2011-01-01", A, B), ("结婚", "2012-01-01", A, C)),
        {A: "20", B: "10", C: "20"},
    ),
    "an earlier marriage stands": (
        (("结婚", "2010-01-01", A, B), ("结婚", "2015-01-01", A, C), ("撤销婚姻", "2016-01-01", A, C)),
        {A: "20", B: "20", C: "10"},
    ),
    "an annulment before the marriage": (
        (("撤销婚姻", "2009-01-01", A, B), ("结婚", "2010-01-01", A, B)),
        {A: "20", B: "20"},
    ),
    "annulled on the day of the marriage": (
        (("结婚", "2010-01-01", A, B), ("撤销婚姻", "2010-01-01", A, B)),
        {A: "10", B: "10"},
    ),
    "divorced and married again on one day, then annulled": (
        (
            ("结婚", "2010-01-01", A, B),
            ("离婚", "2014-01-01", A, B),
            ("结婚", "2014-01-01", A, C),
            ("撤销婚姻", "2015-01-01", A, C),
        ),
        {A: "40", B: "40", C: "10"},
    ),
    "a certificate issued anew belongs to the annulled marriage": (
        (("结婚", "2010-01-01", A, B), ("补领结婚证", "2012-01-01", A, B), ("撤销婚姻", "2013-01-01", A, B)),
        {A: "10", B: "10"},
    ),
    "a certificate issued anew is all that is known of it": (
        (("补领结婚证", "2011-01-01", A, B), ("补领结婚证", "2012-01-01", A, B), ("撤销婚姻", "2013-01-01", A, B)),
        {A: "10", B: "10"},
    ),
    "married, issued anew": ((("结婚", "2010-01-01", A, B), ("补领结婚证", "2012-01-01", A, B)), {A: "20", B: "20"}),
    "only issued anew": ((("补领结婚证", "2012-01-01", A, B),), {A: "20", B: "20"}),
    "only a divorce issued anew": ((("补领离婚证", "2012-01-01", A, B),), {A: "40", B: "40"}),
    "a marriage certificate issued anew after the divorce": (
        (("结婚", "2010-01-01", A, B), ("离婚", "2015-01-01", A, B), ("补领结婚证", "2018-01-01", A, B)),
        {A: "40", B: "40"},
    ),
    "a divorce certificate issued anew after the next marriage": (
        (("离婚", "2015-01-01", A, B), ("结婚", "2016-01-01", A, C), ("补领离婚证", "2018-01-01", A, B)),
        {A: "20", B: "40", C: "20"},
    ),
    "divorced after it was issued anew": (
        (("补领结婚证", "2012-01-01", A, B), ("离婚", "2015-01-01", A, B)),
        {A: "40", B: "40"},
    ),
    "annulled, then a certificate issued anew": (
        (("结婚", "2010-01-01", A, B), ("撤销婚姻", "2011-01-01", A, B), ("补领结婚证", "2012-01-01", A, B)),
        {A: "10", B: "10"},
    ),
}
PEOPLE_OF = {name: range(1000 + 10 * place, 1004 + 10 * place) for place, name in enumerate(MARRIAGES)}
TWICE, THRICE, AGREED, TIED = 1, 3, 5, 7  # of whom there are several death certificates


@dataclass(frozen=True)
class DerivedTables:
    """The tables of a lake by name."""

    tables: dict[str, list[dict[str, Any]]]

    def of(self, table: str, number: int, key: str = "id_number") -> list[dict[str, Any]]:
        return [row for row in self.tables[table] if row[key] == person_id(number)]

    def file(self, credit_code: str) -> dict[str, Any]:
        return next(row for row in self.tables["enterprise_file"] if row["credit_code"] == credit_code)


def registrations() -> Iterator[Row]:
    for case, (events, _) in MARRIAGES.items():
        people = PEOPLE_OF[case]
        for place, (event, day, first, other) in enumerate(events):
            # The two stand in either column: it is who they are that makes a couple.
            husband, wife = (people[first], people[other]) if place % 2 else (people[other], people[first])
            yield marriage(
                0,
                登记证号=f"J{people[0]}-{place}",
                登记类型=event,
                登记日期=day,
                男方姓名=name_of(husband),
                男方身份证件号=person_id(husband),
                女方姓名=name_of(wife),
                女方身份证件号=person_id(wife),
            )


def certificates() -> list[Row]:
    first, later = "2026-03-01 08:00:00.100", "2026-03-01 08:00:00.400"
    return [
        death(TWICE, 死亡证编号="D2", 死亡日期="2025-01-01", 更新时间=first),
        death(TWICE, 死亡证编号="D1", 死亡日期="2025-06-01", 更新时间=later),
        *(death(THRICE, 死亡证编号=f"D3{n}", 死亡日期=f"2025-0{n}-01", 更新时间=first) for n in (3, 1, 2)),
        death(AGREED, 死亡证编号="D4"),
        death(AGREED, 死亡证编号="D5"),
        # At one time: of the certificates in one file the later row stands.
        death(TIED, 死亡证编号="S9", 死亡日期="2020-01-01"),
        death(TIED, 死亡证编号="S1", 死亡日期="2021-01-01"),
    ]


def insured(number: int, state: str, employer: str = EMPLOYER, kind: str = "110") -> Row:
    return {
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "险种类型": kind,
        "参保状态": state,
        "参保单位统一社会信用代码": employer,
        "参保地区划代码": "150102",
        "更新时间": "2026-03-01 08:00:00",
    }


INSURED = [
    insured(20, "参保缴费"),
    insured(21, "终止参保"),
    insured(22, "暂停缴费"),
    insured(23, "享受待遇"),
    insured(24, ""),
    insured(25, "参保缴费"),
    insured(25, "终止参保", kind="310"),
    insured(26, "终止参保"),
    insured(26, "参保缴费", OTHER, kind="310"),
    insured(TWICE, "参保缴费"),
    insured(AGREED, "终止参保"),
]


def entity(code: str) -> Row:
    return {"统一社会信用代码": code, "名称": f"内蒙古{code[-3:]}公司", "更新时间": "2026-03-01 08:00:00"}


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def derived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DerivedTables:
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    place = Place(tmp_path_factory.mktemp("models"), engine=request.param)
    for delivered in (
        Delivered("household_registration", "1.csv", [household(n) for n in (TWICE, THRICE, AGREED, TIED, 20)]),
        Delivered("marriage_registration", "1.csv", list(registrations())),
        Delivered("death_registration", "1.csv", certificates()),
        Delivered("social_insurance", "1.csv", INSURED),
        Delivered("credit_code_check", "1.csv", [entity(EMPLOYER), entity(OTHER)]),
    ):
        delivered.write(place.landing)
    assert not place.run().held
    with place.opened() as at:
        names = ("person", "marriage", "death", "person_finding", "person_file", "enterprise_file")
        return DerivedTables({name: at.rows(table_spec(at.workspace, name)) for name in names})


@pytest.mark.parametrize("case", MARRIAGES)
def test_what_is_left_of_a_marriage(derived: DerivedTables, case: str) -> None:
    due = MARRIAGES[case][1]
    found = {place: [row["state"] for row in derived.of("marriage", PEOPLE_OF[case][place])] for place in due}
    assert found == {place: [state] for place, state in due.items()}


def test_the_spouse_is_that_of_the_event_that_stands(derived: DerivedTables) -> None:
    people = PEOPLE_OF["an annulled later marriage leaves a divorce"]
    (row,) = derived.of("marriage", people[A])
    assert (row["spouse_id"], row["registration_number"]) == (person_id(people[B]), f"J{people[0]}-1")


def test_death_is_by_one_certificate_in_every_table(derived: DerivedTables) -> None:
    for number in (TWICE, THRICE, AGREED, TIED):
        (own,), (person,) = derived.of("death", number), derived.of("person", number)
        assert own["died_on"] == person["died_on"], number
    assert [row["certificate_number"] for row in derived.of("death", TWICE)] == ["D1"]
    assert [row["certificate_number"] for row in derived.of("death", TIED)] == ["S1"]


def test_certificates_that_give_another_day_are_found(derived: DerivedTables) -> None:
    found = Counter(row["subject"] for row in derived.tables["person_finding"] if row["rule"] == "several_death_dates")
    assert found == {person_id(TWICE): 1, person_id(THRICE): 2, person_id(TIED): 1}


def test_staff_are_those_whose_insurance_goes_on(derived: DerivedTables) -> None:
    assert derived.file(EMPLOYER)["insured_staff"] == 5, "20, 22, 23, 24 and 25; 21 and 26 left, and one died"
    assert derived.file(OTHER)["insured_staff"] == 1


@pytest.mark.parametrize(("number", "kinds"), [(20, 1), (21, 0), (25, 1), (26, 1)])
def test_insurances_are_those_that_go_on(derived: DerivedTables, number: int, kinds: int) -> None:
    (row,) = derived.of("person_file", number)
    assert row["insurances"] == kinds
