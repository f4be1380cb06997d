"""Expectations on figures that follow from others of the same row: products, fees by the day.

The rows that a figure is missing from keep them. Figures are compared without their signs, for a correction repeats
what it takes back with a minus.
"""

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


class FigureIsProduct(ColumnPairMapMetricProvider):
    """A figure is another one times a factor, give or take a tolerance."""

    condition_metric_name = "column_pair_values.figure_is_product"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("factor", "tolerance")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, factor: str, tolerance: str, **_: Any) -> Holds:
        product = _wide(second) * sa.column(factor)
        return sa.func.coalesce(sa.func.abs(sa.func.abs(first) - product) <= _figure(tolerance), sa.true())

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, factor: str, tolerance: str, **_: Any) -> Column:
        product = spark.abs(second) * spark.col(factor)
        kept = spark.abs(spark.abs(first) - product) <= spark.lit(Decimal(tolerance))
        return spark.coalesce(kept, spark.lit(True))


class FeeFollowsDays(ColumnPairMapMetricProvider):
    """A fee for paying late is so large a part of an amount for each day after the one on which it was due."""

    condition_metric_name = "column_pair_values.fee_follows_days"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("amount", "paid_on", "daily", "tolerance")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        late = sa.func.date_diff("day", second, sa.column(arguments["paid_on"]))
        # DuckDB's greatest leaves NULL out: no days are no fee of nothing.
        days = sa.cast(sa.func.greatest(late, 0), sa.Numeric(6, 0))
        fee = _wide(sa.column(arguments["amount"])) * (days * _figure(arguments["daily"]))
        kept = sa.func.abs(sa.func.abs(first) - fee) <= _figure(arguments["tolerance"])
        return sa.or_(late.is_(None), sa.func.coalesce(kept, sa.true()))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        late = spark.datediff(spark.col(arguments["paid_on"]), second)
        days = spark.greatest(late, spark.lit(0)).cast("decimal(6,0)")
        fee = spark.abs(spark.col(arguments["amount"])) * (days * spark.lit(Decimal(arguments["daily"])))
        kept = spark.abs(spark.abs(first) - fee) <= spark.lit(Decimal(arguments["tolerance"]))
        return late.isNull() | spark.coalesce(kept, spark.lit(True))


def _wide(figure: Text) -> Text:
    """Without its sign, and with room: DuckDB widens no product of decimals of 18 digits, and stops where it needs."""
    return sa.cast(sa.func.abs(figure), sa.Numeric(24, 2))


def _figure(number: str) -> Text:
    """An exact decimal: a number of the declaration would be a float."""
    whole, _, fraction = number.partition(".")
    return sa.cast(sa.literal(number), sa.Numeric(max(len(whole), 1) + len(fraction), len(fraction)))


class ExpectFigureToBeProduct(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect figures (column_A) to be those of column_B times those of the column `factor`, within `tolerance`."""

    factor: str
    tolerance: str

    map_metric = "column_pair_values.figure_is_product"
    success_keys = ("factor", "tolerance", "mostly")


class ExpectFeeToFollowDays(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect fees (column_A) of `daily` times the `amount` for each day from column_B to the column `paid_on`."""

    amount: str
    paid_on: str
    daily: str
    tolerance: str

    map_metric = "column_pair_values.fee_follows_days"
    success_keys = ("amount", "paid_on", "daily", "tolerance", "mostly")
