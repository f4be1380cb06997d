"""Great Expectations on both engines: what becomes of errors, and that no value of the data gets out."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Any, cast

import pytest

from pipelines.declarations.rule import Rule
from pipelines.engines.base import Engine
from pipelines.rules.great_expectations import NotValidatedError, Outcome, validate
from tests.support.validated_views import RECEIVED, a_view, rule, texts


def given_rows(engine: Engine) -> Any:
    return cast(Any, engine).ibis.table("given")


def test_a_rule_that_cannot_be_evaluated_is_an_error_without_values(
    either_engine: Engine, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    # The engines' messages for this comparison quote the value that is no date.
    tested = rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="_received_on", column_B="v")
    view = a_view(either_engine, "_received_on DATE, v VARCHAR", [(RECEIVED, "张三丰的生日")])
    sent = given_rows(either_engine)
    either_engine.view(sent.mutate(v=sent.v.cast("date")), "delivered")
    with pytest.raises(NotValidatedError) as raised:
        validate(either_engine, view, [tested], source="household_registration", batch="b7")
    message = str(raised.value)
    assert "household_registration" in message
    assert "b7" in message
    assert "a.rule" in message
    output = capsys.readouterr()
    for text in (
        message,
        caplog.text,
        output.out,
        output.err,
        repr(raised.value.__cause__),
        repr(raised.value.__context__),
    ):
        assert "张三丰" not in text


def test_a_set_of_another_type_than_the_column_is_an_error_without_values(
    either_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    view = a_view(either_engine, "v VARCHAR", texts("张三丰"))
    tested = rule("expect_column_values_to_be_in_set", column="v", value_set=[1, 2])
    with pytest.raises(NotValidatedError, match=r"a\.rule") as raised:
        validate(either_engine, view, [tested], source="s", batch="b1")
    output = capsys.readouterr()
    assert "张三丰" not in f"{raised.value} {raised.value.__cause__} {raised.value.__context__} {output}"


def test_rows_that_cannot_be_read_are_an_error_without_values(either_engine: Engine) -> None:
    a_view(either_engine, "v VARCHAR", texts("张三丰的生日"))
    sent = given_rows(either_engine)
    either_engine.view(sent.filter(sent.v.cast("date") > datetime.date(1900, 1, 1)), "delivered")
    with pytest.raises(NotValidatedError, match=r"household_registration.*b7") as raised:
        validate(
            either_engine,
            "delivered",
            [rule("expect_table_row_count_to_be_between", min_value=1)],
            source="household_registration",
            batch="b7",
        )
    assert "张三丰" not in f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"


def test_a_missing_column_is_an_error(either_engine: Engine) -> None:
    view = a_view(either_engine, "v VARCHAR", texts("a"))
    missing = rule("expect_column_values_to_not_be_null", column="w")
    with pytest.raises(NotValidatedError, match=r"a\.rule"):
        validate(either_engine, view, [missing], source="s", batch="b")


def test_a_type_that_nobody_declares_is_named(either_engine: Engine) -> None:
    view = a_view(either_engine, "v VARCHAR", [])
    with pytest.raises(ValueError, match=r"a\.rule.*expect_miracles.*expectations/custom"):
        validate(either_engine, view, [rule("expect_miracles", column="v")], source="s", batch="b")


@pytest.mark.parametrize(
    "tested",
    [
        rule("expect_column_distinct_values_to_be_in_set", column="name", value_set=["王五"]),
        rule("expect_column_most_common_value_to_be_in_set", column="name", value_set=["王五"]),
        rule("expect_column_max_to_be_between", column="born", max_value=datetime.date(1900, 1, 1)),
    ],
)
def test_observed_values_are_kept_only_as_numbers(either_engine: Engine, tested: Rule) -> None:
    view = a_view(either_engine, "name VARCHAR, born DATE", [("张三丰", datetime.date(1980, 1, 31))] * 2)
    validation = validate(either_engine, view, [tested], source="s", batch="b")
    assert validation.outcomes["a.rule"] == Outcome("a.rule", None, 1, False)
    assert "张三丰" not in validation.to_json()
    assert "1980" not in validation.to_json()


def test_statements_are_made_while_great_expectations_is_being_imported() -> None:
    """The lease and Dagster ask SQLAlchemy meanwhile, which must not look at its ORM half imported."""
    program = """
import sqlalchemy
from pipelines.rules.great_expectations import warm_up
importing = warm_up()
while importing.is_alive():
    sqlalchemy.select(1)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
