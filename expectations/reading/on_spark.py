"""The words of a reading in pyspark's columns."""

from __future__ import annotations

from collections.abc import Callable

from great_expectations.compatibility.pyspark import functions as spark

from expectations.reading.words import Value

KINDS = {"text": "string", "instant": "timestamp", "integer": "bigint", "int64": "bigint"}


class OnSpark:
    """See `Words`. No cast that could fail: with ANSI's rules Spark stops at a value that a cast does not take."""

    def number(self, value: int) -> Value:
        return spark.lit(value)

    def text(self, value: str) -> Value:
        return spark.lit(value)

    def nothing(self, kind: str) -> Value:
        return spark.lit(None).cast(KINDS.get(kind, kind))

    def matches(self, value: Value, regex: str) -> Value:
        return value.rlike(regex)

    def first_found(self, value: Value, regex: str) -> Value:
        return spark.regexp_extract(value, regex, 0)

    def all_found(self, value: Value, regex: str) -> Value:
        return spark.regexp_extract_all(value, spark.lit(regex), 0)

    def item(self, items: Value, place: int) -> Value:
        return spark.get(items, place - 1)

    def replaced(self, value: Value, regex: str, by: str) -> Value:
        return spark.regexp_replace(value, regex, by)

    def translated(self, value: Value, old: str, new: str) -> Value:
        return spark.translate(value, old, new)

    def trimmed(self, value: Value, characters: str) -> Value:
        return spark.btrim(value, spark.lit(characters))

    def trimmed_in_front(self, value: Value, characters: str) -> Value:
        return spark.ltrim(value, spark.lit(characters))

    def upper(self, value: Value) -> Value:
        return spark.upper(value)

    def part(self, value: Value, first: Value, length: int) -> Value:
        return spark.substring(value, first, length)

    def length(self, value: Value) -> Value:
        return spark.length(value)

    def joined(self, *parts: Value) -> Value:
        return spark.concat(*parts)

    def padded(self, digits: Value, length: int) -> Value:
        return spark.rpad(digits, length, "0")

    def is_there(self, value: Value) -> Value:
        return value.isNotNull()

    def contains(self, text: Value, part: Value) -> Value:
        return spark.contains(text, part)

    def integer(self, digits: Value) -> Value:
        return digits.try_cast("bigint")

    def quotient(self, number: Value, divisor: int) -> Value:
        return ((number - number % divisor) / divisor).cast("bigint")

    def remainder(self, number: Value, divisor: int) -> Value:
        return number % divisor

    def decimal(self, value: Value, kind: str) -> Value:
        return value.try_cast(kind)

    def day(self, year: Value, month: Value, day: Value) -> Value:
        return spark.make_date(year, month, day)

    def days_later(self, day: Value, days: Value) -> Value:
        return spark.date_add(day, days.cast("int"))

    def instant(self, day: Value, microseconds: Value) -> Value:
        return spark.timestamp_micros(spark.unix_date(day).cast("bigint") * 86_400_000_000 + microseconds)

    def case(self, *branches: tuple[Value, Value], otherwise: Value) -> Value:
        (condition, value), *rest = branches
        found = spark.when(condition, value)
        for condition, value in rest:
            found = found.when(condition, value)
        return found.otherwise(otherwise)

    def named(self, value: Value, body: Callable[[Value], Value]) -> Value:
        return spark.get(spark.transform(spark.array(value), body), 0)
