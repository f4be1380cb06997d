"""Expectations on how many days lie between two days of a row."""

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


class DaysApart(ColumnPairMapMetricProvider):
    """The first day comes so many days after the second; of an instant the day in UTC counts."""

    condition_metric_name = "column_pair_values.days_apart"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("min_value", "max_value")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        days = sa.func.date_diff("day", sa.cast(second, sa.Date), sa.cast(first, sa.Date))
        least, most = arguments.get("min_value"), arguments.get("max_value")
        return sa.and_(
            sa.true() if least is None else days >= least,
            sa.true() if most is None else days <= most,
        )

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        days = spark.datediff(first.cast("date"), second.cast("date"))
        least, most = arguments.get("min_value"), arguments.get("max_value")
        kept = spark.lit(True) if least is None else days >= least
        return kept if most is None else kept & (days <= most)


class ExpectDaysApartToBeBetween(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect column_A to lie `min_value` to `max_value` days after column_B, either end open where it is not given."""

    min_value: int | None = None
    max_value: int | None = None

    map_metric = "column_pair_values.days_apart"
    success_keys = ("min_value", "max_value", "mostly")
