"""Registers of legal entities held against each other: heads, the check list, villages, hosts of trade unions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.steps.inputs import table_spec
from simulation.checksums import credit_code
from tests.support.deliveries import Delivered, Row, death, household, name_of, person_id
from tests.support.place import Place

ALIVE, DEAD = 20, 21
HOST, ENDED_HOST = (credit_code("9", "1", "150102", f"{number:08}") for number in (86, 131))
Tables = dict[str, list[dict[str, Any]]]


def code(begin: str, number: int) -> str:
    return credit_code(begin[0], begin[1], "150102", f"{number:08}")


def registered(begin: str, number: int, **cells: str) -> Row:
    """An organisation that goes on, headed by somebody alive."""
    return {
        "统一社会信用代码": code(begin, number),
        "名称": f"新城区第{number}组织",
        "负责人": name_of(ALIVE),
        "负责人身份证号": person_id(ALIVE),
        "状态": "正常",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def dead_head(begin: str, number: int, **cells: str) -> Row:
    return registered(begin, number, 负责人=name_of(DEAD), 负责人身份证号=person_id(DEAD), **cells)


def committee(number: int, village: str, **cells: str) -> Row:
    return registered("54", number, 类型="嘎查村", 村级代码=village, **cells)


def checked(begin: str, number: int, **cells: str) -> Row:
    return {
        "统一社会信用代码": code(begin, number),
        "机构名称": f"新城区第{number}组织",
        "机构状态": "存续",
        "校核结果": "一致",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def entity(credit_code: str, state: str) -> Row:
    return {"统一社会信用代码": credit_code, "企业名称": f"{credit_code[-4:]}公司", "登记状态": state}


def deliveries() -> Iterator[Delivered]:
    yield Delivered("household_registration", "1.csv", [household(ALIVE), household(DEAD)])
    yield Delivered("death_registration", "1.csv", [death(DEAD, 死亡日期="2025-01-01")])
    yield Delivered("market_entity", "1.csv", [entity(HOST, "存续"), entity(ENDED_HOST, "注销")])
    yield Delivered(
        "grassroots_committee",
        "1.csv",
        [
            committee(1, "150102101201"),
            committee(2, "150102101201"),
            committee(3, "150102101202"),
            committee(4, "150102101202", 状态="注销"),
        ],
    )
    yield Delivered(
        "public_institution",
        "1.csv",
        [
            dead_head("12", 11, 机构类型="事业单位", 事证号="1", 证书有效期起="2024-01-01", 证书有效期止="2028-12-31"),
            dead_head("11", 12, 机构类型="机关", 状态="注销"),
            registered("11", 13, 机构类型="机关", 负责人="", 负责人身份证号=""),
            registered("11", 14, 机构类型="机关", 负责人身份证号=person_id(99)),
        ],
    )
    yield Delivered("religious_venue", "1.csv", [dead_head("71", 21, 教别="佛教"), registered("71", 22, 教别="道教")])
    yield Delivered(
        "trade_union",
        "1.csv",
        [
            registered("81", 31, 建会单位统一社会信用代码=HOST),
            registered("81", 32, 建会单位统一社会信用代码=ENDED_HOST),
            registered("81", 33, 建会单位统一社会信用代码=ENDED_HOST, 状态="撤销"),
        ],
    )
    yield Delivered(
        "credit_code_check",
        "1.csv",
        [checked("54", 1), checked("54", 2, 机构名称="新城区 第2组织"), checked("54", 3, 机构名称="别的组织")],
    )


# On Spark all that is declared is compared by hand, `make parity`: two runs of it would take ten minutes here.
@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    place = Place(tmp_path_factory.mktemp("entities"))
    for delivered in deliveries():
        delivered.write(place.landing)
    assert not place.run().held
    with place.opened() as at:
        names = ("legal_entity", "legal_entity_finding", "legal_representative", "code_check")
        return {name: at.rows(table_spec(at.workspace, name)) for name in names}


def found(tables: Tables, rule: str) -> set[str]:
    return {row["subject"] for row in tables["legal_entity_finding"] if row["rule"] == rule}


def test_heads_who_died_are_found_of_organisations_that_go_on(tables: Tables) -> None:
    assert found(tables, "representative_dead") == {code("12", 11), code("71", 21)}


def test_several_committees_of_a_village_are_found_if_in_force(tables: Tables) -> None:
    assert found(tables, "several_active_committees") == {code("54", 1), code("54", 2)}


def test_trade_unions_of_hosts_that_ended_are_found_if_they_go_on(tables: Tables) -> None:
    assert found(tables, "union_of_ended_host") == {code("81", 32)}


def test_a_finding_goes_to_the_agency_of_the_register(tables: Tables) -> None:
    acting = {row["subject"]: row["agency"] for row in tables["legal_entity_finding"]}
    assert acting[code("54", 1)] == "civil_affairs_150100"
    assert acting[code("71", 21)] == "ethnic_and_religious_affairs", "no region is given"


def test_heads_are_held_against_people(tables: Tables) -> None:
    heads = {row["credit_code"]: row for row in tables["legal_representative"]}
    known = {code: (row["is_known_person"], row["died_on"] is not None) for code, row in heads.items()}
    assert known[code("54", 1)] == (True, False)
    assert known[code("12", 11)] == (True, True)
    assert known[code("11", 14)] == (False, False)
    assert code("11", 13) not in known, "without a head"


def test_who_heads_a_venue_stands_in_no_table_beside_its_register(tables: Tables) -> None:
    venues = {code("71", 21), code("71", 22)}
    assert not venues & {row["credit_code"] for row in tables["legal_representative"]}
    rows = [row for row in tables["legal_entity"] if row["credit_code"] in venues]
    assert [(row["representative_id"], row["representative_name"], row["phone"]) for row in rows] == [(None,) * 3] * 2


def test_what_the_check_list_says_of_codes(tables: Tables) -> None:
    checks = {row["credit_code"]: (row["is_checked"], row["is_name_alike"]) for row in tables["code_check"]}
    assert checks[code("54", 1)] == checks[code("54", 2)] == (True, True), "spelling aside"
    assert checks[code("54", 3)] == (True, False)
    assert checks[code("54", 4)] == (False, None)
    assert HOST in checks
    assert len(checks) == len(tables["legal_entity"])
