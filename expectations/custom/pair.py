"""Expectations on two columns of a row."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from expectations.custom.form import Holds, Text
from expectations.custom.on_spark import Column

PAIR_DOMAIN = ("batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if")


class CompletePairExpectation(pydantic.BaseModel):
    """Fields of an expectation that says something of complete pairs only."""

    ignore_row_if: Literal["either_value_is_missing"] = "either_value_is_missing"

    domain_keys: ClassVar[tuple[str, ...]] = tuple(key for key in PAIR_DOMAIN if key != "table")


class PairValuesDifferent(ColumnPairMapMetricProvider):
    """The two values differ."""

    condition_metric_name = "column_pair_values.different"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        return first != second

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        return first != second


class ExpectColumnPairValuesToBeDifferent(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect the values of column_A and column_B to differ in every row that has both."""

    map_metric = "column_pair_values.different"
