"""Great Expectations on both engines: what each rule type counts, on its own and with all rules of a source."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from pipelines.declarations.catalog import Catalog
from pipelines.engines.base import Engine
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.rules.great_expectations import Outcome, validate
from tests.support.validated_views import (
    DAMAGED,
    FOREIGN_ID,
    GOOD_CODE,
    GOOD_ID,
    HONG_KONG_ID,
    RECEIVED,
    TAIWAN_ID,
    WRONG_DIGIT,
    contract_view,
    counted,
    rule,
    texts,
)


@pytest.mark.parametrize(
    ("kind", "arguments", "values", "due"),
    [
        ("expect_column_values_to_not_be_null", {}, ["a", None, None], (3, 2)),
        ("expect_column_values_to_match_regex", {"regex": "^[0-9]+$"}, ["12", "1x", None, ""], (3, 2)),
        ("expect_column_values_to_match_regex", {"regex": "[0-9]"}, ["x1y", "xy"], (2, 1)),
        ("expect_column_values_to_match_regex", {"regex": "^[0-9]+$"}, ["12", "12\n", "12\r\n", "12\u2028"], (4, 3)),
        ("expect_column_values_to_match_regex", {"regex": r"^[$]\$.$"}, ["$$1", "$$\u2028", "$$\n", "$$"], (4, 2)),
        ("expect_column_values_to_not_match_regex", {"regex": "\ufffd|锟斤拷"}, ["张三", "张\ufffd", None], (2, 1)),
        ("expect_column_values_to_not_match_regex", {"regex": "^(0+|1+)$"}, ["00", "00\n", "01", None, ""], (4, 1)),
        ("expect_column_values_to_be_in_set", {"value_set": ["1", "2"]}, ["1", "2", "3", None, ""], (4, 2)),
        (
            "expect_column_values_to_be_in_set",
            {"value_set": ["O'Hara", "a,b", "$1", "{x}"]},
            ["a,b", "a", "$1"],
            (3, 1),
        ),
        (
            "expect_column_values_to_be_in_set",
            {"value_set": ["", "鄂"]},
            ["", "鄂", "\x1f", "鄂\x1f", " ", None],
            (5, 3),
        ),
        ("expect_column_values_to_be_in_set", {"value_set": ["110000"]}, ["110000 ", "11０000", "110000"], (3, 2)),
        (
            "expect_id_number_check_digit",
            {},
            ["11010519491231002X", "11010519491231002x", "11010519491231002X ", "+1010519491231002X", "", "数" * 18],
            (6, 0),
        ),
        ("expect_id_number_check_digit", {}, [GOOD_ID + "\n", WRONG_DIGIT + "\n", WRONG_DIGIT], (3, 1)),
        ("expect_id_number_check_digit", {}, [GOOD_ID, WRONG_DIGIT, DAMAGED, FOREIGN_ID, HONG_KONG_ID, None], (5, 1)),
        (
            "expect_id_number_region",
            {"value_set": ["150102", "810000", "830000"]},
            [GOOD_ID, TAIWAN_ID, FOREIGN_ID, "999" + GOOD_ID[3:], "159999198001010014", "159999", None],
            (6, 1),
        ),
        (
            "expect_credit_code_check_digit",
            {},
            [GOOD_CODE, GOOD_CODE[:-1] + "M", GOOD_CODE.lower(), GOOD_CODE[:-1] + "O", FOREIGN_ID, "无", "", None],
            (7, 2),
        ),
        (
            "expect_credit_code_region",
            {"value_set": ["110000"]},
            [GOOD_CODE, "91159999600037341L", "9115", "91159999600037341I", None],
            (4, 1),
        ),
    ],
)
def test_rules_on_one_column_skip_null_and_what_is_for_the_rule_on_the_form(
    either_engine: Engine, kind: str, arguments: dict[str, Any], values: list[Any], due: tuple[int, int]
) -> None:
    assert counted(either_engine, rule(kind, column="v", **arguments), "v VARCHAR", texts(*values)) == due


def test_between_takes_dates_as_the_declarations_write_them(either_engine: Engine) -> None:
    days = [(datetime.date(1899, 12, 31),), (datetime.date(1900, 1, 1),), (None,)]
    for bound in ("1900-01-01", datetime.date(1900, 1, 1)):
        tested = rule("expect_column_values_to_be_between", column="v", min_value=bound)
        assert counted(either_engine, tested, "v DATE", days) == (2, 1)


def test_between_on_amounts(either_engine: Engine) -> None:
    tested = rule("expect_column_values_to_be_between", column="v", min_value=0)
    assert counted(either_engine, tested, "v DECIMAL(18,2)", amounts("-0.01", "0", "99999999.99", None)) == (3, 1)
    between = rule("expect_column_values_to_be_between", column="v", min_value=0, max_value=1.5, strict_min=True)
    assert counted(either_engine, between, "v DECIMAL(18,2)", amounts("0", "0.01", "1.50", "1.51", None)) == (4, 2)


def amounts(*texts: str | None) -> list[tuple[Decimal | None]]:
    return [(None if text is None else Decimal(text),) for text in texts]


@pytest.mark.parametrize(("or_equal", "unexpected"), [(True, 1), (False, 2)])
def test_a_greater_than_b_skips_incomplete_pairs(either_engine: Engine, or_equal: bool, unexpected: int) -> None:
    tested = rule(
        "expect_column_pair_values_a_to_be_greater_than_b", column_A="_received_on", column_B="v", or_equal=or_equal
    )
    day = datetime.timedelta(days=1)
    rows: list[tuple[Any, Any]] = [
        (RECEIVED, RECEIVED),
        (RECEIVED, RECEIVED + day),
        (RECEIVED, RECEIVED - day),
        (RECEIVED, None),
        (None, None),
    ]
    assert counted(either_engine, tested, "_received_on DATE, v DATE", rows) == (3, unexpected)


def test_pair_to_be_different(either_engine: Engine) -> None:
    tested = rule("expect_column_pair_values_to_be_different", column_A="a", column_B="b")
    rows = [(GOOD_ID, GOOD_ID), (GOOD_ID, TAIWAN_ID), (GOOD_ID, None), (None, None)]
    assert counted(either_engine, tested, "a VARCHAR, b VARCHAR", rows) == (2, 1)


def test_birth_date_in_id_number(either_engine: Engine) -> None:
    tested = rule("expect_id_number_birth_date", column_A="id", column_B="_received_on")
    born = {
        "19800101": True,
        "20260630": True,  # the day of receipt
        "20260701": False,
        "18991231": False,
        "19000101": True,
        "20230230": False,
        "20240229": True,
        "19801301": False,
    }
    rows: list[tuple[str | None, datetime.date]] = [(f"150102{day}0014", RECEIVED) for day in born]
    centenarians = {"18500101": True, "18491231": False, "18991231": True}
    rows += [(f"150102{day}9960", RECEIVED) for day in centenarians]
    rows += [(DAMAGED, RECEIVED), (None, RECEIVED), ("1501022023023000", RECEIVED)]
    due = (len(rows) - 1, sum(not good for good in [*born.values(), *centenarians.values()]))
    assert counted(either_engine, tested, "id VARCHAR, _received_on DATE", rows) == due


def test_date_to_match_id_number(either_engine: Engine) -> None:
    tested = rule("expect_date_to_match_id_number", column_A="day", column_B="id", severity="warning")
    born = datetime.date(1980, 1, 1)
    rows = [
        (born, GOOD_ID),
        (born, TAIWAN_ID),
        (None, GOOD_ID),
        (born, None),
        (born, DAMAGED),
        (born, "150102202302300014"),  # no such day: a real date cannot match it
    ]
    assert counted(either_engine, tested, "day DATE, id VARCHAR", rows) == (4, 2)


def test_where_keeps_to_rows_in_which_a_value_was_sent(either_engine: Engine) -> None:
    tested = rule("expect_column_values_to_not_be_null", where=("v__sent",), column="v")
    rows = [(RECEIVED, "2026-06-30"), (None, "不详"), (None, None)]
    assert counted(either_engine, tested, "v DATE, v__sent VARCHAR", rows) == (2, 1)


@pytest.mark.parametrize(("rows", "due"), [([("a",)], (None, 0)), ([], (None, 1))])
def test_row_count_is_judged_on_the_table(either_engine: Engine, rows: list[tuple[str]], due: tuple[None, int]) -> None:
    tested = rule("expect_table_row_count_to_be_between", min_value=1)
    assert counted(either_engine, tested, "v VARCHAR", rows) == due


BATCH_ROWS = "_batch VARCHAR, key VARCHAR, part INTEGER, changed TIMESTAMPTZ, _row BIGINT, _row_hash VARCHAR"
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


def test_rows_contradict_with_the_same_key_and_version_only(either_engine: Engine) -> None:
    tested = rule("expect_rows_not_to_contradict_in_batch", key=["key", "part"], version="changed")
    rows = [
        ("b1", "k1", 1, NOON, 2, "h1"),
        ("b1", "k1", 1, NOON, 3, "h2"),
        ("b1", "k1", 1, NOON, 4, "h2"),
        ("b1", "k1", 2, NOON, 5, "h3"),  # another key
        ("b1", "k1", 1, NOON + datetime.timedelta(1), 6, "h4"),  # another version
        ("b1", "k2", 1, None, 7, "h5"),
        ("b1", "k2", 1, None, 8, "h6"),  # no version is one version
        ("b1", "k3", 1, NOON, 9, "h7"),
        ("b1", "k3", 1, NOON, 10, "h7"),  # the same again
        ("b1", None, 1, NOON, 11, "h8"),
        ("b1", None, 1, NOON, 12, "h9"),  # no key: not the same key
        ("b2", "k3", 1, NOON, 2, "h10"),  # another batch
    ]
    assert counted(either_engine, tested, BATCH_ROWS, rows) == (12, 5)
    without = rule("expect_rows_not_to_contradict_in_batch", key=["key", "part"], version=None)
    assert counted(either_engine, without, BATCH_ROWS, rows) == (12, 6)


def test_every_copy_after_the_first_repeats(either_engine: Engine) -> None:
    tested = rule("expect_rows_not_to_repeat_in_batch", severity="warning", key=["key"], version="changed")
    rows = [
        ("b1", "k1", 1, NOON, 4, "h1"),
        ("b1", "k1", 1, NOON, 2, "h1"),
        ("b1", "k1", 1, NOON, 3, "h1"),
        ("b1", "k2", 1, NOON, 5, "h1"),
        ("b1", None, 1, NOON, 6, "h2"),
        ("b1", None, 1, NOON, 7, "h2"),
        ("b2", "k1", 1, NOON, 8, "h1"),
        ("b2", "k2", 1, NOON, 2, "h1"),
    ]
    assert counted(either_engine, tested, BATCH_ROWS, rows) == (8, 3)


def test_names_that_sql_has_a_use_for_are_names(either_engine: Engine) -> None:
    columns = '_batch VARCHAR, "order" VARCHAR, "select" VARCHAR, _row_hash VARCHAR'
    columns = columns if isinstance(either_engine, DuckDBEngine) else columns.replace('"', "`")
    rows = [("b1", "1", "1", "h1"), ("b1", "1", "1", "h2"), ("b1", "1", "1", "h2"), ("b1", "2", None, "h3")]
    contradicts = rule("expect_rows_not_to_contradict_in_batch", key=["order"], version="select")
    assert counted(either_engine, contradicts, columns, rows) == (4, 3)
    repeats = rule("expect_rows_not_to_repeat_in_batch", key=["order", "select"], version=None)
    assert counted(either_engine, repeats, columns, rows) == (4, 1)
    greater = rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="order", column_B="select")
    assert counted(either_engine, greater, columns, rows) == (3, 3)
    given = rule("expect_column_values_to_not_be_null", column="select", where=("order",))
    assert counted(either_engine, given, columns, rows) == (4, 1)


def check_character(seventeen: str) -> str:
    """GB 11643, by the remainder that 2 to the power of a digit's place leaves."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(seventeen))
    return "0123456789X"[(1 - total) % 11]


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_severity_changes_no_count(either_engine: Engine, severity: str) -> None:
    tested = rule("expect_id_number_check_digit", column="v", severity=severity)
    assert counted(either_engine, tested, "v VARCHAR", texts(GOOD_ID, WRONG_DIGIT, None)) == (2, 1)


def test_retired_regions_are_known_and_others_are_not(either_engine: Engine, catalog: Catalog) -> None:
    known = [code.code for code in catalog.codes["region"]]
    assert len(known) > 6000
    rest = "198001010014"
    values = [region + rest for region in ("150102", "152101", "150100", "150199", "000000", "999999")]
    tested = rule("expect_id_number_region", column="v", value_set=known)
    assert counted(either_engine, tested, "v VARCHAR", texts(*values)) == (6, 2)
    listed = rule("expect_column_values_to_be_in_set", column="v", value_set=known)
    assert counted(either_engine, listed, "v VARCHAR", texts(*known, "000000", "15010", "1501020")) == (
        len(known) + 3,
        3,
    )


numbers = st.lists(st.text("0123456789", min_size=17, max_size=17), min_size=1, max_size=60)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=numbers, shift=st.integers(1, 10))
def test_exactly_one_check_character_is_right(either_engine: Engine, numbers: list[str], shift: int) -> None:
    tested = rule("expect_id_number_check_digit", column="v")
    right = [number + check_character(number) for number in numbers]
    characters = "0123456789X"
    wrong = [number[:-1] + characters[(characters.index(number[-1]) + shift) % 11] for number in right]
    assert counted(either_engine, tested, "v VARCHAR", texts(*right, *wrong)) == (2 * len(numbers), len(numbers))
    assert [ric.calc_check_digit(number) for number in right] == [number[-1] for number in right]


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    organisations=st.lists(st.text(ALPHABET, min_size=9, max_size=9), min_size=1, max_size=60), shift=st.integers(1, 30)
)
def test_exactly_one_check_character_of_a_credit_code_is_right(
    either_engine: Engine, organisations: list[str], shift: int
) -> None:
    def closed(body: str) -> str:
        total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
        return body + ALPHABET[-total % 31]

    right = [closed("91150102" + organisation) for organisation in organisations]
    wrong = [code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + shift) % 31] for code in right]
    assert [uscc.calc_check_digit(code) for code in right] == [code[-1] for code in right]
    tested = rule("expect_credit_code_check_digit", column="v")
    assert counted(either_engine, tested, "v VARCHAR", texts(*right, *wrong)) == (2 * len(right), len(right))


# --- whole rule sets -------------------------------------------------------------------------------------------------


def test_every_contract_with_all_its_rules(either_engine: Engine, catalog: Catalog) -> None:
    # Of every rule Spark counts one in the covering project; whole contracts take it ten seconds each.
    several = sorted(catalog.contracts)[:: 1 if isinstance(either_engine, DuckDBEngine) else 4]
    for source in several:
        contract = catalog.contracts[source]
        rules = catalog.rules(contract)
        view = contract_view(either_engine, catalog, source, rows=30)
        outcomes = validate(either_engine, view, rules, source=source, batch="b1").outcomes
        assert list(outcomes) == [rule.code for rule in rules]
        required = [rule.code for rule in rules if rule.code.endswith(".required")]
        assert {(outcomes[code].evaluated, outcomes[code].unexpected) for code in required} == {(30, 10)}
        unreadable = [rule.code for rule in rules if any(name.endswith("__sent") for name in rule.where)]
        assert all((outcomes[code].evaluated, outcomes[code].unexpected) == (20, 20) for code in unreadable)


def test_an_empty_view_breaks_no_rule_on_rows(either_engine: Engine, catalog: Catalog) -> None:
    # Between them they have every type of rule.
    for source in ("household_registration", "market_entity"):
        contract = catalog.contracts[source]
        view = contract_view(either_engine, catalog, source, rows=0)
        outcomes = validate(either_engine, view, catalog.rules(contract), source=source, batch="b1").outcomes
        assert outcomes.pop("batch.row_count") == Outcome("batch.row_count", None, 1, False)
        assert outcomes.pop("batch.id_endings") == Outcome("batch.id_endings", None, 0, True)
        assert {(outcome.evaluated, outcome.unexpected, outcome.success) for outcome in outcomes.values()} == {
            (0, 0, True)
        }
