"""Expectations on codes whose look depends on their type, which is in another column."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from expectations.custom import on_spark
from expectations.custom.form import Holds, Text
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN


class CodeMatchesPatternOfType(ColumnPairMapMetricProvider):
    """A code has the look that its type asks for; types that `patterns` does not name ask for nothing."""

    condition_metric_name = "column_pair_values.code_matches_pattern_of_type"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("patterns", "untyped")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        def looks(pattern: str) -> Holds:
            return sa.func.regexp_matches(first, sa.literal(pattern))

        asked = [(second == code, looks(pattern)) for code, pattern in (arguments.get("patterns") or {}).items()]
        if untyped := arguments.get("untyped"):
            asked.append((second.is_(None), looks(untyped)))
        return sa.or_(first.is_(None), sa.case(*asked, else_=sa.true()))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        fits = spark.lit(True)
        for code, pattern in (arguments.get("patterns") or {}).items():
            fits = spark.when(second == code, on_spark.matches(first, pattern)).otherwise(fits)
        if untyped := arguments.get("untyped"):
            fits = spark.when(second.isNull(), on_spark.matches(first, untyped)).otherwise(fits)
        return first.isNull() | fits


class ExpectCodeToMatchPatternOfItsType(ColumnPairMapExpectation):
    """Expect codes (column_A) to match the pattern of their type (column_B), or `untyped` where they have none."""

    patterns: dict[str, str] = pydantic.Field(default_factory=dict)
    untyped: str | None = None
    ignore_row_if: Literal["either_value_is_missing", "both_values_are_missing"] = "either_value_is_missing"

    domain_keys = tuple(key for key in PAIR_DOMAIN if key != "table")
    map_metric = "column_pair_values.code_matches_pattern_of_type"
    success_keys = ("patterns", "untyped", "mostly")

    @pydantic.root_validator
    def _rows_without_a_type(cls, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {**arguments, "ignore_row_if": "both_values_are_missing"} if arguments.get("untyped") else arguments
