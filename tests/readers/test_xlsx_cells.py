"""What a workbook's cells become: text, numbers, dates, errors, formulas and merged cells, each as it is stored."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.readers.xlsx.formats import Shown, shown
from tests.support.opened_files import HEADER, SENDABLE, cells, damaged, numbers, read
from tests.support.workbooks import (
    book,
    cell,
    merges,
    number,
    row,
    shared_xml,
    styles_xml,
    text,
)

HEAD = row(1, [text(name) for name in HEADER])
DATE_COLUMN = 2


def one_column(folder: Path, *stored: str, **parts: Any) -> tuple[list[str | None], dict[int, str]]:
    """The cells of the first column, and which rows are damaged how."""
    rows = [row(at, [cell, text("结婚")]) for at, cell in enumerate(stored, 2)]
    _, found = read(folder, "a.xlsx", book([HEAD, *rows], **parts))
    return [line["registration_number"] for line in found], damaged(found)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("5", "5"), ("-7", "-7"), ("0", "0"), ("2.5", "2.5"), ("0.30000000000000004", "0.30000000000000004"),
        ("123456789012345", "123456789012345"), ("1234567890.123456", "1234567890.123456"), ("150102.0", "150102"),
        ("1.5E+3", "1500"), ("1.3800000001E10", "13800000001"), ("1E-10", "0.0000000001"), ("1.5e-7", "0.00000015"),
        ("1.23456789E7", "12345678.9"), ("4.08414E1", "40.8414"), ("43831.5", "43831.5"), ("0.0E0", "0"),
        ("1E-300", "1E-300"), (" 5 ", "5"), ("20240102", "20240102"), ("0.1", "0.1"), ("2.50", "2.50"),
    ],
)  # fmt: skip
def test_numbers_are_what_is_stored(tmp_path: Path, stored: str, sent: str) -> None:
    assert one_column(tmp_path, number(stored)) == ([sent], {})


@pytest.mark.parametrize(
    "stored",
    [
        "1.50102196202140E+17", "1.50102196202140E17", "150102196202140000", "150102196202140013",
        "1000000000000000", "6222021200012340", "1E+17", "-1234567890123456", "15010219620214E4",
        "1501021962021400.5", "150102196202140000.0",
    ],
)  # fmt: skip
def test_numbers_of_more_than_15_digits_are_damaged_and_no_identifiers(tmp_path: Path, stored: str) -> None:
    (sent,), damage = one_column(tmp_path, number(stored))
    assert damage == {2: "row.digits_lost"}
    assert sent is not None
    assert "E" in sent
    assert "." in sent[:3] or sent == stored
    assert Decimal(sent) == Decimal(stored)


def test_long_numbers_are_told_with_row_and_column(tmp_path: Path) -> None:
    rows = [HEAD, row(2, [text("M1")]), row(3, [text("M2"), "", "", number("150102196202140000")])]
    delivery, found = read(tmp_path, "a.xlsx", book(rows))
    assert damaged(found) == {3: "row.digits_lost"}
    (problem,) = delivery.problems
    assert problem.row == 3
    assert "男方身份证件号" in problem.what
    assert "15" in problem.what
    assert "150102196202140000" not in str(problem)


def test_a_long_number_in_a_column_that_nobody_declared_damages_nothing(tmp_path: Path) -> None:
    head = row(1, [*(text(name) for name in HEADER), text("卡号")])
    _, found = read(tmp_path, "a.xlsx", book([head, row(2, [text("M1"), "", "", "", "", number("6222021200012340")])]))
    assert damaged(found) == {}
    assert json.loads(found[0]["_extra"]) == {"卡号": "6.222021200012340E+15"}


@pytest.mark.parametrize("stored", ["abc", "NaN", "INF", "1,5", "１２", "--1", "1E99999"])
def test_what_is_called_a_number_and_is_none(tmp_path: Path, stored: str) -> None:
    assert one_column(tmp_path, number(stored)) == ([stored], {2: "row.cell_error"})


# --- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("General", Shown.NUMBER), ("0.00E+00", Shown.NUMBER), ('#,##0.00"元/d"', Shown.NUMBER), ("@", Shown.NUMBER),
        ("[Red]0.00;[Blue]-0.00", Shown.NUMBER), (r"0\d", Shown.NUMBER), ("_d0", Shown.NUMBER), ("*d0", Shown.NUMBER),
        ("[$-804]0", Shown.NUMBER), ("[$¥-804]#,##0", Shown.NUMBER), ("0;yyyy", Shown.NUMBER),
        ('G/通用格式"年"', Shown.NUMBER), ("yyyy-mm-dd", Shown.DATE), ('yyyy"年"m"月"d"日"', Shown.DATE),
        ("[$-804]yyyy/m/d;@", Shown.DATE), ("[DBNum1][$-804]yyyy年m月d日", Shown.DATE), ("mmm", Shown.DATE),
        ('[$-F800]dddd\\,\\ mmmm\\ dd', Shown.DATE), ("[$-411]ge.m.d", Shown.DATE), ("m/d/yy h:mm", Shown.MOMENT),
        ("h:mm:ss", Shown.CLOCK), ("mm:ss.0", Shown.CLOCK), ("上午/下午h时mm分", Shown.CLOCK),
        ("h:mm AM/PM", Shown.CLOCK),
        ("[h]:mm", Shown.ELAPSED), ("[mm]:ss", Shown.ELAPSED), ("[ss]", Shown.ELAPSED),
        ("[<1]0;yyyy-mm-dd", Shown.DATE), ("", Shown.NUMBER), ("[", Shown.NUMBER), ('"', Shown.NUMBER),
    ],
)  # fmt: skip
def test_what_a_format_shows(code: str, expected: Shown) -> None:
    assert shown(code) is expected


@pytest.mark.parametrize(
    ("stored", "look", "sent"),
    [
        ("45293", 14, "2024-01-02"), ("45293", 31, "2024-01-02"), ("45293", 57, "2024-01-02"),
        ("45293", "yyyy-mm-dd", "2024-01-02"), ("45293.5", "yyyy-mm-dd", "2024-01-02 12:00:00"),
        ("45293.12782407407", 22, "2024-01-02 03:04:04"), ("45293.12782986111", 22, "2024-01-02 03:04:04.500"),
        ("45293", 22, "2024-01-02 00:00:00"), ("45292.999999999", 22, "2024-01-02 00:00:00"),
        ("0.5242592592592593", 21, "12:34:56"), ("0.5", "h:mm", "12:00:00"), ("0", 20, "00:00:00"),
        ("0.9999999999", 20, "23:59:59.999"), ("1.5", "[h]:mm", "36:00:00"), ("0.25", 46, "06:00:00"),
        ("4.5293E+4", 14, "2024-01-02"), ("2958465", 14, "9999-12-31"), ("1", 14, "1900-01-01"),
        ("59", 14, "1900-02-28"), ("60", 14, "1900-02-29"), ("61", 14, "1900-03-01"),
        ("20240102", 14, "20240102"), ("-1", 14, "-1"), ("-0.5", 20, "-0.5"), ("2958466", 14, "2958466"),
        ("0", 14, "0"), ("0.5", 14, "0.5"), ("20240102030405", 22, "20240102030405"), ("45293.5", 2, "45293.5"),
    ],
)  # fmt: skip
def test_dates_and_times_by_their_format(tmp_path: Path, stored: str, look: int | str, sent: str) -> None:
    assert one_column(tmp_path, number(stored, s=1), styles=styles_xml(look)) == ([sent], {})


@pytest.mark.parametrize("attribute", ['date1904="1"', 'date1904="true"'])
@pytest.mark.parametrize(
    ("stored", "look", "sent"),
    [
        ("43831", 31, "2024-01-02"), ("43831", 14, "2024-01-02"), ("43831.5", 22, "2024-01-02 12:00:00"),
        ("0", 14, "1904-01-01"), ("60", 14, "1904-03-01"), ("0.5", 20, "12:00:00"), ("20240102", 14, "20240102"),
        ("2957003", 14, "9999-12-31"), ("2957004", 14, "2957004"), ("43831", 0, "43831"),
    ],
)  # fmt: skip
def test_workbooks_that_count_from_1904(tmp_path: Path, attribute: str, stored: str, look: int, sent: str) -> None:
    stored_cell = number(stored, s=1)
    assert one_column(tmp_path, stored_cell, styles=styles_xml(look), properties=attribute) == ([sent], {})


@pytest.mark.parametrize(
    ("properties", "sent"), [('date1904="1"', "2024-01-02"), ('date1904="0"', "43831"), ("", "43831")]
)
def test_a_bare_serial_in_a_column_of_dates_counts_from_its_workbooks_epoch(
    tmp_path: Path, properties: str, sent: str
) -> None:
    rows = [HEAD, row(2, [number("43831"), "", number("43831")]), row(3, [text("M2"), "", number("20240102")])]
    delivery, found = read(tmp_path, "a.xlsx", book(rows, properties=properties))
    assert [line["registered_on"] for line in found] == [sent, "20240102"]
    assert found[0]["registration_number"] == "43831"
    assert [problem.row for problem in delivery.problems] == ([2] if sent == "2024-01-02" else [])


def test_iso_dates_are_what_is_stored(tmp_path: Path) -> None:
    assert one_column(tmp_path, cell("<v>2024-01-02T03:04:05Z</v>", t="d")) == (["2024-01-02T03:04:05Z"], {})


# --- text, errors, formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (cell("<v>0</v>", t="s"), "汉字"),
        (cell("<v>1</v>", t="s"), "内蒙古"),
        (cell("<v>2</v>", t="s"), " a\r\n"),
        (cell("<v>3</v>", t="s"), "_x000D_"),
        (cell("<v>4</v>", t="s"), "𠮷_x0000__xD800_"),
        (
            cell(
                "<is><r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r><rPh sb='0' eb='1'><t>JIA</t></rPh></is>",
                t="inlineStr",
            ),
            "甲乙",
        ),
        (cell("<is><t>甲</t></is>"), "甲"),
        (cell("<v>甲</v>", t="inlineStr"), "甲"),
        (cell('<f>"a"&amp;"b"</f><v>ab_x000A_</v>', t="str"), "ab\n"),
        (cell("<f>1+1</f><v>2</v>"), "2"),
        (cell("<v>1</v>", t="b"), "TRUE"),
        (cell("<v>0</v>", t="b"), "FALSE"),
        (cell("<is><t>#N/A</t></is>", t="inlineStr"), "#N/A"),
        (cell("<v>150102196202140013</v>", t="str"), "150102196202140013"),
    ],
)
def test_text_is_what_is_stored(tmp_path: Path, stored: str, sent: str) -> None:
    shared = shared_xml(
        "<t>汉字</t>", "<r><t>内</t></r><r><t>蒙古</t></r><rPh sb='0' eb='1'><t>nei</t></rPh>",
        '<t xml:space="preserve"> a_x000D_\n</t>', "<t>_x005F_x000D_</t>", "<t>_xD842__xDFB7__x0000__xD800_</t>",
    )  # fmt: skip
    assert one_column(tmp_path, stored, shared=shared) == ([sent], {})


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#SPILL!"])
def test_an_error_is_no_value(tmp_path: Path, error: str) -> None:
    assert one_column(tmp_path, cell(f"<v>{error}</v>", t="e")) == ([error], {2: "row.cell_error"})


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (cell("<f>DATE(2024,1,2)</f>"), "=DATE(2024,1,2)"),
        (cell("<f>DATE(2024,1,2)</f><v/>"), "=DATE(2024,1,2)"),
        (cell("<f>A1</f><v></v>", s=1), "=A1"),
        (cell("<f>A1</f>", t="str"), "=A1"),
        (cell('<f t="shared" si="0"/>'), "="),
    ],
)
def test_a_formula_without_a_result_is_no_empty_cell(tmp_path: Path, stored: str, sent: str) -> None:
    assert one_column(tmp_path, stored, styles=styles_xml(14)) == ([sent], {2: "row.cell_error"})


@pytest.mark.parametrize(
    "stored", [cell('<f>""</f><v></v>', t="str"), cell("", s=1), cell("<v/>"), cell("<is><t/></is>")]
)
def test_cells_that_hold_nothing(tmp_path: Path, stored: str) -> None:
    assert one_column(tmp_path, stored) == ([None], {})


def test_an_error_in_a_column_that_nobody_declared_damages_nothing(tmp_path: Path) -> None:
    head = row(1, [*(text(name) for name in HEADER), text("备注")])
    bad = cell("<v>#N/A</v>", t="e")
    delivery, found = read(tmp_path, "a.xlsx", book([head, row(2, [text("M1"), "", "", "", "", bad])]))
    assert damaged(found) == {}
    assert json.loads(found[0]["_extra"]) == {"备注": "#N/A"}
    assert len(delivery.problems) == 1


# --- merged cells -------------------------------------------------------------------------------------------------


def test_the_first_of_merged_cells_stands_for_each(tmp_path: Path) -> None:
    rows = [
        HEAD,
        row(2, [text("M1"), text("结婚"), text("2020-01-02"), text("甲")]),
        row(3, ["", text("结婚"), text("2020-01-03")]),
        row(4, ["", text("结婚")]),
        row(6, [text("M2"), text("离婚")]),
    ]
    delivery, found = read(tmp_path, "a.xlsx", book(rows, merges("A2:A5", "C3:C4", "D2:E3", "B6:B7", "A1:A1")))
    assert cells(found) == [
        ["M1", "结婚", "2020-01-02", "甲", "甲"],
        ["M1", "结婚", "2020-01-03", "甲", "甲"],
        ["M1", "结婚", "2020-01-03", None, None],
        ["M2", "离婚", None, None, None],
    ]
    assert numbers(found) == [2, 3, 4, 6]
    (problem,) = delivery.problems
    assert "merged" in problem.what
    assert "3 rows" in problem.what


def test_merged_cells_of_the_header_are_left_alone(tmp_path: Path) -> None:
    rows = [HEAD, row(2, ["", text("结婚")]), row(3, [text("M1"), text("离婚")])]
    delivery, found = read(tmp_path, "a.xlsx", book(rows, merges("A1:A2", "E1:G1")))
    assert cells(found)[0][0] is None
    assert delivery.problems == []


def test_merged_cells_reach_over_any_number_of_rows(tmp_path: Path) -> None:
    """Further than a batch of the reader, and to the sheet's end for nothing."""
    many = [row(at, ["", text(f"{at}")]) for at in range(3, 140_000)]
    content = book(
        [HEAD, row(2, [cell("<v>0</v>", t="s")]), *many], merges("A2:A1048576"), shared=shared_xml("<t>M1</t>")
    )
    _, found = read(tmp_path, "a.xlsx", content)
    assert len(found) == 139_998
    assert {line["registration_number"] for line in found} == {"M1"}


def test_merged_cells_keep_their_kind(tmp_path: Path) -> None:
    rows = [
        HEAD,
        row(2, [number("45293", s=1)]),
        row(3, ["", text("x")]),
        row(4, [number("1E17"), text("x")]),
        row(5, ["", text("x")]),
    ]
    _, found = read(tmp_path, "a.xlsx", book(rows, merges("A2:A3", "A4:A5"), styles=styles_xml(14)))
    assert [line["registration_number"] for line in found] == ["2024-01-02", "2024-01-02", "1E17", "1E17"]
    assert damaged(found) == {4: "row.digits_lost", 5: "row.digits_lost"}


# --- as other programs write ---------------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
NUMBERS = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: abs(value) < 1e15),
)
VALUES = st.one_of(st.text(SENDABLE, min_size=1, max_size=30), NUMBERS, MOMENTS, st.booleans())


def written(value: Any) -> Any:
    """What a value is in raw, to compare: numbers by their value, since a program may write 1 as 1.0."""
    match value:
        case bool():
            return str(value).upper()
        case int() | float():
            return float(f"{value:.16G}")  # as many digits as either program writes
        case datetime.datetime():
            return value.isoformat(" ")
    return value


def as_read(value: Any, sent: str | None) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(sent or "nan") if is_number else sent


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VALUES, min_size=1, max_size=20))
def test_cells_of_xlsxwriter_come_back_as_written(tmp_path: Path, values: list[Any]) -> None:
    options = {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(tmp_path / "b", options) as written_book:
        sheet = written_book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for at, value in enumerate(values, 1):
            sheet.write_string(at, 0, value) if isinstance(value, str) else sheet.write(at, 0, value)
            sheet.write_string(at, 1, "结婚")
    _, found = read(tmp_path, "a.xlsx", (tmp_path / "b").read_bytes())
    sent = [as_read(value, line["registration_number"]) for value, line in zip(values, found, strict=True)]
    assert sent == [written(value) for value in values]
    assert damaged(found) == {}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.one_of(NUMBERS, MOMENTS, st.booleans()), min_size=1, max_size=20))
def test_cells_of_openpyxl_come_back_as_written(tmp_path: Path, values: list[Any]) -> None:
    other = openpyxl.Workbook()
    other.active.append(HEADER)
    for value in values:
        other.active.append([value, "结婚"])
    other.save(tmp_path / "b.xlsx")
    _, found = read(tmp_path, "a.xlsx", (tmp_path / "b.xlsx").read_bytes())
    sent = [as_read(value, line["registration_number"]) for value, line in zip(values, found, strict=True)]
    assert sent == [written(value) for value in values]
    assert damaged(found) == {}
