"""The words of a reading in SQLAlchemy's expressions, with DuckDB's functions."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from expectations.reading.words import Value

KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.String(),
    "date": sa.Date(),
    "instant": sa.TIMESTAMP(timezone=True),
    "integer": sa.BigInteger(),
    "int64": sa.BigInteger(),
}
_names = itertools.count()


class InDuckDB:
    """See `Words`."""

    def number(self, value: int) -> Value:
        return sa.literal(value, sa.BigInteger())

    def text(self, value: str) -> Value:
        return sa.literal(value, sa.String())

    def nothing(self, kind: str) -> Value:
        return sa.cast(sa.null(), _kind(kind))

    def matches(self, value: Value, regex: str) -> Value:
        return sa.func.regexp_matches(value, self.text(regex), type_=sa.Boolean())

    def first_found(self, value: Value, regex: str) -> Value:
        return _text(sa.func.regexp_extract(value, self.text(regex)))

    def all_found(self, value: Value, regex: str) -> Value:
        return sa.func.regexp_extract_all(value, self.text(regex))

    def item(self, items: Value, place: int) -> Value:
        return _text(sa.func.list_extract(items, place))

    def replaced(self, value: Value, regex: str, by: str) -> Value:
        return _text(sa.func.regexp_replace(value, self.text(regex), self.text(by), self.text("g")))

    def translated(self, value: Value, old: str, new: str) -> Value:
        return _text(sa.func.translate(value, self.text(old), self.text(new)))

    def trimmed(self, value: Value, characters: str) -> Value:
        return _text(sa.func.trim(value, self.text(characters)))

    def trimmed_in_front(self, value: Value, characters: str) -> Value:
        return _text(sa.func.ltrim(value, self.text(characters)))

    def upper(self, value: Value) -> Value:
        return _text(sa.func.upper(value))

    def part(self, value: Value, first: Value, length: int) -> Value:
        return _text(sa.func.substr(value, first, length))

    def length(self, value: Value) -> Value:
        return sa.func.length(value, type_=sa.BigInteger())

    def joined(self, *parts: Value) -> Value:
        # Not `concat`, for which NULL is empty.
        return _text(functools.reduce(lambda joined, part: joined.op("||")(part), parts))

    def padded(self, digits: Value, length: int) -> Value:
        return _text(sa.func.rpad(digits, length, self.text("0")))

    def is_there(self, value: Value) -> Value:
        return value.is_not(None)

    def contains(self, text: Value, part: Value) -> Value:
        return sa.func.contains(text, part, type_=sa.Boolean())

    def integer(self, digits: Value) -> Value:
        return sa.try_cast(digits, sa.BigInteger())

    def quotient(self, number: Value, divisor: int) -> Value:
        return number.op("//", precedence=8)(divisor)

    def remainder(self, number: Value, divisor: int) -> Value:
        return sa.func.mod(number, divisor, type_=sa.BigInteger())

    def decimal(self, value: Value, kind: str) -> Value:
        return sa.try_cast(value, _kind(kind))

    def day(self, year: Value, month: Value, day: Value) -> Value:
        return sa.func.make_date(year, month, day, type_=sa.Date())

    def days_later(self, day: Value, days: Value) -> Value:
        return sa.type_coerce(day.op("+")(sa.cast(days, sa.Integer())), sa.Date())

    def instant(self, day: Value, microseconds: Value) -> Value:
        days = sa.type_coerce(day.op("-")(sa.cast(self.text("1970-01-01"), sa.Date())), sa.BigInteger())
        return sa.func.make_timestamptz(days * 86_400_000_000 + microseconds, type_=KINDS["instant"])

    def case(self, *branches: tuple[Value, Value], otherwise: Value) -> Value:
        return sa.case(*branches, else_=otherwise)

    def named(self, value: Value, body: Callable[[Value], Value]) -> Value:
        name = f"value_{next(_names)}"
        function = sa.literal_column(f"lambda {name}").op(":")(body(sa.column(name)))
        return sa.func.list_extract(sa.func.list_transform(sa.func.list_value(value), function), 1)


def _text(found: sa.ColumnElement[Any]) -> Value:
    return sa.type_coerce(found, sa.String())


def _kind(kind: str) -> sa.types.TypeEngine[Any]:
    if kind in KINDS:
        return KINDS[kind]
    precision, scale = map(int, kind.removeprefix("decimal(").removesuffix(")").split(","))
    return sa.Numeric(precision, scale)
