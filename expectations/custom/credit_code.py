"""Expectations on unified social credit codes 统一社会信用代码 (GB 32100-2015)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from expectations.custom import on_spark
from expectations.custom.form import CREDIT_CODE, Holds, Text, among, part, where_of_form
from expectations.custom.on_spark import Column

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class CreditCodeCheckDigit(ColumnMapMetricProvider):
    """MOD 31: the weighted sum of all 18 characters' places, the check character's weight being 1, leaves nothing."""

    condition_metric_name = "column_values.credit_code_check_digit"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, **_: Any) -> Holds:
        places = (sa.func.strpos(ALPHABET, part(column, place, 1)) - 1 for place in range(1, 19))
        total = sum((place * weight for place, weight in zip(places, (*WEIGHTS, 1), strict=True)), sa.literal(0))
        return where_of_form(column, CREDIT_CODE, total % 31 == 0)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, **_: Any) -> Column:
        places = (spark.instr(spark.lit(ALPHABET), on_spark.part(column, place, 1)) - 1 for place in range(1, 19))
        total = sum((place * weight for place, weight in zip(places, (*WEIGHTS, 1), strict=True)), spark.lit(0))
        return on_spark.where_of_form(column, CREDIT_CODE, total % 31 == 0)


class CreditCodeRegion(ColumnMapMetricProvider):
    """Characters 3 to 8: the region of the registering authority."""

    condition_metric_name = "column_values.credit_code_region"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, value_set: list[str], **_: Any) -> Holds:
        return where_of_form(column, CREDIT_CODE, among(part(column, 3, 6), value_set))

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, value_set: list[str], **_: Any) -> Column:
        known = on_spark.among(on_spark.part(column, 3, 6), value_set)
        return on_spark.where_of_form(column, CREDIT_CODE, known)


class ExpectCreditCodeCheckDigit(ColumnMapExpectation):
    """Expect the 18th character of credit codes to be their check character."""

    map_metric = "column_values.credit_code_check_digit"


class ExpectCreditCodeRegion(ColumnMapExpectation):
    """Expect the region in credit codes to be one of `value_set`."""

    value_set: list[str]

    map_metric = "column_values.credit_code_region"
    success_keys = ("value_set", "mostly")
    args_keys = ("column", "value_set")
