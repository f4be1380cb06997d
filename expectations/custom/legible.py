"""Expectation on names: none that a wrong conversion has spoilt (乱码)."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

from expectations.custom import on_spark
from expectations.custom.form import Holds, Text
from expectations.custom.on_spark import Column

RARE_LEADING, LEADING, CROSSING, RARE_CROSSING, FOLLOWING = KINDS = range(5)
_LATIN = "".join(map(chr, range(0x80, 0xC0))) + "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_IN_GOOD_TEXT = "\u00a0\u00ad·«»°®™‘’“”–—•…"
_SIGNS = "".join(sign for sign in _LATIN if sign not in _IN_GOOD_TEXT)
# What is found in a spoilt name, by the way in which it was spoilt.
LOST = "\ufffd|[?]|？|锟斤拷|烫烫烫|屯屯屯|[\u0080-\u0084\u0086-\u009f]"
UNRESOLVED = "[\\\\]u[0-9a-fA-F]{4}|&#[xX]?[0-9a-fA-F]{2,6};|%[0-9a-fA-F]{2}%[0-9a-fA-F]{2}%[0-9a-fA-F]{2}"
THREE_BYTES_AS_LATIN = f"[\u00e0-\u00ef]([{_SIGNS}][{_LATIN}]|[{_IN_GOOD_TEXT}][{_SIGNS}])"
BYTE_LEFT_OUT = f"[\u00e3-\u00e9]([{_SIGNS}][\u00e3-\u00e9][{_LATIN}]|[{_IN_GOOD_TEXT}][\u00e3-\u00e9][{_SIGNS}])"
TWO_BYTES_AS_LATIN = f"\u00c2[{_LATIN}]|\u00c3[{_SIGNS}\u00ad«»°®]|[\u00d0-\u00db][{_LATIN}][\u00d0-\u00db][{_LATIN}]"
GBK_AS_LATIN = (
    "[\u00a1-\u00b6\u00b8-\u00ff]{4}"
    f"|^[\u00b0-\u00f7][\u00a1-\u00fe]([{_LATIN}\u00c0-\u00fe][\u0040-\u007e{_LATIN}\u00c0-\u00fe])*[{_LATIN}\u00c0-\u00fe]?$"
)
OTHERWISE = (LOST, UNRESOLVED, THREE_BYTES_AS_LATIN, BYTE_LEFT_OUT, TWO_BYTES_AS_LATIN, GBK_AS_LATIN)


@functools.cache
def kinds() -> dict[str, int]:
    """Characters that two bytes of UTF-8, read as GBK, are; and which bytes, of two Han characters, they are."""
    written = {character: _in_gbk(character) for character in map(chr, (*range(0xA0, 0xD800), *range(0xE000, 0xFFFD)))}
    return {character: kind for character, pair in written.items() if pair and (kind := _kind(*pair)) is not None}


@functools.cache
def utf8_as_gbk(surnames: str) -> str:
    """The expression that finds the kinds of characters in the order in which they follow each other."""
    of_kind = {kind: "".join(character for character, its in kinds().items() if its == kind) for kind in KINDS}
    rare, leading, crossing, rare_crossing, following = (f"[{of_kind[kind]}]" for kind in KINDS)
    any_leading, any_crossing = f"({rare}|{leading})", f"({crossing}|{rare_crossing})"
    goes_on = f"($|{any_leading}|{any_crossing}|{following}($|路?{any_leading}))"
    begins = [rare + any_crossing, leading + rare_crossing, *beginnings(surnames)]
    return (
        f"^({'|'.join(begins)}){goes_on}|^{rare}{any_leading}|^{leading}{rare}"
        f"|{any_leading}{any_crossing}{following}{any_leading}{any_crossing}"
    )


def beginnings(surnames: str) -> list[str]:
    """What names with these surnames begin with, two characters, where the first of them alone could be a name's."""
    of_pair = {pair: character for character in kinds() if (pair := _in_gbk(character))}
    found = []
    for surname in surnames:
        first = of_pair.get(surname.encode()[:2])
        if first and first not in surnames and kinds()[first] == LEADING and surname.encode()[2] > 0xA0:
            pairs = (bytes((surname.encode()[2], after)) for after in range(0xE4, 0xEA))
            found += [first + of_pair[pair] for pair in pairs if pair in of_pair]
    return found


def _in_gbk(character: str) -> bytes | None:
    code = character.encode("gb18030")
    return code if len(code) == 2 else None


def _kind(first: int, second: int) -> int | None:
    leads, follows = (range(0xE4, 0xEA), range(0x80, 0xC0))
    if first in leads and second in follows:
        return LEADING if second > 0xA0 else RARE_LEADING
    if first in follows and second in leads:
        return CROSSING if first > 0xA0 else RARE_CROSSING
    return FOLLOWING if first in follows and second in follows else None


class LegibleValues(ColumnMapMetricProvider):
    """No part of the value is what a wrong conversion leaves."""

    condition_metric_name = "column_values.legible"
    condition_value_keys = ("surnames",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Text, surnames: str | None = None, **_: Any) -> Holds:
        ways = (*OTHERWISE, utf8_as_gbk(surnames or ""))
        return sa.not_(sa.or_(*(sa.func.regexp_matches(column, sa.literal(way)) for way in ways)))

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, surnames: str | None = None, **_: Any) -> Column:
        ways = (*OTHERWISE, utf8_as_gbk(surnames or ""))
        return ~on_spark.matches(column, "|".join(f"({way})" for way in ways))


class ExpectColumnValuesToBeLegible(ColumnMapExpectation):
    """Expect values to hold nothing that a wrong conversion leaves.

    `surnames`, one character each, tell UTF-8 of a name read as GBK from a name whose first character is rare.
    """

    surnames: str | None = None

    map_metric = "column_values.legible"
    success_keys = ("surnames", "mostly")
    args_keys = ("column", "surnames")
