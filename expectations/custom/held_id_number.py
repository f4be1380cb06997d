"""Expectations on numbers of documents that hold the id number of whom they are about."""

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

from expectations.custom import on_spark
from expectations.custom.form import Holds, Text, part
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN, CompletePairExpectation


class CodeHoldsIdNumber(ColumnPairMapMetricProvider):
    """The id number in the other column, or its form of 15 digits, is a part of the code; other codes hold none."""

    condition_metric_name = "column_pair_values.code_holds_id_number"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("form",)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, form: str, **_: Any) -> Holds:
        code, old = sa.func.upper(first), sa.func.concat(part(second, 1, 6), part(second, 9, 9))
        held = sa.or_(sa.func.contains(code, second), sa.func.contains(code, old))
        return sa.or_(held, sa.not_(sa.func.regexp_matches(first, sa.literal(form))))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, form: str, **_: Any) -> Column:
        code, old = spark.upper(first), spark.concat(on_spark.part(second, 1, 6), on_spark.part(second, 9, 9))
        held = spark.contains(code, second) | spark.contains(code, old)
        return held | ~on_spark.matches(first, form)


class ExpectCodeToHoldIdNumber(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect codes (column_A) that match `form` to hold the id number of column_B, of 18 digits or the older 15."""

    form: str

    map_metric = "column_pair_values.code_holds_id_number"
    success_keys = ("form", "mostly")
