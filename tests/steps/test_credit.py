"""Publications and whom they are about: by which code, document or name each is resolved, and what is found of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from foundation_dbs.credit.unresolved import CREDIT_CODE
from pipelines.steps.inputs import table_spec
from pipelines.tables.specs import quarantine_spec
from simulation.checksums import credit_check, credit_code, registration_number
from tests.support.deliveries import Delivered, Row, death, household, name_of, person_id
from tests.support.place import Place

AUTHORITY = credit_code("1", "1", "150102", "40000001")
A, B, C, ENDED, UNKNOWN = (credit_code("9", "1", "150402", f"{51_000_000 + at}") for at in range(5))
NUMBER, SHARED = registration_number("15040200000001"), registration_number("15040200000002")
MAN, DEAD, HEAD, STRANGER = 11, 13, 15, 17
NAMES = {A: "赤峰甲商贸（集团）有限公司", B: "赤峰乙商贸有限公司", C: "赤峰丙商贸有限公司", ENDED: "赤峰丁商贸有限公司"}
HALF_WIDTH = NAMES[A].replace("（", "(").replace("）", ")")
MASKED = f"{person_id(MAN)[:6]}********{person_id(MAN)[14:]}"
TABLES = ("licence", "penalty", "debtor", "listing", "subject_summary", "legal_entity_finding", "person_finding")


def licence(number: str, name: str, **cells: str) -> Row:
    return {
        "行政相对人名称": name,
        "行政相对人类别": "法人及非法人组织",
        "行政许可决定文书名称": "准予许可决定书",
        "行政许可决定文书号": number,
        "许可类别": "普通",
        "许可编号": "",
        "许可内容": "食品销售",
        "许可决定日期": "2026-02-01",
        "有效期自": "2026-02-01",
        "有效期至": "2031-01-31",
        "许可机关": "新城区市场监督管理局",
        "许可机关统一社会信用代码": AUTHORITY,
        "当前状态": "有效",
        "数据来源单位": "呼和浩特市发展和改革委员会",
        "数据来源单位统一社会信用代码": AUTHORITY,
        "更新时间": "2026-02-03 08:00:00",
        **cells,
    }


CODES = {kind: f"行政相对人代码_{at}({kind})" for at, kind in enumerate(
    ("统一社会信用代码", "工商注册号", "组织机构代码", "税务登记号", "事业单位证书号", "社会组织登记证号"), 1
)}  # fmt: skip
CODE, REGISTER, ORGANISATION, TAX = (CODES[kind] for kind in list(CODES)[:4])
PERSON = {"行政相对人类别": "自然人", "证件类型": "身份证"}
# Per case the licence, and what must be found: credit code, id number, method and candidates.
RESOLVED: dict[str, tuple[Row, tuple[str | None, ...]]] = {
    "by its credit code": (licence("L1", NAMES[A], **{CODE: A}), (A, None, "credit_code", A)),
    "in lower case, full width": (licence("L2", NAMES[A], **{CODE: f" {A.lower()} "}), (A, None, "credit_code", A)),
    "one read as I": (licence("L3", NAMES[A], **{CODE: f"{A[:2]}I{A[3:]}"}), (A, None, "misread_credit_code", A)),
    "by the organisation code": (
        licence("L4", NAMES[A], **{ORGANISATION: f"{A[8:16]}-{A[16]}"}),
        (A, None, "organisation_code", A),
    ),
    "an organisation code for the credit code": (
        licence("L5", NAMES[A], **{CODE: A[8:17]}),
        (A, None, "organisation_code", A),
    ),
    "by the register number": (licence("L6", NAMES[A], **{REGISTER: NUMBER}), (A, None, "registration_number", A)),
    "by the tax number": (licence("L7", NAMES[A], **{TAX: f"150402{A[8:17]}"}), (A, None, "tax_number", A)),
    "the name decides between two": (
        licence("L8", NAMES[C], **{REGISTER: SHARED}),
        (C, None, "registration_number_and_name", ";".join(sorted([B, C]))),
    ),
    "nothing decides between two": (
        licence("L9", "赤峰某某有限公司", **{REGISTER: SHARED}),
        (None, None, "registration_number", ";".join(sorted([B, C]))),
    ),
    "a name alone decides nothing": (licence("L10", "赤峰甲商贸(集团)有限公司"), (None, None, "name", A)),
    "a code that nobody has": (licence("L11", "赤峰戊有限公司", **{CODE: UNKNOWN}), (None, None, None, None)),
    "by the id number": (
        licence("L12", name_of(MAN), 证件号码=person_id(MAN), **PERSON),
        (None, person_id(MAN), "id_number", person_id(MAN)),
    ),
    "an id number for the credit code": (
        licence("L13", name_of(MAN), **{CODE: person_id(MAN), "行政相对人类别": "自然人"}),
        (None, person_id(MAN), "id_number", person_id(MAN)),
    ),
    "by the name and the digits that are seen": (
        licence("L14", name_of(MAN), 证件号码=MASKED, **PERSON),
        (None, person_id(MAN), "name_and_visible_digits", person_id(MAN)),
    ),
    "too few digits are seen": (
        licence("L15", name_of(MAN), 证件号码="1501**************", **PERSON),
        (None, None, None, None),
    ),
    "a person whom nobody knows": (
        licence("L16", name_of(STRANGER), 证件号码=person_id(STRANGER), **PERSON),
        (None, None, None, None),
    ),
}
OTHER_LICENCES = [
    licence("L20", NAMES[ENDED], **{CODE: ENDED}),
    licence("L21", name_of(DEAD), 证件号码=person_id(DEAD), **PERSON),
    licence("L22", NAMES[B], 许可编号="XK001", **{CODE: B}),
    # One decision, and two permits of it.
    licence("L23", NAMES[B], 许可编号="XK002", **{CODE: B}),
    licence("L23", NAMES[B], 许可编号="XK003", **{CODE: B}),
    # One decision twice: in another spelling, and under a former name.
    licence("L24", NAMES[A], **{CODE: A}),
    licence("L24", HALF_WIDTH, 许可内容="变更", 更新时间="2026-02-04 08:00:00", **{CODE: A}),
    licence("L25", "赤峰甲厂", **{CODE: A}),
    licence("L25", NAMES[A], 许可内容="更名", 更新时间="2026-02-05 08:00:00", **{CODE: A}),
    licence("L26", NAMES[A], 有效期至="2099-12-31", **{CODE: A}),
    licence("L27", NAMES[A], 有效期至="长期", **{CODE: A}),
    licence("L28", NAMES[C], 许可编号="XK0", **{CODE: C}),
]  # fmt: skip
# The layout of 2015 numbers the codes otherwise, and writes underscores in full width.
OLD_LAYOUT = {
    **licence("L30", NAMES[B]),
    "行政相对人代码＿1（统一社会信用代码）": "",
    "行政相对人代码＿2（组织机构代码）": B[8:17],
    "行政相对人代码＿3（工商登记码）": "",
    "行政相对人代码＿4（税务登记号）": "",
    "行政相对人代码＿5（居民身份证号）": "",
}


def penalty(number: str, name: str, **cells: str) -> Row:
    row = licence(number, name)
    return {
        **{header: cell for header, cell in row.items() if header.startswith(("行政相对人", "数据来源", "更新"))},
        "行政处罚决定书文号": number,
        "违法行为类型": "无证经营",
        "违法事实": "无证经营食品",
        "处罚依据": "食品安全法",
        "处罚类别": "罚款",
        "处罚内容": "罚款",
        "罚款金额（万元）": "0.5",
        "处罚决定日期": "2026-02-01",
        "公示截止期": "2027-01-31",
        "处罚机关": "新城区市场监督管理局",
        "处罚机关统一社会信用代码": AUTHORITY,
        **cells,
    }


PENALTIES = [
    penalty("P1", NAMES[A], **{CODE: A, "处罚类别": "罚款;警告"}),
    penalty("P2", NAMES[A], **{CODE: A, "罚款金额（万元）": "50000"}),
    penalty(
        "P3",
        NAMES[B],
        **{CODE: B, "处罚类别": "暂扣或吊销许可证/执照", "处罚内容": "吊销许可证", "罚款金额（万元）": ""},
        暂扣或吊销证照名称及编号="食品经营许可证 XK001",
    ),
    penalty(
        "P5",
        NAMES[C],
        **{CODE: C, "处罚类别": "5", "处罚内容": "吊销许可证", "罚款金额（万元）": ""},
        暂扣或吊销证照名称及编号="食品经营许可证 XK001",
    ),
    penalty("P4", NAMES[A], **{CODE: A, "当前状态": "已修复"}),
]  # fmt: skip


def debtor(number: int, name: str, code: str, **cells: str) -> Row:
    return {
        "失信ID": str(number),
        "被执行人名称": name,
        "证件号/组织机构代码": code,
        "执行法院": "新城区人民法院",
        "执行依据文号": "（2025）内0102民初1号",
        "立案时间": "2025-05-01",
        "案号": f"（2025）内0102执{number}号",
        "发布时间": "2025-06-01",
        "更新时间": "2026-02-03 08:00:00",
        **cells,
    }


def entry(list_type: str, name: str, **cells: str) -> Row:
    return {
        "名单类别": list_type,
        "名单名称": list_type,
        "主体名称": name,
        "列入原因": "依法认定",
        "列入日期": "2025-05-01",
        "列入决定机关": "新城区市场监督管理局",
        "更新时间": "2026-02-03 08:00:00",
        **cells,
    }


def market(code: str, **cells: str) -> Row:
    return {
        "统一社会信用代码": code,
        "企业名称": NAMES[code],
        "登记状态": "存续",
        "地区": "150402",
        "更新时间": "2026-01-01 08:00:00",
        **cells,
    }


ENTITIES = [
    market(A, 注册号=NUMBER, 法定代表人=name_of(HEAD), 法定代表人证件号=person_id(HEAD)),
    market(B, 注册号=SHARED),
    market(C, 注册号=SHARED),
    market(ENDED, 登记状态="注销", 注册号="00000000"),
]
# An id number that nobody has, with the check of a credit code too.
PERHAPS = next(person_id(n) for n in range(2000) if person_id(n)[17] == credit_check(person_id(n)[:17]))
OLD_NUMBER = person_id(MAN)[:6] + person_id(MAN)[8:17]
DEBTORS = [
    debtor(1, name_of(HEAD), person_id(HEAD)),
    debtor(2, "某某公司", "12345678X"),
    debtor(3, "某某商行", PERHAPS),
    debtor(4, name_of(STRANGER), "00000000", 被执行人性质="自然人"),
    debtor(5, name_of(MAN), OLD_NUMBER, 被执行人性质="自然人"),
]
DELIVERIES = [
    Delivered("household_registration", "1.csv", [household(n) for n in (MAN, DEAD, HEAD)]),
    Delivered("death_registration", "1.csv", [death(DEAD)]),
    Delivered("administrative_licence", "1.csv", [*(row for row, _ in RESOLVED.values()), *OTHER_LICENCES]),
    Delivered("administrative_licence", "2.csv", [OLD_LAYOUT]),
    Delivered("administrative_penalty", "1.csv", PENALTIES),
    Delivered("dishonest_debtor", "1.csv", DEBTORS),
    Delivered(
        "credit_list",
        "1.csv",
        [
            *(entry(kind, NAMES[C], 统一社会信用代码=C) for kind in ("守信激励", "严重失信")),
            entry("守信激励", NAMES[B], 统一社会信用代码=B),
            entry("严重失信", NAMES[B], 统一社会信用代码=B, 移出日期="2026-01-01"),
        ],
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Credit:
    """The tables of a lake by name, and what of the licences is quarantined."""

    tables: dict[str, list[dict[str, Any]]]
    quarantined: list[dict[str, Any]]

    def decision(self, number: str, table: str = "licence") -> dict[str, Any]:
        (row,) = [row for row in self.tables[table] if row["decision_number"] == number]
        return row

    def found(self, rule: str, record: str = "legal_entity") -> list[str]:
        return sorted(row["subject"] for row in self.tables[f"{record}_finding"] if row["rule"] == rule)


def opened(place: Place) -> Credit:
    with place.opened() as at:
        catalog = at.workspace.catalog
        quarantined = at.rows(quarantine_spec(catalog, catalog.contracts["administrative_licence"]))
        return Credit({name: at.rows(table_spec(at.workspace, name)) for name in TABLES}, quarantined)


# On Spark all that is declared is compared by hand, `make parity`: two runs of it would take ten minutes here.
@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Entities come a day after the publications that name them."""
    place = Place(tmp_path_factory.mktemp("credit"))
    for delivered in DELIVERIES:
        delivered.write(place.landing)
    assert not place.run().held
    Delivered("market_entity", "1.csv", ENTITIES).write(place.landing)
    assert not place.run().held
    return place


@pytest.fixture(scope="module")
def credit(place: Place) -> Credit:
    return opened(place)


@pytest.mark.parametrize("case", RESOLVED)
def test_whom_a_licence_is_about(credit: Credit, case: str) -> None:
    delivered, due = RESOLVED[case]
    found = credit.decision(delivered["行政许可决定文书号"])
    assert tuple(found[name] for name in ("credit_code", "id_number", "method", "candidates")) == due


def test_the_layout_of_2015_goes_by_the_text_in_the_parentheses(credit: Credit) -> None:
    assert (credit.decision("L30")["credit_code"], credit.decision("L30")["method"]) == (B, "organisation_code")


def test_permits_of_one_decision_stand_side_by_side(credit: Credit) -> None:
    permits = [row for row in credit.tables["licence"] if row["decision_number"] == "L23"]
    assert sorted(row["licence_number"] for row in permits) == ["XK002", "XK003"]
    assert not credit.quarantined


def test_one_decision_twice_is_one(credit: Credit) -> None:
    assert credit.decision("L24")["content"] == "变更"
    assert credit.decision("L25")["content"] == "更名"


def test_a_long_term_has_no_end(credit: Credit) -> None:
    assert [credit.decision(number)["valid_to"] for number in ("L26", "L27")] == [None, None]


def test_amounts_are_in_yuan_and_categories_in_codes(credit: Credit) -> None:
    first = credit.decision("P1", "penalty")
    assert (str(first["fine"]), first["penalty_category"]) == ("5000.00", "1;2")


def test_what_contradicts_other_registers_is_found(credit: Credit) -> None:
    assert credit.found("licence_of_ended_entity") == [ENDED]
    assert credit.found("licence_of_dead_person", "person") == [person_id(DEAD)]
    assert credit.found("revoked_licence_still_valid") == [B]
    assert credit.found("honoured_and_dishonest") == [C]
    assert credit.found("head_dishonest_debtor") == [A]


def test_who_cannot_be_resolved_is_found_by_code_or_number(credit: Credit) -> None:
    assert credit.found("licence_subject_unknown") == sorted([UNKNOWN, "L9", "L10"])
    assert credit.found("licence_person_unknown", "person") == sorted([person_id(STRANGER), "L15"])
    assert credit.found("debtor_person_unknown", "person") == ["(2025)内0102执4号"]


def test_each_subject_is_summed_up(credit: Credit) -> None:
    (found,) = [row for row in credit.tables["subject_summary"] if row["subject"] == A]
    assert (found["penalties"], found["standing_penalties"], str(found["fines"])) == (3, 2, "500005000.00")
    assert {row["subject"] for row in credit.tables["subject_summary"]} >= {A, B, C, ENDED, person_id(MAN)}


def test_a_code_that_may_be_an_id_number_is_shown_to_nobody(credit: Credit) -> None:
    """Digits alone fit both: one in 31 id numbers has the check of a credit code too."""
    assert re.search(CREDIT_CODE, PERHAPS)
    assert credit.found("debtor_unknown") == ["(2025)内0102执2号", "(2025)内0102执3号"]


def test_fillers_and_namesakes_of_codes_lead_to_nobody(credit: Credit) -> None:
    found = {row["publication_number"]: row for row in credit.tables["debtor"]}
    assert (found["4"]["credit_code"], found["4"]["method"]) == (None, None)
    assert (found["5"]["id_number"], found["5"]["method"]) == (person_id(MAN), "old_id_number")


def test_a_longer_number_is_another_licence(credit: Credit) -> None:
    assert credit.found("revoked_licence_still_valid") == [B]
    assert credit.decision("L28")["credit_code"] == C
