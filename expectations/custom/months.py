"""Expectations on days and months (yyyyMM)."""

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


class DateNotBeforeMonth(ColumnPairMapMetricProvider):
    """A day lies in a month or after it."""

    condition_metric_name = "column_pair_values.date_not_before_month"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        return sa.func.strftime(first, "%Y%m") >= second

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        return spark.date_format(first, "yyyyMM") >= second


class ExpectDateNotBeforeMonth(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect dates (column_A) in or after the months (yyyyMM) of column_B."""

    map_metric = "column_pair_values.date_not_before_month"
