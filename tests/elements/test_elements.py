"""Values in every spelling that agencies send: their normal form, what counts as sent, aliases, derivations, masks."""

from __future__ import annotations

import csv
import datetime
import itertools
import re
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from pipelines import elements
from pipelines.declarations.catalog import Code
from pipelines.declarations.element import Element, Mask
from pipelines.elements import code
from pipelines.elements.characters import BLANKS, INVISIBLE
from pipelines.elements.id_number import check_character
from pipelines.elements.text import NONE
from pipelines.engines.base import Engine
from tests.support.element_values import (
    CATALOG,
    CODED,
    NULL_TOKENS,
    REAL_SAMPLE,
    Each,
    Normalised,
    skip_most_on_spark,
)


@pytest.mark.parametrize("name", sorted(CATALOG.elements))
def test_tokens_for_nothing_are_null_in_every_element(each: Each, either_engine: Engine, name: str) -> None:
    skip_most_on_spark(either_engine, name)
    cells = [None, *NULL_TOKENS, *(f" \t{token}\u3000" for token in NULL_TOKENS), *BLANKS, BLANKS]
    cells += [f"\u200b{token}\u00a0\u202c" for token in NULL_TOKENS]
    element = CATALOG.elements[name]

    def all_three(cell: ir.Value) -> ir.Value:
        value = elements.normalise(cell, element, CATALOG.codes, CATALOG.cities)
        # Part of a key, such a number is never NULL.
        there = value != NONE if element.normalise == "code_or_none" else value.notnull()
        return there | elements.sent_value(cell, element).notnull() | elements.alias(cell, element).notnull()

    assert each(all_three, cells) == [False] * len(cells)


@pytest.mark.parametrize("name", sorted(CATALOG.elements))
@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_every_element_is_an_expression_of_both_engines(name: str, dialect: str) -> None:
    element = CATALOG.elements[name]
    raw = ibis.table({"cell": "string"}, name="raw")
    value = elements.normalise(raw.cell, element, CATALOG.codes, CATALOG.cities)
    assert value.type() == ibis.dtype(element.ibis_type)
    query = raw.select(
        value=value, sent=elements.sent_value(raw.cell, element), alias=elements.alias(raw.cell, element)
    )
    assert "cell" in ibis.to_sql(query, dialect=dialect)


@settings(max_examples=8, deadline=None)
@given(cells=st.lists(st.text(max_size=30), min_size=1, max_size=40))
def test_no_rubbish_makes_a_normaliser_fail(normalised: Normalised, cells: list[str]) -> None:
    cells = [cell.replace("\0", "") for cell in cells]
    for name in ("id_number", "credit_code", "date", "datetime", "amount", "capital_amount", "region", "phone"):
        assert len(normalised(name, cells)) == len(cells)


def test_text_is_kept_as_it_came_but_for_its_ends(normalised: Normalised) -> None:
    cells = ["\u3000张三 ", "乌云·其其格", "（某）公司，A：Ｂ", "⻔ 牌\u3000号", "  a\tb\n", "䶮𠮷𫖯"]
    assert normalised("text", cells) == ["张三", "乌云·其其格", "（某）公司，A：Ｂ", "⻔ 牌\u3000号", "a\tb", "䶮𠮷𫖯"]


def test_texts_lose_what_cannot_be_seen_at_their_ends_only(normalised: Normalised) -> None:
    cells = [f"{blank}乌云{blank}其其格{blank}" for blank in BLANKS]
    assert normalised("person_name", cells) == [f"乌云{blank}其其格" for blank in BLANKS]
    names = ["Nan", "Na", "Nil", "无名", "无量", "None·Smith"]
    assert normalised("person_name", names) == names


@settings(max_examples=10, deadline=None)
@given(
    places=st.lists(
        st.tuples(
            st.integers(0, 18), st.sampled_from(BLANKS), st.sampled_from(["", "'", "''", "＇", "’", "‘", "\u202a'"])
        ),
        min_size=1,
        max_size=40,
    )
)
def test_identifiers_hold_nothing_unseen_and_no_apostrophe_in_front(
    normalised: Normalised, places: list[tuple[int, str, str]]
) -> None:
    identifiers = {
        "id_number": "11010519491231002X",
        "credit_code": "91350211M000100Y46",
        "license_type_code": "11100000MB0276749X001",
        "document_number": "J15010220240001001",
        "region": "150102",
        "phone": "13800000000",
    }
    for name, due in identifiers.items():
        unseen = [(at, blank if blank in INVISIBLE or name != "phone" else "", sign) for at, blank, sign in places]
        cells = [sign + due[:at] + blank + due[at:] + blank for at, blank, sign in unseen]
        assert normalised(name, cells) == [due] * len(cells), name


def test_an_apostrophe_alone_is_what_was_sent(normalised: Normalised) -> None:
    cells = ["'", "''", "'第1号", "‘第1号", "1'2", "'1'2"]
    assert normalised("document_number", cells) == ["'", "''", "第1号", "‘第1号", "1'2", "1'2"]


def test_document_numbers_are_half_width_without_white_space(normalised: Normalised) -> None:
    assert normalised("document_number", ["ＡＢ－1２", " a b\u30001 ", "J15-001", "ＮＡ1", "第〔2024〕1号"]) == [
        "AB-12", "ab1", "J15-001", "NA1", "第〔2024〕1号",
    ]  # fmt: skip


class TestIdNumber:
    SPECIMENS = ("810000199408230021", "830000199201300022", "911124198108030024", "150102198001010014")

    def test_published_specimens_have_their_check_character(self, each: Each) -> None:
        assert each(check_character, [number[:17] for number in self.SPECIMENS]) == [n[17] for n in self.SPECIMENS]

    def test_fifteen_digits_become_eighteen_and_are_kept_as_alias(self, each: Each, normalised: Normalised) -> None:
        cells = ["150102800101001", " '１５０１０２８００１０１００１", "1501 0280 0101 001", *self.SPECIMENS]
        assert normalised("id_number", cells) == ["150102198001010014"] * 3 + list(self.SPECIMENS)
        aliases = each(lambda cell: elements.alias(cell, CATALOG.elements["id_number"]), cells)
        assert aliases == ["150102800101001"] * 3 + [None] * 4

    def test_sequences_of_centenarians_are_of_the_century_before(self, normalised: Normalised) -> None:
        cells = ["150102990101995", "150102990101996", "150102500101997", "150102010101998", "150102800101999"]
        assert [number[6:17] for number in normalised("id_number", cells)] == [
            "19990101995", "18990101996", "18500101997", "18010101998", "18800101999",
        ]  # fmt: skip

    def test_spellings_of_one_number(self, normalised: Normalised) -> None:
        number = "11010519491231002X"
        cells = [number, "11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ", f"'{number}", f" {number}\u3000"]
        cells += ["110105 19491231 002ｘ", "110105\u00a019491231002X", f" ' {number}"]
        assert normalised("id_number", cells) == [number] * len(cells)

    def test_damaged_numbers_stay_damaged(self, normalised: Normalised) -> None:
        cells = ["1.50102E+17", "150102198001011000", "15010219800101001", "1501021980010100140", "15010219800101A014"]
        assert normalised("id_number", cells) == cells

    @settings(max_examples=12, deadline=None)
    @given(digits=st.lists(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True), min_size=1, max_size=200))
    def test_check_character_agrees_with_stdnum(self, each: Each, digits: list[str]) -> None:
        assert each(check_character, digits) == [ric.calc_check_digit(number + "0") for number in digits]

    def test_sex_and_birth_date_are_read_from_the_number(self, each: Each) -> None:
        element = CATALOG.elements["id_number"]
        numbers = [
            "150102198001010014",
            "810000199408230021",
            "911124198108030024",
            "150102198002300018",
            "1.5E+17",
            None,
        ]
        assert each(lambda key: elements.derived(key, element, "sex"), numbers) == ["1", "2", "2", "1", None, None]
        assert each(lambda key: elements.derived(key, element, "birth_date"), numbers) == [
            datetime.date(1980, 1, 1), datetime.date(1994, 8, 23), datetime.date(1981, 8, 3), None, None, None,
        ]  # fmt: skip


def test_credit_codes_are_upper_case_and_half_width(each: Each, normalised: Normalised) -> None:
    cells = [
        "91350211M000100Y46",
        "91350211m000100y46",
        "９１３５０２１１Ｍ０００１００Ｙ４６",
        " 91350211 M000100Y46",
        "913502",
    ]
    assert normalised("credit_code", cells) == ["91350211M000100Y46"] * 4 + ["913502"]
    region = each(lambda key: elements.derived(key, CATALOG.elements["credit_code"], "registered_region"), cells[:1])
    assert region == ["350211"]


CAPITALS = {
    "3,000(万)": ("30000000", "CNY"),
    "3,000（万）": ("30000000", "CNY"),
    "３，０００（万）": ("30000000", "CNY"),
    "20(万人民币元)": ("200000", "CNY"),
    "641.1000(万人民币元)": ("6411000", "CNY"),
    "5,000,000(人民币元)": ("5000000", "CNY"),
    "500万元人民币": ("5000000", "CNY"),
    "500万元": ("5000000", "CNY"),
    "100万人民币": ("1000000", "CNY"),
    "100.5万人民币元": ("1005000", "CNY"),
    "50(万元人民币)": ("500000", "CNY"),
    "人民币50万元": ("500000", "CNY"),
    "2亿元": ("200000000", "CNY"),
    "1.5亿美元": ("150000000", "USD"),
    "3千万元": ("30000000", "CNY"),
    "500000": ("500000", "CNY"),
    "500000.00元整": ("500000", "CNY"),
    "￥5 00万": ("5000000", "CNY"),
    "300(万美元)": ("3000000", "USD"),
    "$300": ("300", "USD"),
    "50万港元": ("500000", "HKD"),
    "HK$50": ("50", "HKD"),
    "50(万港币)": ("500000", "HKD"),
    "8万欧元": ("80000", "EUR"),
    "7(万日元)": ("70000", "JPY"),
    "6英镑": ("6", "GBP"),
    "5万韩元": ("50000", "KRW"),
    "0.00001(亿)": ("1000", "CNY"),
    "12.345678(万美元)": ("123456.78", "USD"),
    "15,000,000,000(人民币元)": ("15000000000", "CNY"),
    "9999999999(亿)": ("999999999900000000", "CNY"),
    "9999999999999999": ("9999999999999999", "CNY"),
}


class TestCapital:
    def test_units_and_currencies(self, normalised: Normalised) -> None:
        cells = list(CAPITALS)
        assert normalised("capital_amount", cells) == [Decimal(amount) for amount, _ in CAPITALS.values()]
        assert normalised("capital_currency", cells) == [currency for _, currency in CAPITALS.values()]

    def test_what_cannot_be_read_has_neither_amount_nor_currency(self, each: Each, normalised: Normalised) -> None:
        cells = [
            "若干",
            "(万)",
            "1万万",
            "1,5(万)",
            "-5(万)",
            "伍佰万元",
            "500万元(美元)等",
            "1e5",
            "9" * 21,
            "999999999999999亿",
        ]
        assert normalised("capital_amount", cells) == [None] * len(cells)
        assert normalised("capital_currency", cells) == [None] * len(cells)
        assert each(lambda cell: elements.sent_value(cell, CATALOG.elements["capital_amount"]), cells) == cells

    @pytest.mark.skipif(not REAL_SAMPLE.exists(), reason="the sample of real registrations is not on this machine")
    def test_every_real_capital_is_read(self, each: Each, normalised: Normalised) -> None:
        with REAL_SAMPLE.open(encoding="utf-8", newline="") as lines:
            cells = [row["注册资金"] for row in csv.DictReader(lines)]
        was_sent = [value is not None for value in each(elements.sent, cells)]
        assert sum(was_sent) > 1000
        assert [value is not None for value in normalised("capital_amount", cells)] == was_sent
        assert {value for value in normalised("capital_currency", cells) if value} == {"CNY", "USD"}


def test_amounts(normalised: Normalised) -> None:
    cells = [
        "1,234.50",
        "１，２３４．５０",
        "1234.5",
        "+1 234.5",
        "1234.495",
        "1,5",
        "1E5",
        "abc",
        "9" * 20,
        "-5",
        ".5",
        "1.2.3",
    ]
    expected = [Decimal("1234.50")] * 5 + [None] * 4 + [Decimal("-5.00"), Decimal("0.50"), None]
    assert normalised("amount", cells) == expected


def test_regions_from_codes_and_names(normalised: Normalised) -> None:
    cells = [
        "150102",
        "150102001",
        "150102001001",
        "１５０１０２",
        "呼伦贝尔",
        "呼伦贝尔市",
        "兴安盟",
        "1501",
        "内蒙古",
        "15010200",
    ]
    expected = ["150102"] * 4 + ["150700", "150700", "152200", "1501", "内蒙古", "15010200"]
    assert normalised("region", cells) == expected


def test_several_phones_in_a_cell(normalised: Normalised) -> None:
    cells = [
        "0471-1234567、13800000000",
        "0471-1234567,13800000000",
        "0471-1234567；13800000000",
        "0471-1234567 13800000000",
    ]
    cells += [
        "0471－１２３４５６７ / １３８００００００００",
        "，0471-1234567，，13800000000；",
        "0000000",
        "+86-13800000000",
        "，",
        "不详",
    ]
    expected = ["0471-1234567;13800000000"] * 6 + ["0000000", "+86-13800000000", "，", "不详"]
    assert normalised("phone", cells) == expected


@pytest.mark.parametrize("name", CODED)
def test_codes_labels_and_other_labels_give_the_code(normalised: Normalised, either_engine: Engine, name: str) -> None:
    skip_most_on_spark(either_engine, name)
    codes = CATALOG.codes[CATALOG.elements[name].codes or ""]
    pairs = [(spelling, code.code) for code in codes for spelling in (code.code, code.title, *code.labels)]
    assert normalised(name, [f" {spelling}" for spelling, _ in pairs]) == [code for _, code in pairs]
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    spelt = [f"\u202a{spelling[:1]}\u00a0{spelling[1:]}\u200e".translate(wide) for spelling, _ in pairs]
    assert normalised(name, spelt) == [code for _, code in pairs]
    assert normalised(name, [" 不在 表中\u00a0", "08888", "Ｚ9Ｚ"]) == ["不在 表中", "08888", "Ｚ9Ｚ"]
    # Who writes both in a cell has codes of letters or digits: nobody would write two words for the same. Of `A级` in a
    # list nobody could say whether it is one or both.
    has_both = not any(re.match("[0-9A-Za-z]+[\u4e00-\u9fff]", spelling) for spelling, _ in pairs)
    coded = [code for code in codes if code.code.isascii() and has_both]
    words = [(code.code, label) for code in coded for label in code.labels if not label.isascii()]
    both = [f"{code}{sign}{label}" for code, label in words for sign in ("", "-", "：", "、 ")]
    both += [f"({code.code}){code.title}" for code in coded]
    assert normalised(name, both) == [code for code, _ in words for _ in range(4)] + [code.code for code in coded]
    crossed = [f"{code.code}-{other.title}" for code, other in itertools.pairwise(codes)]
    assert normalised(name, crossed) == crossed


@pytest.mark.parametrize("name", CODED)
def test_codes_that_spreadsheets_made_numbers_of_are_the_codes(
    normalised: Normalised, either_engine: Engine, name: str
) -> None:
    skip_most_on_spark(either_engine, name)
    codes = [code.code for code in CATALOG.codes[CATALOG.elements[name].codes or ""] if code.code.isdecimal()]
    spelt = [spelling for code in codes for spelling in (str(int(code)), f"{int(code)}.0", f"0{code}", f"{code}.00")]
    assert normalised(name, spelt) == [code for code in codes for _ in range(4)]


def test_one_phone_number_in_groups_is_one_and_fractions_are_none(normalised: Normalised) -> None:
    cells = ["+86 13800000001", "0471 1234567", "（0471）1234567", "(0471) 1234567", "138 0000 0001", "13800000001.0"]
    cells += ["0086 13800000001", "13800000001 13800000002", "13800000001 0471-1234567", "1234567.50"]
    assert normalised("phone", cells) == [
        "+86-13800000001", "0471-1234567", "0471-1234567", "0471-1234567", "138-0000-0001", "13800000001",
        "0086-13800000001", "13800000001;13800000002", "13800000001;0471-1234567", "1234567.50",
    ]  # fmt: skip


def test_codes_that_differ_in_zeros_alone_are_compared_as_they_are_written(each: Each) -> None:
    codes = (Code("1", "一", ("一",)), Code("01", "零一", ("零一",)), Code("A", "A类", ("A类",)))
    cells = ["1", "01", "001", "1.0", "A类", "A"]
    assert each(lambda cell: code.normalise(cell, codes), cells) == ["1", "01", "001", "1.0", "A", "A"]


@pytest.mark.parametrize(
    ("kept", "masked"),
    [
        ((6, 4), ["150102********0014", "*" * 10, "123456*8901", "", None]),
        ((1, 0), ["1*****************", "1*********", "1**********", "", None]),
        ((0, 2), ["****************14", "********90", "*********01", "", None]),
        ((0, 0), ["*" * 18, "*" * 10, "*" * 11, "", None]),
    ],
)
def test_masks(each: Each, kept: tuple[int, int], masked: list[str | None]) -> None:
    cells = ["150102198001010014", "1234567890", "12345678901", "", None]
    mask = Mask(keep_first=kept[0], keep_last=kept[1])
    assert each(lambda cell: elements.mask(cell, mask), cells) == masked


def test_a_name_is_masked_by_characters_not_bytes(each: Each) -> None:
    assert each(lambda cell: elements.mask(cell, Mask(keep_first=1)), ["𠮷田一", "张", "张三"]) == ["𠮷**", "*", "张*"]


class TestWrongDeclarations:
    CELL = ibis.table({"cell": "string"}, name="raw").cell

    def test_unknown_normaliser(self) -> None:
        element = Element(name="plot", title="地块", grade="public", normalise="magic")
        with pytest.raises(ValueError, match=r"element plot: there is no normaliser `magic`; there are .*id_number"):
            elements.normalise(self.CELL, element, {}, {})

    def test_missing_code_list(self) -> None:
        element = Element(name="plot", title="地块", grade="public", normalise="code", codes="plots")
        with pytest.raises(ValueError, match=r"element plot: .*plots\.csv"):
            elements.normalise(self.CELL, element, {}, {})

    def test_alias_of_an_element_without_other_forms(self) -> None:
        element = Element(name="plot", title="地块", grade="public", alias=True)
        with pytest.raises(ValueError, match="element plot: `alias: true`"):
            elements.alias(self.CELL, element)

    def test_a_key_that_does_not_tell_the_attribute(self) -> None:
        with pytest.raises(ValueError, match="`else: id_number` gives sex, birth_date, not phone"):
            elements.derived(self.CELL, CATALOG.elements["id_number"], "phone")
