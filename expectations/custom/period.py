"""Expectations on two dates between which so many years may lie."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from expectations.custom.form import Holds, Text
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN, CompletePairExpectation


class DateWithinYears(ColumnPairMapMetricProvider):
    """A date lies no later than on the same day of the calendar so many years after the other one."""

    condition_metric_name = "column_pair_values.date_within_years"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("years",)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, years: int, **_: Any) -> Holds:
        return _place(first) <= _place(second) + years * 10_000

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, years: int, **_: Any) -> Column:
        return _place_on_spark(first) <= _place_on_spark(second) + years * 10_000


def _place(day: Text) -> Text:
    """yyyymmdd as a number, which orders days, and has the years in a place of their own."""
    year, month, of_month = (sa.extract(part, sa.cast(day, sa.Date())) for part in ("year", "month", "day"))
    return year * 10_000 + month * 100 + of_month


def _place_on_spark(day: Column) -> Column:
    return spark.year(day) * 10_000 + spark.month(day) * 100 + spark.dayofmonth(day)


class ExpectDateToLieWithinYears(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect dates (column_A) to lie no more than `years` after those of column_B."""

    years: int

    map_metric = "column_pair_values.date_within_years"
    success_keys = ("years", "mostly")
