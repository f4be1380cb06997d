"""The words in which a reading is written; `in_duckdb.py` and `on_spark.py` say them to their engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Value = Any  # an expression of the engine's: SQLAlchemy's for DuckDB, pyspark's for Spark


class Words(Protocol):
    """Each word gives NULL for NULL, and none fails on a value: Spark stops the whole query where one does.

    Places of characters and of list items are counted from 1.
    """

    def number(self, value: int) -> Value: ...

    def text(self, value: str) -> Value: ...

    def nothing(self, kind: str) -> Value:
        """NULL of a kind: `text`, `date`, `instant`, `integer`, `int64` or `decimal(p,s)`."""

    def matches(self, value: Value, regex: str) -> Value:
        r"""Whether the expression is found in the value. It may hold no `.` outside a class, and ends by `\z`."""

    def first_found(self, value: Value, regex: str) -> Value:
        """The first part of the value that matches; empty where there is none."""

    def all_found(self, value: Value, regex: str) -> Value:
        """A list of the parts of the value that match."""

    def item(self, items: Value, place: int) -> Value:
        """NULL beyond the end."""

    def replaced(self, value: Value, regex: str, by: str) -> Value:
        """Every match."""

    def translated(self, value: Value, old: str, new: str) -> Value:
        """Each character of `old` as the one at its place in `new`; those beyond its end go."""

    def trimmed(self, value: Value, characters: str) -> Value: ...

    def trimmed_in_front(self, value: Value, characters: str) -> Value: ...

    def upper(self, value: Value) -> Value: ...

    def part(self, value: Value, first: Value, length: int) -> Value: ...

    def length(self, value: Value) -> Value: ...

    def joined(self, *parts: Value) -> Value: ...

    def padded(self, digits: Value, length: int) -> Value:
        """With zeros behind, or cut, to that length."""

    def is_there(self, value: Value) -> Value:
        """Whether it is not NULL."""

    def contains(self, text: Value, part: Value) -> Value: ...

    def integer(self, digits: Value) -> Value:
        """A text of at most 18 digits, or a decimal without a fraction; NULL beyond 64 bits and for anything else."""

    def quotient(self, number: Value, divisor: int) -> Value:
        """Whole, of a number that is not negative."""

    def remainder(self, number: Value, divisor: int) -> Value: ...

    def decimal(self, value: Value, kind: str) -> Value:
        """A number, or a text of digits with a decimal point, as `decimal(p,s)`; NULL where it does not fit."""

    def day(self, year: Value, month: Value, day: Value) -> Value:
        """Of a year of four digits; the three must be a day of the calendar, or NULL."""

    def days_later(self, day: Value, days: Value) -> Value: ...

    def instant(self, day: Value, microseconds: Value) -> Value:
        """So many microseconds after the beginning of the day in UTC."""

    def case(self, *branches: tuple[Value, Value], otherwise: Value) -> Value: ...

    def named(self, value: Value, body: Callable[[Value], Value]) -> Value:
        """`body(value)`, with the value computed once however often it is used there."""
