"""Expectations on unified social credit codes 统一社会信用代码 (GB 32100-2015)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
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
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "0123456789X"  # of an organisation code, by what they count


class CreditCodeCheckDigit(ColumnMapMetricProvider):
    """MOD 31: the weighted sum of all 18 characters' places, the check character's weight being 1, leaves nothing."""

    condition_metric_name = "column_values.credit_code_check_digit"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, **_: Any) -> Holds:
        return where_of_form(column, CREDIT_CODE, holds_check(column))

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, **_: Any) -> Column:
        return on_spark.where_of_form(column, CREDIT_CODE, holds_check_on_spark(column))


def holds_check(column: Text) -> Holds:
    """Whether the 18th character of a well-formed code is the check of the others."""
    return _weighted(column, ALPHABET, 1, (*WEIGHTS, 1)) % 31 == 0


def holds_check_on_spark(column: Column) -> Column:
    return _weighted_on_spark(column, ALPHABET, 1, (*WEIGHTS, 1)) % 31 == 0


def _weighted(column: Text, alphabet: str, first: int, weights: tuple[int, ...]) -> Text:
    """The weighted sum of characters from the 1-based position `first`, each being its 0-based place in `alphabet`."""
    places = (sa.func.strpos(alphabet, part(column, at, 1)) - 1 for at in range(first, first + len(weights)))
    return sum((place * weight for place, weight in zip(places, weights, strict=True)), sa.literal(0))


def _weighted_on_spark(column: Column, alphabet: str, first: int, weights: tuple[int, ...]) -> Column:
    positions = range(first, first + len(weights))
    places = (spark.instr(spark.lit(alphabet), on_spark.part(column, at, 1)) - 1 for at in positions)
    return sum((place * weight for place, weight in zip(places, weights, strict=True)), spark.lit(0))


class CreditCodeOrganisationCheck(ColumnMapMetricProvider):
    """GB 11714 inside the code: the weighted sum of characters 9 to 16 and the 17th, X being 10, is a multiple of 11.

    Codes that begin with one of `exempt` need not hold it, and those that their own check refutes tell nothing.
    """

    condition_metric_name = "column_values.credit_code_organisation_check"
    condition_value_keys = ("exempt",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, exempt: list[str], **_: Any) -> Holds:
        check = part(column, 17, 1)
        total = _weighted(column, ALPHANUMERIC, 9, ORGANISATION_WEIGHTS) + sa.func.strpos(CHECKS, check) - 1
        kept = sa.and_(check.in_([*CHECKS]), total % 11 == 0)
        return where_of_form(
            column, CREDIT_CODE, sa.or_(kept, part(column, 1, 2).in_(exempt), sa.not_(holds_check(column)))
        )

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, exempt: list[str], **_: Any) -> Column:
        check = on_spark.part(column, 17, 1)
        total = _weighted_on_spark(column, ALPHANUMERIC, 9, ORGANISATION_WEIGHTS)
        total = total + spark.instr(spark.lit(CHECKS), check) - 1
        kept = check.isin([*CHECKS]) & (total % 11 == 0)
        spared = on_spark.part(column, 1, 2).isin(exempt)
        return on_spark.where_of_form(column, CREDIT_CODE, kept | spared | ~holds_check_on_spark(column))


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


class ExpectCreditCodeOrganisationCheck(ColumnMapExpectation):
    """Expect the organisation code in credit codes to hold its check (GB 11714), unless they begin with `exempt`."""

    exempt: list[str] = pydantic.Field(default_factory=list)

    map_metric = "column_values.credit_code_organisation_check"
    success_keys = ("exempt", "mostly")
    args_keys = ("column", "exempt")


class ExpectCreditCodeRegion(ColumnMapExpectation):
    """Expect the region in credit codes to be one of `value_set`."""

    value_set: list[str]

    map_metric = "column_values.credit_code_region"
    success_keys = ("value_set", "mostly")
    args_keys = ("column", "value_set")
