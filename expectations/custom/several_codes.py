"""Expectations on columns that hold one code or several, divided by `;`."""

from __future__ import annotations

import re
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    ColumnPairMapMetricProvider,
    column_condition_partial,
    column_pair_condition_partial,
)

from expectations.custom import on_spark
from expectations.custom.form import SEPARATOR, Holds, Text
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN


def _every(value_set: list[str]) -> str:
    """What a cell of listed codes alone looks like; an entry of the set may hold several codes, see `form.among`."""
    code = "|".join(re.escape(code) for entry in value_set for code in entry.split(SEPARATOR))
    return f"^(?:{code})(?:;(?:{code}))*$"


def _any(codes: list[str]) -> str:
    """What a cell with one of the codes in it looks like."""
    return f"(?:^|;)(?:{'|'.join(map(re.escape, codes))})(?:;|$)"


class SeveralInSet(ColumnMapMetricProvider):
    """Each of the codes in a cell is in the set."""

    condition_metric_name = "column_values.several_in_set"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, value_set: list[str], **_: Any) -> Holds:
        return sa.func.regexp_matches(column, sa.literal(_every(value_set)))

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, value_set: list[str], **_: Any) -> Column:
        return on_spark.matches(column, _every(value_set))


class ValueGoesWithCodes(ColumnPairMapMetricProvider):
    """A value stands beside one of the codes only, and where asked `both_ways`, no such code without a value.

    A number that is not above zero is no value; without any code nothing is said.
    """

    condition_metric_name = "column_pair_values.value_goes_with_codes"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("codes", "both_ways", "numeric")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        there = sa.func.coalesce(first > 0, sa.false()) if arguments["numeric"] else first.is_not(None)
        coded = sa.func.regexp_matches(second, sa.literal(_any(arguments["codes"])))
        kept = there == coded if arguments["both_ways"] else sa.or_(coded, sa.not_(there))
        return sa.func.coalesce(kept, sa.true())

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        there = spark.coalesce(first > 0, spark.lit(False)) if arguments["numeric"] else first.isNotNull()
        coded = on_spark.matches(second, _any(arguments["codes"]))
        kept = there == coded if arguments["both_ways"] else coded | ~there
        return spark.coalesce(kept, spark.lit(True))


class ExpectColumnValuesToBeSeveralInSet(ColumnMapExpectation):
    """Expect each of the codes in a cell, which `;` divides, to be in `value_set`."""

    value_set: list[str]

    map_metric = "column_values.several_in_set"
    success_keys = ("value_set", "mostly")
    args_keys = ("column", "value_set")


class ExpectValueToGoWithCodes(ColumnPairMapExpectation):
    """Expect values (column_A; of a `numeric` one, those above zero) beside one of `codes` in column_B only.

    `both_ways`: and none of these codes without a value.
    """

    codes: list[str]
    both_ways: bool = False
    numeric: bool = False
    ignore_row_if: Literal["either_value_is_missing", "both_values_are_missing"] = "either_value_is_missing"

    domain_keys = tuple(key for key in PAIR_DOMAIN if key != "table")
    map_metric = "column_pair_values.value_goes_with_codes"
    success_keys = ("codes", "both_ways", "numeric", "mostly")

    @pydantic.root_validator
    def _codes_without_a_value(cls, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {**arguments, "ignore_row_if": "both_values_are_missing"} if arguments.get("both_ways") else arguments
