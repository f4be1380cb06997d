"""Expectations on citizens' id numbers 公民身份号码 (GB 11643-1999)."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    ColumnPairMapMetricProvider,
    column_condition_partial,
    column_pair_condition_partial,
)
from sqlalchemy.dialects.postgresql import ARRAY

from expectations.custom import on_spark
from expectations.custom.form import ID_NUMBER, Holds, Text, among, part, where_of_form
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN, CompletePairExpectation

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
GROUP = 3  # digits looked up together
EARLIEST_BIRTH = datetime.date(1900, 1, 1)
# Of the numbers that GB 11643 keeps for people past a hundred.
EARLIEST_BIRTH_OF_CENTENARIANS = datetime.date(1850, 1, 1)
CENTENARIANS = ("996", "997", "998", "999")


class IdNumberCheckDigit(ColumnMapMetricProvider):
    """MOD 11-2: the weighted sum of 17 digits gives the place of the check character."""

    condition_metric_name = "column_values.id_number_check_digit"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, **_: Any) -> Holds:
        return where_of_form(column, ID_NUMBER, holds_check(column))

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, **_: Any) -> Column:
        return on_spark.where_of_form(column, ID_NUMBER, holds_check_on_spark(column))


def holds_check(column: Text) -> Holds:
    """Whether the 18th character is the check of the 17 digits before it; NULL where those are no digits."""
    total = sum((_weighted(column, start) for start in range(0, 17, GROUP)), sa.literal(0))
    return part(column, 18, 1) == sa.func.substr(CHECK_CHARACTERS, total % 11 + 1, 1)


def holds_check_on_spark(column: Column) -> Column:
    total = sum((_weighted_on_spark(column, start) for start in range(0, 17, GROUP)), spark.lit(0))
    return on_spark.part(column, 18, 1) == on_spark.part(spark.lit(CHECK_CHARACTERS), total % 11 + 1, 1)


def _weighted(column: Text, start: int) -> Text:
    """The weighted sum, modulo 11, of the digits from the 0-based `start` that are looked up together.

    One look-up in a list of all that three digits can give is twice as fast as three digits taken apart.
    """
    place = sa.try_cast(part(column, start + 1, len(_weights(start))), sa.Integer)
    return sa.func.list_extract(sa.literal(_sums(start), ARRAY(sa.Integer)), place + 1, type_=sa.Integer)


def _weighted_on_spark(column: Column, start: int) -> Column:
    sums = on_spark.listed([str(total) for total in _sums(start)], ",").cast("array<int>")
    return spark.get(sums, on_spark.part(column, start + 1, len(_weights(start))).try_cast("int"))


def _weights(start: int) -> tuple[int, ...]:
    return WEIGHTS[start : start + GROUP]


def _sums(start: int) -> list[int]:
    """What the digits from the 0-based `start` give, modulo 11, by the number that they are."""
    weights = _weights(start)
    numbers = (f"{number:0{len(weights)}d}" for number in range(10 ** len(weights)))
    return [sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True)) % 11 for number in numbers]


class IdNumberRegion(ColumnMapMetricProvider):
    """The first six digits; a number that begins with 9 (foreigner's permanent residence) holds no region there."""

    condition_metric_name = "column_values.id_number_region"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, value_set: list[str], **_: Any) -> Holds:
        known = sa.or_(part(column, 1, 1) == "9", among(part(column, 1, 6), value_set))
        return where_of_form(column, ID_NUMBER, known)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, value_set: list[str], **_: Any) -> Column:
        known = (on_spark.part(column, 1, 1) == "9") | on_spark.among(on_spark.part(column, 1, 6), value_set)
        return on_spark.where_of_form(column, ID_NUMBER, known)


class IdNumberBirthDate(ColumnPairMapMetricProvider):
    """Digits 7 to 14 are a day of the calendar between 1900 and the day in the other column.

    Numbers whose digits 15 to 17 are 996 to 999 may be of people born from 1850 on.
    """

    condition_metric_name = "column_pair_values.id_number_birth_date"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        centenarian = part(first, 15, 3).in_(CENTENARIANS)
        earliest = sa.case((centenarian, EARLIEST_BIRTH_OF_CENTENARIANS), else_=EARLIEST_BIRTH)
        known = birth_date(first).between(earliest, second)
        return where_of_form(first, ID_NUMBER, sa.func.coalesce(known, sa.false()))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        centenarian = on_spark.part(first, 15, 3).isin(*CENTENARIANS)
        earliest = spark.when(centenarian, EARLIEST_BIRTH_OF_CENTENARIANS).otherwise(EARLIEST_BIRTH)
        known = birth_date_on_spark(first).between(earliest, second)
        return on_spark.where_of_form(first, ID_NUMBER, known)


class DateMatchesIdNumber(ColumnPairMapMetricProvider):
    """A date equals digits 7 to 14 of the id number in the other column."""

    condition_metric_name = "column_pair_values.date_matches_id_number"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        same = sa.cast(first, sa.Date) == birth_date(second)
        return where_of_form(second, ID_NUMBER, sa.func.coalesce(same, sa.false()))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        same = first.cast("date") == birth_date_on_spark(second)
        return on_spark.where_of_form(second, ID_NUMBER, same)


class DateNotBeforeBirth(ColumnPairMapMetricProvider):
    """A date's eight digits come, as text, not before digits 7 to 14 of the id number in the other column."""

    condition_metric_name = "column_pair_values.date_not_before_birth_in_id_number"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        day = sa.func.strftime(sa.cast(first, sa.Date), "%Y%m%d")
        return where_of_form(second, ID_NUMBER, sa.or_(day >= part(second, 7, 8), _damaged(second)))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        day = spark.date_format(first.cast("date"), "yyyyMMdd")
        kept = (day >= on_spark.part(second, 7, 8)) | _damaged_on_spark(second)
        return on_spark.where_of_form(second, ID_NUMBER, kept)


class SexMatchesIdNumber(ColumnPairMapMetricProvider):
    """1 (male) stands beside numbers whose 17th digit is odd, 2 (female) beside the others; other codes say neither."""

    condition_metric_name = "column_pair_values.sex_matches_id_number"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        differs = sa.tuple_(first, sa.try_cast(part(second, 17, 1), sa.Integer) % 2).in_([("1", 0), ("2", 1)])
        return where_of_form(second, ID_NUMBER, sa.or_(sa.not_(differs), _damaged(second)))

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        odd = on_spark.part(second, 17, 1).try_cast("int") % 2
        differs = ((first == "1") & (odd == 0)) | ((first == "2") & (odd == 1))
        return on_spark.where_of_form(second, ID_NUMBER, ~differs | _damaged_on_spark(second))


def _damaged(column: Text) -> Holds:
    """No part of a number whose check digit does not hold can be held against anything else."""
    return sa.func.coalesce(sa.not_(holds_check(column)), sa.true())


def _damaged_on_spark(column: Column) -> Column:
    return spark.coalesce(~holds_check_on_spark(column), spark.lit(True))


def birth_date(column: Text) -> Text:
    """Digits 7 to 14 as a date; NULL where the calendar has no such day."""
    return sa.cast(sa.func.try_strptime(part(column, 7, 8), "%Y%m%d"), sa.Date)


def birth_date_on_spark(column: Column) -> Column:
    year, month, day = (on_spark.part(column, first, length) for first, length in ((7, 4), (11, 2), (13, 2)))
    return spark.concat_ws("-", year, month, day).try_cast("date")


class ExpectIdNumberCheckDigit(ColumnMapExpectation):
    """Expect the 18th character of id numbers to be their check character."""

    map_metric = "column_values.id_number_check_digit"


class ExpectIdNumberRegion(ColumnMapExpectation):
    """Expect id numbers to begin with a region code of `value_set`."""

    value_set: list[str]

    map_metric = "column_values.id_number_region"
    success_keys = ("value_set", "mostly")
    args_keys = ("column", "value_set")


class ExpectIdNumberBirthDate(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect real birth dates in id numbers (column_A), after 1899 (centenarians: 1849) and not after column_B."""

    map_metric = "column_pair_values.id_number_birth_date"


class ExpectDateToMatchIdNumber(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect dates (column_A) to be the birth date in the id numbers of column_B."""

    map_metric = "column_pair_values.date_matches_id_number"


class ExpectDateNotBeforeBirthInIdNumber(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect dates (column_A) not to lie before the birth date in the id numbers of column_B."""

    map_metric = "column_pair_values.date_not_before_birth_in_id_number"


class ExpectSexToMatchIdNumber(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect sexes (column_A, GB/T 2261.1) to be those of the 17th digit of the id numbers in column_B."""

    map_metric = "column_pair_values.sex_matches_id_number"
