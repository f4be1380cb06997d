"""Great Expectations on DuckDB: what each rule type counts, what becomes of errors, and that no value gets out."""

from __future__ import annotations

import datetime
import re
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.rule import Rule
from pipelines.quality.great_expectations import NotValidatedError, Outcome, validate
from tests.validated_views import (
    DAMAGED,
    FOREIGN_ID,
    GOOD_CODE,
    GOOD_ID,
    HONG_KONG_ID,
    RECEIVED,
    TAIWAN_ID,
    WRONG_DIGIT,
    a_view,
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
        ("expect_column_values_to_not_match_regex", {"regex": "\ufffd|锟斤拷"}, ["张三", "张\ufffd", None], (2, 1)),
        ("expect_column_values_to_be_in_set", {"value_set": ["1", "2"]}, ["1", "2", "3", None, ""], (4, 2)),
        (
            "expect_column_values_to_be_in_set",
            {"value_set": ["O'Hara", "a,b", "$1", "{x}"]},
            ["a,b", "a", "$1"],
            (3, 1),
        ),
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
            [GOOD_CODE, GOOD_CODE[:-1] + "M", GOOD_CODE.lower(), "无", None],
            (4, 1),
        ),
        (
            "expect_credit_code_region",
            {"value_set": ["110000"]},
            [GOOD_CODE, "91159999600037341L", "9115", None],
            (3, 1),
        ),
    ],
)
def test_rules_on_one_column_skip_null_and_what_is_for_the_rule_on_the_form(
    connection: duckdb.DuckDBPyConnection, kind: str, arguments: dict[str, Any], values: list[Any], due: tuple[int, int]
) -> None:
    assert counted(connection, rule(kind, column="v", **arguments), "v VARCHAR", texts(*values)) == due


def test_between_takes_dates_as_the_declarations_write_them(connection: duckdb.DuckDBPyConnection) -> None:
    days = [(datetime.date(1899, 12, 31),), (datetime.date(1900, 1, 1),), (None,)]
    for bound in ("1900-01-01", datetime.date(1900, 1, 1)):
        one = rule("expect_column_values_to_be_between", column="v", min_value=bound)
        assert counted(connection, one, "v DATE", days) == (2, 1)


def test_between_on_amounts(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_column_values_to_be_between", column="v", min_value=0)
    assert counted(connection, one, "v DECIMAL(18,2)", [("-0.01",), ("0",), ("99999999.99",), (None,)]) == (3, 1)


@pytest.mark.parametrize(("or_equal", "unexpected"), [(True, 1), (False, 2)])
def test_a_greater_than_b_skips_incomplete_pairs(
    connection: duckdb.DuckDBPyConnection, or_equal: bool, unexpected: int
) -> None:
    one = rule(
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
    assert counted(connection, one, "_received_on DATE, v DATE", rows) == (3, unexpected)


def test_pair_to_be_different(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_column_pair_values_to_be_different", column_A="a", column_B="b")
    rows = [(GOOD_ID, GOOD_ID), (GOOD_ID, TAIWAN_ID), (GOOD_ID, None), (None, None)]
    assert counted(connection, one, "a VARCHAR, b VARCHAR", rows) == (2, 1)


def test_birth_date_in_id_number(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_id_number_birth_date", column_A="id", column_B="_received_on")
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
    rows += [(DAMAGED, RECEIVED), (None, RECEIVED), ("1501022023023000", RECEIVED)]
    due = (len(rows) - 1, sum(not good for good in born.values()))
    assert counted(connection, one, "id VARCHAR, _received_on DATE", rows) == due


def test_date_to_match_id_number(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_date_to_match_id_number", column_A="day", column_B="id", severity="warning")
    born = datetime.date(1980, 1, 1)
    rows = [
        (born, GOOD_ID),
        (born, TAIWAN_ID),
        (None, GOOD_ID),
        (born, None),
        (born, DAMAGED),
        (born, "150102202302300014"),  # no such day: a real date cannot match it
    ]
    assert counted(connection, one, "day DATE, id VARCHAR", rows) == (4, 2)


def test_where_keeps_to_rows_in_which_a_value_was_sent(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_column_values_to_not_be_null", where="v__sent", column="v")
    rows = [(RECEIVED, "2026-06-30"), (None, "不详"), (None, None)]
    assert counted(connection, one, "v DATE, v__sent VARCHAR", rows) == (2, 1)


@pytest.mark.parametrize(("rows", "due"), [([("a",)], (None, 0)), ([], (None, 1))])
def test_row_count_is_judged_on_the_table(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str]], due: tuple[None, int]
) -> None:
    one = rule("expect_table_row_count_to_be_between", min_value=1)
    assert counted(connection, one, "v VARCHAR", rows) == due


BATCH_ROWS = "key VARCHAR, part INTEGER, changed TIMESTAMPTZ, _row BIGINT, _row_hash VARCHAR"
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


def test_rows_contradict_with_the_same_key_and_version_only(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_rows_not_to_contradict_in_batch", key=["key", "part"], version="changed")
    rows = [
        ("k1", 1, NOON, 2, "h1"),
        ("k1", 1, NOON, 3, "h2"),
        ("k1", 1, NOON, 4, "h2"),
        ("k1", 2, NOON, 5, "h3"),  # another key
        ("k1", 1, NOON + datetime.timedelta(1), 6, "h4"),  # another version
        ("k2", 1, None, 7, "h5"),
        ("k2", 1, None, 8, "h6"),  # no version is one version
        ("k3", 1, NOON, 9, "h7"),
        ("k3", 1, NOON, 10, "h7"),  # the same again
        (None, 1, NOON, 11, "h8"),
        (None, 1, NOON, 12, "h9"),  # no key: not the same key
    ]
    assert counted(connection, one, BATCH_ROWS, rows) == (11, 5)
    without = rule("expect_rows_not_to_contradict_in_batch", key=["key", "part"], version=None)
    assert counted(connection, without, BATCH_ROWS, rows) == (11, 6)


def test_every_copy_after_the_first_repeats(connection: duckdb.DuckDBPyConnection) -> None:
    one = rule("expect_rows_not_to_repeat_in_batch", severity="warning", key=["key"], version="changed")
    rows = [
        ("k1", 1, NOON, 4, "h1"),
        ("k1", 1, NOON, 2, "h1"),
        ("k1", 1, NOON, 3, "h1"),
        ("k2", 1, NOON, 5, "h1"),
        (None, 1, NOON, 6, "h2"),
        (None, 1, NOON, 7, "h2"),
    ]
    assert counted(connection, one, BATCH_ROWS, rows) == (6, 3)


def check_character(seventeen: str) -> str:
    """GB 11643, by the remainder that 2 to the power of a digit's place leaves."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(seventeen))
    return "0123456789X"[(1 - total) % 11]


numbers = st.lists(st.text("0123456789", min_size=17, max_size=17), min_size=1, max_size=60)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=numbers, shift=st.integers(1, 10))
def test_exactly_one_check_character_is_right(
    connection: duckdb.DuckDBPyConnection, numbers: list[str], shift: int
) -> None:
    one = rule("expect_id_number_check_digit", column="v")
    right = [number + check_character(number) for number in numbers]
    characters = "0123456789X"
    wrong = [number[:-1] + characters[(characters.index(number[-1]) + shift) % 11] for number in right]
    assert counted(connection, one, "v VARCHAR", texts(*right, *wrong)) == (2 * len(numbers), len(numbers))


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    organisations=st.lists(st.text(ALPHABET, min_size=9, max_size=9), min_size=1, max_size=60), shift=st.integers(1, 30)
)
def test_exactly_one_check_character_of_a_credit_code_is_right(
    connection: duckdb.DuckDBPyConnection, organisations: list[str], shift: int
) -> None:
    def closed(body: str) -> str:
        total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
        return body + ALPHABET[-total % 31]

    right = [closed("91150102" + organisation) for organisation in organisations]
    wrong = [code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + shift) % 31] for code in right]
    one = rule("expect_credit_code_check_digit", column="v")
    assert counted(connection, one, "v VARCHAR", texts(*right, *wrong)) == (2 * len(right), len(right))


# --- whole rule sets -------------------------------------------------------------------------------------------------


def test_every_contract_with_all_its_rules(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    for source, contract in catalog.contracts.items():
        rules = catalog.rules(contract)
        view = contract_view(connection, catalog, source, rows=30)
        outcomes = validate(connection, view, rules, source=source, batch="b1").outcomes
        assert list(outcomes) == [one.code for one in rules]
        required = [one.code for one in rules if one.code.endswith(".required")]
        assert {(outcomes[code].evaluated, outcomes[code].unexpected) for code in required} == {(30, 10)}
        unreadable = [one.code for one in rules if one.where]
        assert all((outcomes[code].evaluated, outcomes[code].unexpected) == (20, 20) for code in unreadable)


def test_an_empty_view_breaks_no_rule_on_rows(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    for source, contract in catalog.contracts.items():
        view = contract_view(connection, catalog, source, rows=0)
        outcomes = validate(connection, view, catalog.rules(contract), source=source, batch="b1").outcomes
        assert outcomes.pop("batch.row_count") == Outcome("batch.row_count", None, 1, False)
        assert {(one.evaluated, one.unexpected, one.success) for one in outcomes.values()} == {(0, 0, True)}


# --- canary: what the shim relies on in Great Expectations and duckdb-engine -----------------------------------------


def test_sees_uncommitted_rows_of_the_connection_and_leaves_its_transaction_open(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("CREATE TABLE kept (v VARCHAR)")
    connection.begin()
    connection.execute("INSERT INTO kept VALUES ('a'), (NULL)")
    one = rule("expect_column_values_to_not_be_null", column="v")
    assert validate(connection, "kept", [one], source="s", batch="b").outcomes["a.rule"].unexpected == 1
    connection.rollback()
    assert connection.sql("SELECT count(*) FROM kept").fetchone() == (0,)


def test_reads_no_value_and_scans_once_for_all_rules_on_columns(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb_engine

    sent: list[str] = []
    execute = duckdb_engine.CursorWrapper.execute

    def listening(self: Any, statement: str, *arguments: Any) -> None:
        sent.append(statement)
        execute(self, statement, *arguments)

    monkeypatch.setattr(duckdb_engine.CursorWrapper, "execute", listening)
    rules = [one for one in catalog.rules(catalog.contracts["household_registration"]) if "column" in one.arguments]
    view = contract_view(connection, catalog, "household_registration", rows=30)
    assert len(rules) > 15
    validate(connection, view, rules, source="household_registration", batch="b1")
    reading = [one for one in sent if view in one and "LIMIT" not in one]
    assert all(re.match(r"SELECT (sum|count)\(", one) for one in reading)
    assert len(reading) == 2  # the numbers of rows, and everything else
    # What has a LIMIT asks for the names of columns, or whether the view is there.
    assert all(
        re.search(r"^SELECT (\*|1)\s+FROM delivered\s+LIMIT \$1$", one.strip()) for one in sent if "LIMIT" in one
    )


def test_sets_of_codes_go_to_the_database_as_one_parameter(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    from great_expectations.expectations.registry import get_metric_provider

    from pipelines.quality.great_expectations.datasource import DuckDBExecutionEngine

    values = [code.code for code in catalog.codes["region"]]
    one = rule("expect_column_values_to_be_in_set", column="v", value_set=values)
    assert counted(connection, one, "v VARCHAR", texts(*values[::100], "000000")) == (len(values[::100]) + 1, 1)
    engine = DuckDBExecutionEngine(connection_string="duckdb:///:memory:")
    provider, _ = get_metric_provider("column_values.in_set.condition", engine)
    assert provider.__module__ == DuckDBExecutionEngine.__module__


# --- errors, and values that must not get out ------------------------------------------------------------------------


def test_a_rule_that_cannot_be_evaluated_is_an_error_without_values(
    connection: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    # DuckDB's message for this comparison quotes the value that is no date.
    one = rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="_received_on", column_B="v")
    view = a_view(connection, "_received_on DATE, v VARCHAR", [(RECEIVED, "张三丰的生日")])
    connection.execute("CREATE OR REPLACE TEMP VIEW delivered AS SELECT _received_on, v::DATE AS v FROM given")
    with pytest.raises(NotValidatedError) as raised:
        validate(connection, view, [one], source="household_registration", batch="b7")
    said = str(raised.value)
    assert "household_registration" in said
    assert "b7" in said
    assert "a.rule" in said
    output = capsys.readouterr()
    for text in (
        said,
        caplog.text,
        output.out,
        output.err,
        repr(raised.value.__cause__),
        repr(raised.value.__context__),
    ):
        assert "张三丰" not in text


def test_rows_that_cannot_be_read_are_an_error_without_values(connection: duckdb.DuckDBPyConnection) -> None:
    a_view(connection, "v VARCHAR", texts("张三丰的生日"))
    connection.execute("CREATE OR REPLACE TEMP VIEW delivered AS SELECT v FROM given WHERE v::DATE > DATE '1900-01-01'")
    with pytest.raises(NotValidatedError, match=r"household_registration\.b7") as raised:
        validate(
            connection,
            "delivered",
            [rule("expect_table_row_count_to_be_between", min_value=1)],
            source="household_registration",
            batch="b7",
        )
    assert "张三丰" not in f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"


def test_a_missing_column_is_an_error(connection: duckdb.DuckDBPyConnection) -> None:
    view = a_view(connection, "v VARCHAR", texts("a"))
    missing = rule("expect_column_values_to_not_be_null", column="w")
    with pytest.raises(NotValidatedError, match=r"a\.rule"):
        validate(connection, view, [missing], source="s", batch="b")


def test_a_type_that_nobody_declares_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    view = a_view(connection, "v VARCHAR", [])
    with pytest.raises(ValueError, match=r"a\.rule.*expect_miracles.*expectations/custom"):
        validate(connection, view, [rule("expect_miracles", column="v")], source="s", batch="b")


@pytest.mark.parametrize(
    "one",
    [
        rule("expect_column_distinct_values_to_be_in_set", column="name", value_set=["王五"]),
        rule("expect_column_most_common_value_to_be_in_set", column="name", value_set=["王五"]),
        rule("expect_column_max_to_be_between", column="born", max_value=datetime.date(1900, 1, 1)),
    ],
)
def test_observed_values_are_kept_only_as_numbers(connection: duckdb.DuckDBPyConnection, one: Rule) -> None:
    view = a_view(connection, "name VARCHAR, born DATE", [("张三丰", datetime.date(1980, 1, 31))] * 2)
    validation = validate(connection, view, [one], source="s", batch="b")
    assert validation.outcomes["a.rule"] == Outcome("a.rule", None, 1, False)
    assert "张三丰" not in validation.to_json()
    assert "1980" not in validation.to_json()
