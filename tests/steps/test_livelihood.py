"""Contributions, allowances, housing funds and dwellings of persons: files in, tables and findings out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.steps.inputs import table_spec
from simulation.checksums import credit_code
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, death, household, name_of, person_id
from tests.support.place import Place

PAYER, DEAD, OWNER, HEAD, CHILDLESS, BUYER = 20, 21, 22, 23, 24, 25
EMPLOYER = credit_code("9", "1", "150102", "00000086")
UNIT, OTHER_UNIT = (f"150102001002GB00001F0001000{at}" for at in (1, 2))
TABLES = ("payment", "allowance", "housing_fund_account", "real_estate", "person_finding")
Tables = dict[str, list[dict[str, Any]]]


def updated(day: str) -> Row:
    return {"更新时间": f"{day} 08:00:00"}


def ticket(number: str, payer: int, amount: str, **cells: str) -> Row:
    return {
        "征收流水号": number,
        "公民身份号码": person_id(payer),
        "姓名": name_of(payer),
        "单位统一社会信用代码": EMPLOYER,
        "征收项目": "职工养老",
        "征收品目": "单位缴纳",
        "费款所属期起": "2026年1月",
        "费款所属期止": "202601",
        "缴费基数": "5000",
        "费率": "16%",
        "应缴费额": amount,
        "实缴费额": amount,
        "入库日期": "2026-02-10",
        "原票号": "",
        "参保地区划代码": "150102",
        **updated("2026-03-01"),
        **cells,
    }


def insured(number: int, kind: str, **cells: str) -> Row:
    return {
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "险种类型": kind,
        "参保状态": "参保缴费",
        "缴费基数": "5000",
        "最近缴费日期": "2026-01-05",
        **updated("2026-03-01"),
        **cells,
    }


def supported(member: int, month: str, **cells: str) -> Row:
    return {
        "行政区划代码": "150102001001",
        "发放年月": month,
        "申请人姓名": name_of(member),
        "申请人身份证号": person_id(member),
        "救助业务类型": "城市低保",
        "家庭人口数": "2",
        "保障人口数": "1",
        "救助开始年月": "2025-01",
        "救助证号": f"DB{member}",
        "成员姓名": name_of(member),
        "成员身份证号": person_id(member),
        "户月保障金额": "700",
        "救助状态": "享受",
        **updated("2026-03-01"),
        **cells,
    }


def standard(month: str, amount: str) -> Row:
    return {
        "行政区划代码": "150102",
        "救助业务类型": "110",
        "执行起始年月": month,
        "月人均标准": amount,
        **updated("2026-01-02"),
    }


def account(number: str, holder: str, **cells: str) -> Row:
    return {
        "个人账号": number,
        "中心代码": "C1501",
        "证件类型": "身份证",
        "证件号码": holder,
        "姓名": name_of(HEAD),
        "个人缴存基数": "5000",
        "单位缴存比例": "0.12",
        "个人缴存比例": "12",
        "个人账户状态": "01",
        "开户日期": "2019-01-02",
        "个人账户余额": "100",
        **updated("2026-03-01"),
        **cells,
    }


def right(business: str, documents: str, names: str, **cells: str) -> Row:
    return {
        "业务号": business,
        "不动产单元号": UNIT,
        "不动产权证号": "蒙（2020）新城区不动产权第0000001号",
        "权利类型": "4",
        "登记类型": "转移登记",
        "坐落": "新城区1号",
        "规划用途": "成套住宅",
        "权利人名称": names,
        "证件种类": "身份证",
        "证件号": documents,
        "共有方式": "单独所有",
        "区县代码": "150102",
        "登记时间": "2020-03-04",
        "权属状态": "现势",
        **updated("2026-03-01"),
        **cells,
    }


def first() -> Iterator[Delivered]:
    yield Delivered("household_registration", "1.csv", [household(at) for at in (PAYER, DEAD, OWNER, HEAD, BUYER)])
    yield Delivered("death_registration", "1.csv", [death(DEAD, 死亡日期="2026-01-20")])
    yield Delivered(
        "market_entity",
        "1.csv",
        [
            {
                "统一社会信用代码": EMPLOYER,
                "企业名称": "新城区甲公司",
                "登记状态": "存续",
                "法定代表人": name_of(HEAD),
                "法定代表人证件号": person_id(HEAD),
                **updated("2026-03-01"),
            }
        ],
    )
    yield Delivered("social_insurance", "1.csv", [insured(PAYER, "110"), insured(PAYER, "310")])
    yield Delivered(
        "social_insurance_payment",
        "1.csv",
        [
            ticket("T1", PAYER, "800.00"),
            ticket("T2", PAYER, "-800.00", 原票号="T1"),
            ticket("T3", PAYER, "799.50", 征收品目="个人缴纳"),
            ticket("T4", PAYER, "-50.00", 原票号="T99", 缴费基数=""),
            ticket("T5", PAYER, "-60.00", 缴费基数=""),
            ticket("T6", OWNER, "-70.00", 原票号="T1", 缴费基数=""),
            ticket("T7", DEAD, "800.00", 费款所属期起="202601"),
            ticket("T8", DEAD, "800.00", 费款所属期起="2026/02/01", 费款所属期止="2026-02"),
            ticket("T9", PAYER, "802.00", 征收品目="个人缴纳", 费款所属期起="202512", 费款所属期止="202512"),
        ],
    )
    yield Delivered("allowance_standard", "1.csv", [standard("202501", "700"), standard("202603", "800")])
    yield Delivered(
        "minimum_living_allowance",
        "1.csv",
        [
            *(supported(OWNER, month) for month in ("2025-11", "202512", "2026年1月")),
            supported(OWNER, "202603", 户月保障金额="800"),
            supported(OWNER, "202602", 户月保障金额="701"),
            supported(HEAD, "202603", 户月保障金额="9600"),
            supported(CHILDLESS, "202603", 救助状态="停发"),
            supported(DEAD, "202601"),
            supported(DEAD, "202602"),
        ],
    )
    closed = {"封存日期": "2023-01-01", "销户日期": "2023-02-01", "个人账户余额": "0"}
    yield Delivered(
        "housing_fund",
        "1.csv",
        [
            account("A1", person_id(HEAD)),
            account("A2", person_id(HEAD), 个人账户状态="02", 封存日期="2024-05-06"),
            account("A3", person_id(HEAD), 个人账户状态="提取销户", **closed),
            account("A4", "E12345678", 证件类型="护照"),
            account("A5", person_id(OWNER), 姓名=name_of(OWNER), 单位统一社会信用代码=EMPLOYER),
        ],
    )
    spaced, third = f" {UNIT[:19]} {UNIT[19:]}", OTHER_UNIT[:-1] + "3"
    three = [person_id(at) for at in (OWNER, HEAD, BUYER)]
    yield Delivered(
        "real_estate_registration",
        "1.csv",
        [
            right("Y1", person_id(DEAD), name_of(DEAD), 不动产权证号="房权证字第001234号", 不动产单元号=spaced),
            right(
                "Y2",
                "、".join(three),
                "，".join(name_of(at) for at in (OWNER, HEAD, BUYER)),
                不动产单元号=OTHER_UNIT,
                共有方式="按份共有",
                权利比例="1/2、30%、0.2",
            ),
            right("Y3", person_id(OWNER), name_of(PAYER), 不动产单元号=third, 共有方式="按份", 权利比例="1/2"),
        ],
    )


def second() -> Iterator[Delivered]:
    """The unit is sold, the employer cancelled, a missing original comes, and a member is taken out of a month."""
    yield Delivered(
        "real_estate_registration",
        "2.csv",
        [
            right("Y1", person_id(DEAD), name_of(DEAD), 权属状态="2", **updated("2026-04-01")),
            right("Y4", person_id(BUYER), name_of(BUYER), 登记时间="2026-03-20", **updated("2026-04-01")),
        ],
    )
    yield Delivered("social_insurance_payment", "2.csv", [ticket("T99", PAYER, "50.00", **updated("2026-04-02"))])
    cancelled = {"统一社会信用代码": EMPLOYER, "企业名称": "新城区甲公司", "登记状态": "注销", **updated("2026-04-01")}
    yield Delivered("market_entity", "2.csv", [cancelled])
    gone = supported(OWNER, "202512", 操作标志="D", **updated("2026-04-01"))
    yield Delivered("minimum_living_allowance", "2.csv", [gone])


def looked_at(place: Place) -> Tables:
    with place.opened() as at:
        return {name: at.rows(table_spec(at.workspace, name)) for name in TABLES}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("livelihood"))
    for delivered in first():
        delivered.write(place.landing)
    assert not place.run().held
    return place


@pytest.fixture(scope="module")
def tables(place: Place) -> Tables:
    return looked_at(place)


@pytest.fixture(scope="module")
def later(place: Place, tables: Tables) -> Tables:
    for delivered in second():
        delivered.write(place.landing)
    assert not place.run().held
    return looked_at(place)


def found(tables: Tables, rule: str) -> dict[str, int]:
    subjects: dict[str, int] = {}
    for row in tables["person_finding"]:
        if row["rule"] == rule:
            subjects[row["subject"]] = subjects.get(row["subject"], 0) + 1
    return subjects


def paid(tables: Tables, payer: int, month: str) -> tuple[Decimal, int, int]:
    (row,) = (row for row in tables["payment"] if (row["id_number"], row["period_from"]) == (person_id(payer), month))
    return row["amount_paid"], row["tickets"], row["corrections"]


def test_corrections_are_summed_with_their_originals(tables: Tables) -> None:
    assert paid(tables, PAYER, "202601") == (Decimal("799.50"), 3, 1)


def test_a_negative_ticket_without_its_original_is_flagged_and_found(place: Place, tables: Tables) -> None:
    assert found(tables, "correction_without_original") == {person_id(PAYER): 2, person_id(OWNER): 1}
    with place.opened() as at:
        flags = {row["ticket_number"]: row["_flags"] for row in at.standard("social_insurance_payment")}
    assert flags["T5"] == ["correction_names_original"]
    assert not flags["T4"], "its original may come yet"
    acting = {row["agency"] for row in tables["person_finding"] if row["rule"] == "correction_without_original"}
    assert acting == {"tax_150100"}


def test_what_is_due_may_be_a_yuan_off(place: Place, tables: Tables) -> None:
    with place.opened() as at:
        flags = {row["ticket_number"]: row["_flags"] for row in at.standard("social_insurance_payment")}
    assert not flags["T3"]
    assert flags["T9"] == ["due_is_base_by_rate"]


def test_payments_are_held_against_deaths_and_insurances(tables: Tables) -> None:
    assert found(tables, "payment_after_death") == {person_id(DEAD): 1}, "the month of the death is paid"
    assert found(tables, "insured_but_unpaid") == {person_id(PAYER): 1}, "the medical insurance"
    assert not found(tables, "payment_base_differs")
    assert not found(tables, "payment_by_cancelled_employer")


def test_months_without_a_change_are_one_row(tables: Tables) -> None:
    times = sorted(
        (row["valid_from"], row["valid_to"], row["last_paid_in"], row["is_current"])
        for row in tables["allowance"]
        if row["id_number"] == person_id(OWNER)
    )
    assert times == [
        (date(2025, 11, 1), date(2026, 1, 31), "202601", False),
        (date(2026, 2, 1), date(2026, 2, 28), "202602", False),
        (date(2026, 3, 1), None, "202603", True),
    ]


def test_allowances_are_held_against_the_standard_in_force(tables: Tables) -> None:
    assert found(tables, "allowance_above_standard") == {person_id(OWNER): 1}, "701 in February, not 800 in March"
    assert found(tables, "allowance_of_year") == {person_id(HEAD): 1}


def test_who_cannot_have_an_allowance_is_found(tables: Tables) -> None:
    assert found(tables, "allowance_of_representative") == {person_id(HEAD): 1}
    assert found(tables, "allowance_with_housing_fund") == {person_id(HEAD): 1, person_id(OWNER): 5}
    assert found(tables, "allowance_with_dwellings") == {person_id(OWNER): 5}
    assert found(tables, "allowance_after_death") == {person_id(DEAD): 1}
    assert not found(tables, "allowance_without_household"), "what is stopped is paid to nobody"


def test_accounts_go_through_their_states(tables: Tables) -> None:
    states: dict[str, list[Any]] = {}
    for row in sorted(tables["housing_fund_account"], key=lambda row: row["valid_from"]):
        states.setdefault(row["account_number"], []).append((row["state"], row["valid_to"]))
    assert states == {
        "A1": [("01", None)],
        "A2": [("01", date(2024, 5, 5)), ("02", None)],
        "A3": [("01", date(2022, 12, 31)), ("02", date(2023, 1, 31)), ("05", None)],
        "A5": [("01", None)],
    }, "a passport is nobody's number here"
    assert not found(tables, "several_normal_funds"), "one is sealed, one closed"


def test_several_holders_in_one_cell_are_each_a_holder(tables: Tables) -> None:
    shares = {row["id_number"]: row["share"] for row in tables["real_estate"] if row["business_number"] == "Y2"}
    assert shares == {
        person_id(OWNER): Decimal("0.5"),
        person_id(HEAD): Decimal("0.3"),
        person_id(BUYER): Decimal("0.2"),
    }
    assert found(tables, "real_estate_shares") == {person_id(OWNER): 1}, "a half is not the whole"
    assert found(tables, "real_estate_unlike_household") == {person_id(OWNER): 1}


def test_old_certificates_and_blanks_in_unit_numbers_are_good(place: Place, tables: Tables) -> None:
    with place.opened() as at:
        rows = {row["business_number"]: row for row in at.standard("real_estate_registration")}
    assert (rows["Y1"]["unit_number"], rows["Y1"]["_flags"]) == (UNIT, None)


def test_a_right_of_the_past_stays_until_the_day_before_the_next(tables: Tables, later: Tables) -> None:
    assert found(tables, "real_estate_of_dead") == {person_id(DEAD): 1}
    rights = {row["business_number"]: row for row in later["real_estate"]}
    assert (rights["Y1"]["valid_to"], rights["Y1"]["is_current"]) == (date(2026, 3, 19), False)
    assert (rights["Y4"]["valid_to"], rights["Y4"]["is_current"]) == (None, True)
    assert not found(later, "real_estate_of_dead")


def test_an_original_that_comes_later_takes_the_correction_in(later: Tables) -> None:
    assert found(later, "correction_without_original") == {person_id(PAYER): 1, person_id(OWNER): 1}
    assert paid(later, PAYER, "202601") == (Decimal("799.50"), 5, 2)


def test_what_an_employer_no_more_pays_is_found(later: Tables) -> None:
    assert found(later, "payment_by_cancelled_employer") == {person_id(PAYER): 1, person_id(DEAD): 1}
    assert found(later, "fund_of_cancelled_employer") == {person_id(OWNER): 1}
    assert not found(later, "allowance_of_representative")


def test_news_alone_gives_what_all_gives(place: Place, later: Tables, tmp_path: Path) -> None:
    assert_equals_a_rebuild(place, tmp_path)
