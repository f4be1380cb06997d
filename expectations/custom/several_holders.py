"""Expectations on cells of a row that list several people, and on codes that begin with another one."""

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

DIVIDERS = "[;,、，；|/]"


class PairListsAsMany(ColumnPairMapMetricProvider):
    """Where the second cell lists several, the first lists as many; of one nothing is asked."""

    condition_metric_name = "column_pair_values.list_as_many"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        def dividers(cell: Text) -> Text:
            return sa.func.length(cell) - sa.func.length(sa.func.regexp_replace(cell, DIVIDERS, "", "g"))

        return sa.or_(dividers(second) == 0, dividers(first) == dividers(second))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        def dividers(cell: Column) -> Column:
            return spark.length(cell) - spark.length(spark.regexp_replace(cell, DIVIDERS, ""))

        return (dividers(second) == 0) | (dividers(first) == dividers(second))


class CodeBeginsWithCode(ColumnPairMapMetricProvider):
    """A code begins with another one, as numbers of places do with that of their region."""

    condition_metric_name = "column_pair_values.begins_with_code"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        return sa.func.starts_with(first, second)

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        return first.startswith(second)


class ExpectPairToListAsMany(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect cells of column_A to list as many as those of column_B do, where these list several."""

    map_metric = "column_pair_values.list_as_many"


class ExpectCodeToBeginWithCode(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect codes (column_A) to begin with those of column_B."""

    map_metric = "column_pair_values.begins_with_code"
