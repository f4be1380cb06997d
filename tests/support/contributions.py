"""Contributions for the covering project: figures that follow from others of their row, and such as do not."""

from __future__ import annotations

from tests.support.deliveries import Row, name_of, person_id

HOHHOT, CHIFENG = "150102", "150402"
OF_BEFORE = person_id(20)[:6] + person_id(20)[8:17]  # in 15 digits


def contribution(number: int, **cells: str) -> Row:
    """What the person `number` pays for a month, ten days late."""
    region = CHIFENG if number % 3 == 0 else HOHHOT
    return {
        "票号": f"T{number:08d}",
        "公民身份号码": person_id(number),
        "残疾人证号": f"{person_id(number)}43",
        "参保月份": "2020年9月",
        "所属月份": "202601",
        "缴费基数": "5,000.00",
        "费率": "8%",
        "应缴": "400.00",
        "个人应缴": "150.00",
        "单位应缴": "250.00",
        "滞纳金": "2.00",
        "缴款期限": "2026-02-15",
        "缴款日期": "2026-02-25",
        "经办机构编号": f"{region}0001",
        "参保地": region,
        "身长（厘米）": "170.5",
        "被保险人": name_of(number),
        "被保险人编号": f"B{number}",
        **cells,
    }


CONTRIBUTIONS = [
    contribution(20, 公民身份号码=OF_BEFORE, 费率="0.08", 所属月份="2026-01", 参保月份="202009"),
    contribution(21, 费率="8", 所属月份="2026年1月", 滞纳金="", 缴款日期=""),
    contribution(22, 应缴="-400.00", 个人应缴="-150.00", 单位应缴="-250.00", 滞纳金="0"),  # taken back
    contribution(23, 被保险人="甲;乙", 被保险人编号="B1;B2"),
]
WRONG_CONTRIBUTIONS = [
    contribution(30, 费率="9%"),
    contribution(31, 个人应缴="151.00"),
    contribution(32, 滞纳金="20.00"),
    contribution(33, 所属月份="202603"),
    contribution(34, 参保地=CHIFENG),
    contribution(35, 被保险人="甲;乙", 被保险人编号="B1;B2;B3"),
    contribution(36, 残疾人证号=f"{person_id(37)}43"),
    contribution(38, 所属月份="当月"),
    contribution(39, 费率="百分之八", 参保月份="入学时"),
]
