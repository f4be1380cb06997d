"""Several codes in a cell, amounts in ten thousands of yuan, and names and numbers as parts of keys."""

from __future__ import annotations

from decimal import Decimal

import ibis

from pipelines import elements
from tests.support.element_values import CATALOG, Each, Normalised


def test_several_codes_in_a_cell_come_in_the_order_of_the_list(normalised: Normalised) -> None:
    cells = {
        "罚款": "2",
        "2": "2",
        "02": "2",
        "2.0": "2",
        "罚款；警告": "1;2",
        "警告、罚款、没收违法所得、没收非法财物": "1;2;3",
        "没收违法所得": "3",
        " ２，３ ": "2;3",
        "暂扣或吊销许可证/执照|罚款": "2;5",
        "罚款;罚款": "2",
        "限制从业": "debarment",
        "11;2": "2;11",
        ";警告;": "1",
    }
    assert normalised("penalty_category", list(cells)) == list(cells.values())


def test_a_cell_with_anything_unlisted_among_several_codes_stays_as_sent(normalised: Normalised) -> None:
    cells = ["罚款；责令检讨", "77", "1;77", "罚款并警告", "22"]
    assert normalised("penalty_category", cells) == cells


def test_amounts_in_ten_thousands_of_yuan_are_yuan_in_the_table(normalised: Normalised) -> None:
    cells = {
        "5": "50000",
        "0.05": "500",
        "0.000001": "0.01",
        "1,234.5": "12345000",
        "０．１": "1000",
        "-2": "-20000",
        "999999999999": "9999999999990000",
        "0.0000005": "0.01",
        "0.0000004": "0",
    }
    assert normalised("amount_wan", list(cells)) == [Decimal(due) for due in cells.values()]
    assert normalised("amount_wan", ["5万元", "若干", "1e3", "9999999999999"]) == [None] * 4


def test_all_spellings_of_a_name_are_one_key(normalised: Normalised) -> None:
    cells = ["蒙东（集团）公司", "蒙东(集团)公司", " 蒙东 （集团）公司　"]
    assert normalised("name_key", cells) == ["蒙东(集团)公司"] * 3
    assert normalised("name_key", ["未知", "无", ""]) == [None] * 3


def test_a_number_that_is_part_of_a_key_is_never_empty(each: Each, normalised: Normalised) -> None:
    cells = [None, "", " ", "无", "/", "NULL", "（2024）1号", " Ａ-1 "]
    assert normalised("number_or_none", cells) == ["无"] * 6 + ["(2024)1号", "A-1"]
    # What was sent is asked for all the same.
    element = CATALOG.elements["number_or_none"]
    assert each(lambda cell: elements.sent_value(cell, element).notnull(), cells) == [False] * 6 + [True] * 2
    assert ibis.dtype(element.ibis_type).is_string()
