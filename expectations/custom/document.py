"""Expectations on numbers of documents of several types that stand in one column, the type being in another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from expectations.custom import credit_code, id_number, on_spark
from expectations.custom.form import CREDIT_CODE, ID_NUMBER, Holds, Text, part
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN

OLD_ID_NUMBER = "^[0-9]{15}$"
OLD_RESIDENCE_CARD = "^[A-Z]{3}[0-9]{12}$"
TRAVEL_DOCUMENT = "^[0-9A-Z][0-9A-Z()/-]{3,13}$"

Kind = Literal["id_form", "id_number", "residence_card", "credit_code", "travel_document"]


def _of_form(column: Text, form: str) -> Holds:
    return sa.func.regexp_matches(column, sa.literal(form))


def _person(column: Text) -> Holds:
    """17 digits and their check, of somebody born from 1900 on."""
    holds = sa.and_(id_number.holds_check(column), id_number.birth_date(column) >= id_number.EARLIEST_BIRTH)
    return sa.and_(_of_form(column, ID_NUMBER), sa.func.coalesce(holds, sa.false()))


def _person_on_spark(column: Column) -> Column:
    born = id_number.birth_date_on_spark(column)
    holds = id_number.holds_check_on_spark(column) & (born >= spark.lit(id_number.EARLIEST_BIRTH))
    return on_spark.matches(column, ID_NUMBER) & spark.coalesce(holds, spark.lit(False))


def _id_number(column: Text) -> Holds:
    born = sa.func.try_strptime(sa.literal("19") + part(column, 7, 6), "%Y%m%d")
    return sa.or_(_person(column), sa.and_(_of_form(column, OLD_ID_NUMBER), born.is_not(None)))


def _id_number_on_spark(column: Column) -> Column:
    year, month, day = (on_spark.part(column, first, 2) for first in (7, 9, 11))
    born = spark.concat_ws("-", spark.concat(spark.lit("19"), year), month, day).try_cast("date")
    return _person_on_spark(column) | (on_spark.matches(column, OLD_ID_NUMBER) & born.isNotNull())


def _residence_card(column: Text) -> Holds:
    return sa.or_(sa.and_(part(column, 1, 1) == "9", _person(column)), _of_form(column, OLD_RESIDENCE_CARD))


def _residence_card_on_spark(column: Column) -> Column:
    new = (on_spark.part(column, 1, 1) == "9") & _person_on_spark(column)
    return new | on_spark.matches(column, OLD_RESIDENCE_CARD)


KINDS: dict[str, Callable[[Text], Holds]] = {
    "id_form": lambda column: _of_form(column, ID_NUMBER),
    "id_number": _id_number,
    "residence_card": _residence_card,
    "credit_code": lambda column: sa.and_(_of_form(column, CREDIT_CODE), credit_code.holds_check(column)),
    "travel_document": lambda column: _of_form(column, TRAVEL_DOCUMENT),
}
KINDS_ON_SPARK: dict[str, Callable[[Column], Column]] = {
    "id_form": lambda column: on_spark.matches(column, ID_NUMBER),
    "id_number": _id_number_on_spark,
    "residence_card": _residence_card_on_spark,
    "credit_code": lambda column: on_spark.matches(column, CREDIT_CODE) & credit_code.holds_check_on_spark(column),
    "travel_document": lambda column: on_spark.matches(column, TRAVEL_DOCUMENT),
}


class CodeFitsType(ColumnPairMapMetricProvider):
    """A code is of the kind that its type asks for; types that `kinds` does not name ask for nothing."""

    condition_metric_name = "column_pair_values.code_fits_type"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("kinds", "untyped")

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        asked = [(second == code, KINDS[kind](first)) for code, kind in arguments["kinds"].items()]
        if untyped := arguments.get("untyped"):
            asked.append((second.is_(None), KINDS[untyped](first)))
        return sa.or_(first.is_(None), sa.case(*asked, else_=sa.true()))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        fits = spark.lit(True)
        for code, kind in arguments["kinds"].items():
            fits = spark.when(second == code, KINDS_ON_SPARK[kind](first)).otherwise(fits)
        if untyped := arguments.get("untyped"):
            fits = spark.when(second.isNull(), KINDS_ON_SPARK[untyped](first)).otherwise(fits)
        return first.isNull() | fits


class ExpectCodeToFitItsType(ColumnPairMapExpectation):
    """Expect codes (column_A) to be of the kind in `kinds` of their type (column_B), or `untyped` without a type."""

    kinds: dict[str, Kind]
    untyped: Kind | None = None
    ignore_row_if: Literal["either_value_is_missing", "both_values_are_missing"] = "either_value_is_missing"

    domain_keys = tuple(key for key in PAIR_DOMAIN if key != "table")
    map_metric = "column_pair_values.code_fits_type"
    success_keys = ("kinds", "untyped", "mostly")

    @pydantic.root_validator
    def _rows_without_a_type(cls, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {**arguments, "ignore_row_if": "both_values_are_missing"} if arguments.get("untyped") else arguments
