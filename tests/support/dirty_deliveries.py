"""A few agency files with every outcome, around names so rare that any leak of one is found."""

from __future__ import annotations

import csv
from pathlib import Path

from simulation.checksums import credit_code, id_number

PEOPLE = 60
PHONE = "1390471{:04d}"


def person_id(number: int) -> str:
    """An adult's number; odd ones are men."""
    return id_number(f"150102{1960 + number % 30}0{1 + number % 9}1{number % 9}{number:03d}")


def name_of(number: int, other: int = 0) -> str:
    """Characters so rare that the pages' own text has none of them."""
    return "".join(chr(0x9F02 + (7 * number + other + step) % 150) for step in (0, 31, 67))


def address_of(number: int) -> str:
    return f"内蒙古自治区呼和浩特市新城区{name_of(number)}街{number}号"


def organisation(number: int) -> str:
    return credit_code("9", "1", "150102", f"MA0N{number:04d}")


def household(number: int, **cells: str) -> dict[str, str]:
    number_text = person_id(number)
    return {
        "公民身份号码": number_text,
        "姓名": name_of(number),
        "性别": "男" if number % 2 else "女",
        "出生日期": f"{number_text[6:10]}-{number_text[10:12]}-{number_text[12:14]}",
        "民族": "蒙古族",
        "户籍地区划代码": "150102",
        "户籍地址": address_of(number),
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def wrong_digit(number: str) -> str:
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def deliver(landing: Path, source: str, file: str, rows: list[dict[str, str]], columns: list[str]) -> None:
    path = landing / source / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def deliver_all(landing: Path, headers: dict[str, list[str]]) -> None:
    """Files with every outcome: accepted, flagged, quarantined, held, unreadable, conflict, finding."""

    def to(source: str, file: str, rows: list[dict[str, str]]) -> None:
        deliver(landing, source, file, rows, headers[source])

    people = [household(number) for number in range(PEOPLE)]
    people[3] |= {"公民身份号码": wrong_digit(person_id(3))}
    people[4] |= {"公民身份号码": name_of(4), "姓名": person_id(4)}  # swapped columns
    people[5] |= {"姓名": "", "服务处所": f"{name_of(5)} {person_id(5)}"}
    people[6] |= {"公民身份号码": "1.50102E+17", "性别": person_id(6), "户籍地区划代码": PHONE.format(6)}
    people[7] |= {"出生日期": "1959-01-01"}
    to("household_registration", "户籍.csv", people)
    to("household_registration", "坏.csv", [household(n, 公民身份号码=wrong_digit(person_id(n))) for n in range(20)])
    to(
        "residence_permit",
        "居住证.csv",
        [
            {
                "居住证编号": f"P{number}",
                "公民身份号码": person_id(number),
                "姓名": name_of(number, other=1),
                "性别": "女" if number % 2 else "男",
                "现居住地区划代码": "150103",
                "联系电话": PHONE.format(number),
                "更新时间": "2026-03-02 08:00:00",
            }
            for number in range(8, 13)
        ],
    )
    dead = {
        "公民身份号码": person_id(20),
        "姓名": name_of(20),
        "死亡日期": "2020-05-01",
        "更新时间": "2020-05-02 08:00:00",
    }
    to("death_registration", "死亡.csv", [{**dead, "死亡证编号": "D1"}])
    (landing / "death_registration" / "空.csv").write_bytes(b"")
    to(
        "social_insurance",
        "社保.csv",
        [
            {
                "公民身份号码": person_id(number),
                "姓名": name_of(number),
                "险种类型": "企业职工基本养老保险",
                "待遇发放至": "2026-01-31",
                "联系电话": PHONE.format(number),
                "更新时间": "2026-03-01 08:00:00",
            }
            for number in (20, 21)
        ],
    )
    entities = {"统一社会信用代码": organisation(1), "更新时间": "2026-03-01 08:00:00"}
    to("market_entity", "企业.csv", [{**entities, "企业名称": "甲有限公司", "法定代表人": name_of(30)}])
    to("credit_code_check", "校核.csv", [{**entities, "机构名称": "乙有限公司"}])


def personal_values() -> set[str]:
    everyone = range(PEOPLE)
    return {
        value
        for number in everyone
        for value in (
            person_id(number),
            wrong_digit(person_id(number)),
            name_of(number),
            name_of(number, other=1),
            PHONE.format(number),
            address_of(number),
        )
    }
