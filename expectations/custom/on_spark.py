"""What the Spark conditions of this package are written with; `form.py` has the same for DuckDB.

Nothing here casts in a way that can fail: Spark stops the whole query at a value that a cast does not take.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from great_expectations.compatibility.pyspark import functions as spark

from expectations.custom.form import SEPARATOR

Column = Any  # of pyspark, which is not there where only DuckDB is

BUCKET_ENDS = "\x1e"
# What may hold a `$`, and a `$` alone: an escaped character, a class, the anchor.
_DOLLARS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


def where_of_form(column: Column, form: str, condition: Column) -> Column:
    """`condition` for values of that form; any other value is for the rule on the form alone.

    `condition` must be TRUE or FALSE for values of the form. The form is looked at only where it does not hold.
    """
    return spark.when(condition, True).otherwise(~matches(column, form))


def matches(column: Column, regex: str) -> Column:
    """Whether the expression is found in the value, with the meaning that it has in DuckDB (RE2).

    Java's `$` matches before a line end that closes the value too, and its `.` stops at five kinds of line end.
    """
    ends_at_the_end = _DOLLARS.sub(lambda found: r"\z" if found[0] == "$" else found[0], regex)
    return column.rlike("(?d)" + ends_at_the_end)


def part(column: Column, first: int, length: int) -> Column:
    """`length` characters from the 1-based position `first`."""
    return spark.substring(column, first, length)


def listed(words: list[str], separator: str) -> Column:
    """An array that Spark works out once, while it plans: literal by literal, thousands would take it seconds."""
    return spark.split(spark.lit(separator.join(words)), separator)


def among(value: Column, value_set: list[str]) -> Column:
    """Whether the value is one of the codes; an entry of the set may hold several codes, joined by `SEPARATOR`.

    The codes lie in as many buckets as there are codes, found by CRC-32: Spark looks through an array from its start,
    and takes a dozen times as long to plan thousands of literals as to compare a million values with them.
    """
    codes = [code for entry in value_set for code in entry.split(SEPARATOR)]
    buckets = [SEPARATOR] * max(len(codes), 1)
    for code in codes:
        buckets[zlib.crc32(code.encode()) % len(buckets)] += code + SEPARATOR
    bucket = spark.get(listed(buckets, BUCKET_ENDS), (spark.crc32(value) % len(buckets)).cast("int"))
    enclosed = spark.concat(spark.lit(SEPARATOR), value, spark.lit(SEPARATOR))
    return spark.contains(bucket, enclosed) & ~spark.contains(value, spark.lit(SEPARATOR))
