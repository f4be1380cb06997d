"""Deliveries for the covering project: rows that break every rule once, among many that break none, then later ones.

Each row that is wrong says in its place what is wrong with it; numbers below 100 are those of rows that something
happens to, the others are plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from simulation.checksums import credit_check, credit_code, id_number
from simulation.licenses import identifier, with_another_check
from tests.support.contributions import CONTRIBUTIONS, WRONG_CONTRIBUTIONS, contribution
from tests.support.deliveries import Delivered, Row, household, name_of, person_id

HOHHOT, CHIFENG, ELSEWHERE = "150102", "150402", "159999"  # the last one is no region and never was
ISSUER = credit_code("1", "1", HOHHOT, "40000000")
TYPE = credit_code("1", "1", "150000", "50000000") + "001"
MOJIBAKE = "寮犱紵"
PLAIN_RESIDENTS, PLAIN_STAYS, PLAIN_EMPLOYEES, PLAIN_COMPANIES = range(100, 1000), range(100, 300), range(100, 600), 60


def resident(number: int, **cells: str) -> Row:
    """The registration of the person `number`."""
    return {
        **household(number),
        "民族": "汉族",
        "户籍地区划代码": CHIFENG if number % 3 == 0 else HOHHOT,
        "户籍地址": f"某街{number}号",
        "联系电话": f"1380471{number:04d}",
        "操作标志": "正常",
        **cells,
    }


def stay(number: int, **cells: str) -> Row:
    """A stay of the person `number` in the other city, without an end."""
    return {
        "登记编号": f"S{number:08d}",
        "持有人身份号码": person_id(number),
        "姓名": name_of(number),
        "民族": "汉族",
        "居住地区划代码": HOHHOT if number % 3 == 0 else CHIFENG,
        "联系电话": "",
        "配偶证件类型": "",
        "配偶证件号": "",
        "有效期起": "2026-01-01",
        "有效期止": "长期",
        "更新时间": "2026-03-02 08:00:00",
        **cells,
    }


def employment(number: int, **cells: str) -> Row:
    """The employment of the person `number` by one of the plain companies."""
    return {
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "民族": "汉族",
        "单位统一社会信用代码": company_code(100 + number % PLAIN_COMPANIES),
        "入职日期": "2015年7月1日",
        "月工资": "6,500.50",
        "备注": "",
        "报送机构": "human_resources_150400",
        "报送日期": "2026-03-03",
        **cells,
    }


def company_code(number: int) -> str:
    return credit_code("9", "1", CHIFENG if number % 3 == 0 else HOHHOT, f"{number:08d}")


def license_of(number: int, version: int = 1) -> str:
    return identifier(TYPE, ISSUER, f"{number:06d}", version)


def company(number: int, **cells: str) -> Row:
    """The registration of the company `number`, whose head is the person of that number."""
    return {
        "统一社会信用代码": company_code(number),
        "企业名称": f"{name_of(number)}商店",
        "注册资金": "100万元人民币",
        "登记地区": CHIFENG if number % 3 == 0 else HOHHOT,
        "职工人数": "12",
        "年产值（万元）": "1,200.5",
        "用地面积（亩）": "30",
        "经度": "111.6",
        "登记证号": "",
        "许可期起": "2024-02-29",
        "许可期止": "2029-02-28",
        "负责人代码类型": "公民身份号码",
        "负责人代码": person_id(number),
        "罚款金额（万元）": "",
        "处罚类别": "",
        "处罚日期": "",
        "公示截止期": "",
        "文号": "",
        "执照标识": license_of(number),
        "执照类型代码": TYPE,
        "执照颁发机构代码": ISSUER,
        "更新时间": "2026-03-04 08:00:00",
        "操作标志": "",
        **cells,
    }


def listed(number: int, **cells: str) -> Row:
    """The entry of the company `number` in the list."""
    return {"统一社会信用代码": company_code(number), "企业名称": f"{name_of(number)}商店", "登记状态": "存续", **cells}


def annual_report(number: int, company: int, year: int, headcount: str, **cells: str) -> Row:
    """The report `number`, of the company for the year."""
    return {
        "年报编号": f"R{number:06d}",
        "统一社会信用代码": company_code(company),
        "年度": str(year),
        "从业人数": headcount,
        "登记地区": CHIFENG if company % 3 == 0 else HOHHOT,
        "更新时间": "2026-03-05 08:00:00",
        **cells,
    }


def insured_staff(company: int, year: int, headcount: str, **cells: str) -> Row:
    """How many people the company has in the year, all of them insured."""
    return {
        "参保单位": company_code(company),
        "参保年度": str(year),
        "从业人数": headcount,
        "参保人数": headcount,
        **cells,
    }


def in_15_digits(identity: str) -> str:
    return identity[:6] + identity[8:17]


def with_another_digit(identity: str) -> str:
    """The number with a check digit that does not belong to it."""
    return identity[:-1] + ("1" if identity[-1] != "1" else "2")


def with_another_organisation_check(code: str) -> str:
    """The credit code around an organisation code whose own check is wrong."""
    first17 = code[:16] + ("1" if code[16] != "1" else "2")
    return first17 + credit_check(first17)


WRONG_RESIDENTS = [
    resident(1, 姓名=""),
    resident(2, 公民身份号码=person_id(2)[:-1]),
    resident(3, 公民身份号码=with_another_digit(person_id(3))),
    resident(4, 公民身份号码=id_number(f"{HOHHOT}19000230123")),  # no day of the calendar
    resident(5, 公民身份号码=id_number(f"{ELSEWHERE}19700101123"), 性别="男", 出生日期="1970-01-01"),
    resident(6, 姓名=MOJIBAKE),
    resident(7, 性别="无此代码"),
    resident(8, 性别="男"),
    resident(9, 出生日期="1950-01-01"),
    resident(10, 出生日期="2999-01-01"),
    resident(11, 出生日期="不详的日子"),
    resident(12, 联系电话="11111111111"),
    resident(13, 操作标志="不知"),
    resident(14, 更新时间="2999-01-01 08:00:00"),
    resident(15, 更新时间=""),
    resident(16, 户籍地址="某街16号"),
    resident(16, 户籍地址="某街16号"),  # repeats
    resident(17, 户籍地址="某街17号"),
    resident(17, 户籍地址="某街71号"),  # contradicts
]
HAPPENING_TO_RESIDENTS = [
    resident(20, 公民身份号码=in_15_digits(person_id(20))),
    resident(21, 姓名=name_of(20)),  # of the same name as another
    resident(22, 民族="汉族"),
    resident(23),
    resident(24, 户籍地区划代码="152401"),  # a code of today's CHIFENG as it once was
    resident(25, 户籍地区划代码="110101"),  # in no city that anything flows back to
    *(resident(number) for number in range(26, 40)),
]
STAYS = [
    stay(20, 持有人身份号码=in_15_digits(person_id(20)), 配偶证件号=in_15_digits(person_id(21))),
    stay(22, 民族="蒙古族"),  # two of three say so
    stay(23, 联系电话="13904710023", 更新时间="2026-05-01 08:00:00"),  # the newer number
    stay(26, 有效期止="2026-06-30"),  # over
    stay(26, 登记编号="S10000026", 配偶证件类型="护照", 配偶证件号="E12345678"),  # a second one of the same person
    stay(27, 配偶证件类型="居民身份证", 配偶证件号=person_id(28)),
    stay(29, 配偶证件类型="外国人永久居留身份证", 配偶证件号="ABC150102700101"),
    stay(5000),  # whom no other source knows
]
WRONG_STAYS = [
    stay(30, 配偶证件号=person_id(30)),
    stay(31, 配偶证件类型="居民身份证", 配偶证件号="E12345678"),
    stay(32, 有效期止="2025-01-01"),
    stay(33, 居住地区划代码=ELSEWHERE),
    stay(34, 登记编号=""),
]
FEW_STAYS = [stay(number) for number in range(100, 110)]
EMPLOYED = [
    employment(20, 公民身份号码=in_15_digits(person_id(20))),
    employment(22, 民族="蒙古族"),
    employment(24, 姓名=name_of(25)),  # another name than where the authority has it
    employment(24, 单位统一社会信用代码=company_code(101)),
]
WRONGLY_EMPLOYED = [
    employment(26, 入职日期="1935-01-01"),
    employment(27, 月工资="-1"),
    employment(28, 月工资="面议"),
    employment(29, 单位统一社会信用代码=company_code(100)[:-1] + "0"),
    employment(30, 单位统一社会信用代码=credit_code("9", "1", ELSEWHERE, "00000030")),
    employment(31, 单位统一社会信用代码=with_another_organisation_check(company_code(31))),
    employment(32, 单位统一社会信用代码="91150102"),
]
COMPANIES = [
    company(20, 登记地区=""),  # told by the code
    company(21, 注册资金="5万美元"),
    company(22),  # not listed
    company(23),
    company(24, 负责人代码类型="统一社会信用代码", 负责人代码=company_code(20)),
    company(25),
    company(
        26,
        **{"罚款金额（万元）": "0.5", "处罚类别": "罚款；警告", "处罚日期": "2026-01-01", "公示截止期": "2027-01-01"},
    ),
]
WRONG_COMPANIES = [
    company(30, 执照标识=with_another_check(license_of(30))),
    company(31, 执照标识="1.2.156"),
    company(32, 执照类型代码=TYPE[:-1] + "2"),
    company(33, 执照颁发机构代码=credit_code("1", "1", CHIFENG, "40000000")),
    company(34, 负责人代码类型="统一社会信用代码"),
    company(35, 职工人数="-3"),
    company(36, 职工人数="若干"),
    company(37, 注册资金="无法识别"),
    company(38, 企业名称="***"),
    company(42, **{"罚款金额（万元）": "", "处罚类别": "2"}),
    company(43, **{"罚款金额（万元）": "若干", "处罚类别": "责令检讨"}),
    company(44, **{"罚款金额（万元）": "1", "处罚类别": "罚款", "处罚日期": "2026-01-01", "公示截止期": "2026-01-02"}),
    company(39, 统一社会信用代码=credit_code("9", "3", HOHHOT, "00000039")),
    company(40, 登记证号="150102000012345", **{"年产值（万元）": "若干", "用地面积（亩）": "-3"}),
    company(41, 登记证号=company_code(41), 许可期止="2029-03-01"),
]
LISTED = [listed(20), listed(21), listed(23, 企业名称=f"{name_of(99)}商店"), listed(24, 登记状态="注销"), listed(25)]
WRONGLY_LISTED = [listed(30, 企业名称=""), listed(31, 登记状态="无此代码")]

REPORTED = [
    annual_report(1, 20, 2024, "1,200"),
    annual_report(2, 20, 2025, "500.0"),  # fewer than half of the year before
    annual_report(3, 21, 2024, "30", 登记地区=""),  # told by the code
    annual_report(4, 21, 2025, "31"),
    annual_report(5, 22, 2025, "１２"),
    *(annual_report(number, number, 2025, "12") for number in range(100, 120)),
]
WRONGLY_REPORTED = [
    annual_report(30, 30, 2025, "12.5"),
    annual_report(31, 31, 2025, str(2**63)),
    annual_report(32, 32, 2025, "-3"),
    annual_report(33, 33, 2025, "3", 年度="去年"),
]
INSURED = [
    insured_staff(20, 2024, "1200"),
    insured_staff(20, 2025, "499"),  # reported otherwise
    insured_staff(21, 2025, "31"),
    insured_staff(23, 2025, "7"),  # reported nowhere
    *(insured_staff(number, 2025, "12") for number in range(100, 120)),
    insured_staff(24, 2025, "七"),
]


def plain_companies() -> Iterable[int]:
    return range(100, 100 + PLAIN_COMPANIES)


def ending_in_zeros() -> list[int]:
    """Persons whose numbers end in 000 by chance: one in eleven hundred."""
    return [number for number in range(1000, 10_000) if person_id(number).endswith("000")]


def without(header: str, rows: Sequence[Row]) -> list[Row]:
    return [{name: cell for name, cell in row.items() if name != header} for row in rows]


def first_deliveries() -> list[Delivered]:
    """What the first run finds: each source's good rows in one file and its wrong ones in others; held batches too."""
    many_stays = [stay(number) for number in PLAIN_STAYS]
    return [
        Delivered("resident", "1.csv", [resident(n) for n in PLAIN_RESIDENTS] + HAPPENING_TO_RESIDENTS, "gb18030"),
        Delivered("resident", "2.csv", WRONG_RESIDENTS + [resident(n, 备用="未声明") for n in range(40, 90)]),
        Delivered("resident", "3_mostly_wrong.csv", [resident(n, 姓名="") for n in range(1000, 1008)]),
        Delivered("resident", "4_lost_digits.csv", [resident(n) for n in ending_in_zeros()]),
        Delivered("resident", "5_empty.csv", [], header=tuple(resident(0))),
        Delivered("resident", "6_gone.jsonl", [resident(35, 操作标志="D", 更新时间="2026-04-01 08:00:00")]),
        Delivered("stay", "1.xlsx", [*many_stays, *STAYS, *WRONG_STAYS, stay(36), stay(37)]),
        Delivered("stay", "2.xlsx", [*many_stays, *STAYS, *WRONG_STAYS, stay(36)]),  # one stay is gone
        Delivered("stay", "3_unversioned.xlsx", without("更新时间", many_stays)),
        Delivered("stay", "4_shrunk.xlsx", FEW_STAYS),
        Delivered("employment", "1.jsonl", [employment(n) for n in PLAIN_EMPLOYEES] + EMPLOYED),
        Delivered("employment", "2.jsonl", WRONGLY_EMPLOYED + [employment(n) for n in range(40, 60)]),
        Delivered("company", "1.parquet", [company(n) for n in plain_companies()] + COMPANIES),
        Delivered("company", "2.parquet", WRONG_COMPANIES + [company(n) for n in range(45, 60)]),
        Delivered("company", "3_gone.csv", [company(25, 操作标志="D", 更新时间="2026-04-01 08:00:00")]),
        Delivered("company_list", "1.csv", [listed(n) for n in plain_companies()] + LISTED + WRONGLY_LISTED),
        Delivered("annual_report", "1.csv", REPORTED + WRONGLY_REPORTED),
        Delivered("insured_staff", "1.csv", INSURED),
        Delivered("contribution", "1.csv", CONTRIBUTIONS + [contribution(n) for n in range(100, 160)]),
        Delivered("contribution", "2.csv", WRONG_CONTRIBUTIONS + [contribution(n) for n in range(160, 180)]),
    ]


def later_deliveries() -> list[Delivered]:
    """What comes after it: changes, corrections, deletions, and what is older than what is known."""
    when = "2026-06-01 08:00:00"
    return [
        Delivered(
            "resident",
            "7_later.csv",
            [
                resident(1, 更新时间=when),  # corrected
                resident(20, 更新时间=when, 姓名=name_of(98)),  # in 18 digits now
                resident(22, 更新时间=when, 户籍地区划代码=CHIFENG),
                resident(36, 更新时间=when, 操作标志="D"),
                resident(37, 更新时间="2020-01-01 08:00:00", 姓名=name_of(97)),  # older
                resident(5000, 更新时间=when),
            ],
        ),
        Delivered(
            "stay",
            "5_later.xlsx",
            [*(stay(number) for number in PLAIN_STAYS if number != 150), *STAYS[1:], stay(31), stay(38)],
        ),
        Delivered(
            "employment", "3_later.jsonl", [employment(26), employment(24, 姓名=name_of(24), 报送日期="2026-06-01")]
        ),
        Delivered(
            "company",
            "4_later.parquet",
            [
                company(22, 更新时间=when, 职工人数="13", 执照标识=license_of(22, 2)),
                company(30, 更新时间=when),
                company(24, 更新时间=when, 操作标志="D"),
            ],
        ),
        Delivered("company_list", "2_later.csv", [listed(22), listed(23)]),
        Delivered(
            "annual_report",
            "2_later.csv",
            [
                annual_report(2, 20, 2025, "499", 更新时间=when),  # as it is insured
                annual_report(4, 21, 2023, "31", 更新时间=when),  # of another year
                annual_report(5, 22, 2025, "12", 更新时间=when, 登记地区=CHIFENG),
                annual_report(33, 33, 2024, "3", 更新时间=when),
            ],
        ),
        Delivered("insured_staff", "2_later.csv", [insured_staff(23, 2025, "8"), insured_staff(23, 2024, "20")]),
        Delivered("contribution", "3_later.csv", [contribution(30, 费率="8%"), contribution(5000)]),
    ]


def write(deliveries: Iterable[Delivered], landing: Path) -> None:
    for delivery in deliveries:
        delivery.write(landing)
