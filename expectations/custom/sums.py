"""Expectations on a figure that other figures of its row add up to."""

from __future__ import annotations

from decimal import Decimal
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

DIGITS, PLACES = 28, 2  # a hundredfold figure of 18 digits has room


class FigureIsSum(ColumnPairMapMetricProvider):
    """A figure is the sum of others, but for a tolerance; where one of them is missing, nothing is said."""

    condition_metric_name = "column_pair_values.figure_is_sum"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("plus", "minus", "tolerance", "percent", "blank_is_zero")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        def figure(column: Text) -> Text:
            return sa.cast(column, sa.Numeric(DIGITS, PLACES))

        def part(name: str) -> Text:
            value = figure(sa.column(name))
            return sa.func.coalesce(value, 0) if name in (arguments.get("blank_is_zero") or ()) else value

        rest = figure(first) - figure(second)
        for name in arguments.get("plus") or ():
            rest = rest - part(name)
        for name in arguments.get("minus") or ():
            rest = rest + part(name)
        distance, size = sa.func.abs(rest), sa.func.abs(figure(first))
        within = distance <= figure(sa.literal(str(arguments.get("tolerance", 0))))
        relative = distance * 100 <= size * arguments.get("percent", 0)
        return sa.func.coalesce(sa.or_(within, relative), sa.true())

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        def figure(column: Column) -> Column:
            return column.cast(f"decimal({DIGITS},{PLACES})")

        def part(name: str) -> Column:
            value = figure(spark.col(name))
            return spark.coalesce(value, spark.lit(0)) if name in (arguments.get("blank_is_zero") or ()) else value

        rest = figure(first) - figure(second)
        for name in arguments.get("plus") or ():
            rest = rest - part(name)
        for name in arguments.get("minus") or ():
            rest = rest + part(name)
        distance, size = spark.abs(rest), spark.abs(figure(first))
        within = distance <= spark.lit(Decimal(str(arguments.get("tolerance", 0))))
        relative = distance * 100 <= size * arguments.get("percent", 0)
        return spark.coalesce(within | relative, spark.lit(True))


class ExpectFigureToBeSum(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect column_A to be column_B and the columns of `plus` less those of `minus`.

    It may be off by `tolerance`, in the columns' unit, or by `percent` of itself, whichever is more. Where a column is
    NULL nothing is said, but for those of `blank_is_zero`, which count as 0 then.
    """

    plus: list[str] | None = None
    minus: list[str] | None = None
    tolerance: int | str = 0
    percent: int = 0
    blank_is_zero: list[str] | None = None

    map_metric = "column_pair_values.figure_is_sum"
    success_keys = ("plus", "minus", "tolerance", "percent", "blank_is_zero", "mostly")
