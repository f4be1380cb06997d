"""Expectations on the identifiers of e-licences 电子证照标识 (GB/T 36904-2018)."""

from __future__ import annotations

from typing import Any, Literal

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

from expectations.custom import on_spark
from expectations.custom.form import LICENSE_IDENTIFIER, Holds, Text, part, where_of_form
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN, CompletePairExpectation

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
AFTER_ROOT = 16  # the 1-based position behind `1.2.156.3005.2.`
# 1-based position and length of the codes inside an identifier.
CODES = {"type": (AFTER_ROOT, 21), "issuer": (38, 18)}
START = 18  # ISO 7064 as a chain of sums modulo 36: each sum, doubled, adds to the next place; the last one is 1


class LicenseIdentifierCheckCharacter(ColumnMapMetricProvider):
    """MOD 37,36: all characters behind the root but dots, the check character included, add up to 1."""

    condition_metric_name = "column_values.license_identifier_check_character"

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, **_: Any) -> Holds:
        characters = sa.func.replace(sa.func.substr(column, AFTER_ROOT), ".", "")
        place = sa.func.strpos(ALPHABET, sa.column("one")) - 1
        places = sa.func.list_transform(sa.func.string_split(characters, ""), _function("one", place))
        added = _added(sa.column("total"), sa.column("place"))
        return where_of_form(
            column, LICENSE_IDENTIFIER, sa.func.list_reduce(places, _function("total, place", added), START) == 1
        )

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, **_: Any) -> Column:
        characters = spark.split(spark.translate(spark.substr(column, spark.lit(AFTER_ROOT)), ".", ""), "")
        places = spark.transform(characters, lambda character: spark.instr(spark.lit(ALPHABET), character) - 1)
        total = spark.aggregate(places, spark.lit(START), _added)
        return on_spark.where_of_form(column, LICENSE_IDENTIFIER, total == 1)


def _added(total: Any, place: Any) -> Any:
    """The next sum, 0 to 35, where a sum of 0 counts as 36."""
    return (((total + 35) % 36 + 1) * 2 % 37 + place) % 36


def _function(parameters: str, body: Text) -> Text:
    """A function of DuckDB's, as its functions on lists take them."""
    return sa.literal_column(f"lambda {parameters}").op(":")(body)


class LicenseIdentifierHoldsCode(ColumnPairMapMetricProvider):
    """A code equals the one in the identifier beside it."""

    condition_metric_name = "column_pair_values.license_identifier_holds_code"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ("part",)

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **arguments: Any) -> Holds:
        return where_of_form(first, LICENSE_IDENTIFIER, part(first, *CODES[arguments["part"]]) == second)

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **arguments: Any) -> Column:
        same = on_spark.part(first, *CODES[arguments["part"]]) == second
        return on_spark.where_of_form(first, LICENSE_IDENTIFIER, same)


class ExpectLicenseIdentifierCheckCharacter(ColumnMapExpectation):
    """Expect the last character of e-licence identifiers to be their check character."""

    map_metric = "column_values.license_identifier_check_character"


class ExpectLicenseIdentifierToHoldCode(CompletePairExpectation, ColumnPairMapExpectation):
    """Expect codes (column_B) to be those of the type or of the issuer in the identifiers of column_A."""

    part: Literal["type", "issuer"]

    map_metric = "column_pair_values.license_identifier_holds_code"
    success_keys = ("part", "mostly")
