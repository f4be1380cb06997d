"""Metrics of Great Expectations' own types where its Spark condition means another thing than that for DuckDB."""

from __future__ import annotations

import logging
from typing import Any

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from expectations.custom import on_spark
from expectations.custom.on_spark import Column

# Great Expectations warns of every metric that is replaced.
logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)


class ColumnValuesInSet(ColumnMapMetricProvider):
    """The metric of `expect_column_values_to_be_in_set`, for sets of codes that come as few long strings."""

    condition_metric_name = "column_values.in_set"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, value_set: list[Any], **_: Any) -> Column:
        if all(isinstance(value, str) for value in value_set):
            return on_spark.among(column, value_set)
        return column.isin(value_set)


class ColumnValuesMatchRegex(ColumnMapMetricProvider):
    """The metric of `expect_column_values_to_match_regex`, in RE2's meaning."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, regex: str, **_: Any) -> Column:
        return on_spark.matches(column, regex)


class ColumnValuesNotMatchRegex(ColumnMapMetricProvider):
    """The metric of `expect_column_values_to_not_match_regex`, in RE2's meaning."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, regex: str, **_: Any) -> Column:
        return ~on_spark.matches(column, regex)
