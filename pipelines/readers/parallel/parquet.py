"""A Parquet file in parallel: Spark's values as the text that our own reader makes of Arrow's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F  # noqa: N812  Spark's own name for it

from pipelines.readers.arrow_text import WHOLE
from pipelines.readers.parallel.rows import (
    NotSplittable,
    SplitRows,
    delivered,
    json_members,
    json_object,
    member_names,
    source_options,
)
from pipelines.readers.parquet import ParquetDelivery

_SPARKS_DIGITS = 38
# Files in which Spark would move old dates from the Julian calendar, which Arrow never does.
_JULIAN = {b"org.apache.spark.legacyDateTime", b"org.apache.spark.legacyINT96"}


@dataclass(frozen=True)
class _Kind:
    """How values of a type become text, and which of them Spark would write otherwise than Arrow."""

    text: Callable[[Column], Column]
    differs: Callable[[Column], Column] = lambda _: F.lit(False)
    why: str = ""


def read_parquet(session: SparkSession, uri: str, delivery: ParquetDelivery) -> SplitRows | NotSplittable:
    """The rows of a Parquet file, or why it takes one machine. `session` is a `reading_session`."""
    schema = delivery.file.schema_arrow
    if reason := _unreadable_by_spark(delivery):
        return NotSplittable(reason)
    kinds = [_kind(field.type) for field in schema]
    for field, kind in zip(schema, kinds, strict=True):
        if kind is None:
            return NotSplittable(
                f"the column {field.name} is of the type {field.type}, whose text Spark writes otherwise"
            )
    known = [kind for kind in kinds if kind]
    try:
        reader = session.read.format("parquet").options(mergeSchema="false", **source_options())
        found = reader.option("parquet.page.verify-checksum.enabled", "true").load(uri)
        columns = [F.col(f"`{name.replace('`', '``')}`") for name in schema.names]
        differing = [F.count_if(kind.differs(column)) for kind, column in zip(known, columns, strict=True)]
        # The numbers of values are asked for so that every page is read once before any row is written.
        rows, *counts = found.agg(F.count("*"), *differing, *map(F.count, columns)).collect()[0]
    except (PySparkException, Py4JJavaError) as error:
        return _refused(error)
    for name, kind, times in zip(schema.names, known, counts, strict=False):
        if times:
            return NotSplittable(f"the column {name} holds {kind.why} ({times:,} values)")
    texts = [kind.text(column) for kind, column in zip(known, columns, strict=True)]
    unknown = delivery.matched.unknown
    members = json_members(member_names(list(unknown.values())), F.array(*(texts[at] for at in unknown)))
    frame = delivered(
        found,
        delivery,
        F.col("_metadata.row_index") + 1,
        {name: texts[at] for name, at in delivery.matched.columns.items()},
        json_object(members) if unknown else None,
    )
    return SplitRows(frame, rows)


def _unreadable_by_spark(delivery: ParquetDelivery) -> str | None:
    metadata = delivery.file.metadata.metadata or {}
    version = metadata.get(b"org.apache.spark.version", b"3")
    if _JULIAN & set(metadata) or version.startswith((b"1.", b"2.")):
        return "its old dates are in the Julian calendar of Spark 2"
    schema = delivery.file.schema
    if any(schema.column(at).physical_type == "INT96" for at in range(len(schema))):
        return "it has times in the old form INT96, which Spark reads by a calendar of its own"
    doubled = [name for name, times in Counter(name.casefold() for name in delivery.header).items() if times > 1]
    if doubled or "_metadata" in delivery.header:
        return f"Spark cannot tell columns of the name {(doubled or ['_metadata'])[0]} apart"
    return None


def _refused(error: PySparkException | Py4JJavaError) -> NotSplittable:
    """A file that Spark cannot read may be damaged: our own reader says where. Other errors are not about the file."""
    found = re.search(r"\[((?:FAILED_READ_FILE|CANNOT_READ_FILE_FOOTER|PARQUET_)[A-Z_.]*)\]", str(error))
    if found is None or "FILE_NOT_EXIST" in found[1]:
        raise error
    return NotSplittable(f"Spark cannot read the file ({found[1]})")


def _kind(kind: pa.DataType) -> _Kind | None:
    """None for types that Spark does not read, or whose text it cannot write as Arrow does."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return next((make(kind) for is_one, make in _KINDS if is_one(kind)), None)


def _text(column: Column) -> Column:
    return column.cast("string")


def _far(column: Column) -> Column:
    return ~F.year(column).between(1, 9999)


def _timestamp(kind: pa.TimestampType) -> _Kind:
    """As many places after the point as the unit has, or none where all are 0; an instant in Beijing time."""
    length = len("2024-01-02 03:04:05.") + {"ms": 3, "us": 6}[kind.unit]
    moved = F.expr(f"INTERVAL {8 if kind.tz else 0} HOURS")

    def text(column: Column) -> Column:
        plain = _text(column + moved)
        padded = F.when(F.contains(plain, F.lit(".")), F.rpad(plain, length, "0")).otherwise(plain)
        return F.concat(padded, F.lit("+08:00" if kind.tz else ""))

    def far(column: Column) -> Column:
        # Before it is moved: what lies at the end of all times cannot be.
        return _far(column) | F.when(F.year(column).between(1, 9999), _far(column + moved)).otherwise(F.lit(False))

    return _Kind(text, far, "times outside of the years 1 to 9999")


def _floating(kind: pa.DataType) -> _Kind:
    """Up to 15 digits (6 in 32 bits) no two decimals stand for the same number: Java and Arrow can only agree."""
    is_double = pa.types.is_float64(kind)
    digits, smallest = (15, 1e-300) if is_double else (6, 1e-35)

    def differs(column: Column) -> Column:
        significant = F.regexp_replace(F.regexp_replace(_text(column), r"E.*|[-.]", ""), "^0+|0+$", "")
        finite = ~F.isnan(column) & (F.abs(column) != float("inf")) & (column != 0)
        return finite & ((F.length(significant) > digits) | (F.abs(column) < smallest))

    whole = WHOLE[64 if is_double else 32]
    return _Kind(lambda column: _number(column, whole), differs, f"floating-point numbers of more than {digits} digits")


def _number(column: Column, whole: float) -> Column:
    """Our reader's text of a number from Java's: without an exponent from 1E-6 to below `whole`, and with no `.0`."""
    java, size = _text(column), F.abs(column)
    plain = F.regexp_replace(_text(java.cast("decimal(38,22)")), r"\.?0+$", "")
    with_exponent = F.regexp_replace(F.regexp_replace(java, r"(\.0)?E(?=\d)", "e+"), r"(\.0)?E-", "e-")
    return (
        F.when(F.isnan(column), F.lit("nan"))
        .when(size == float("inf"), F.when(column > 0, F.lit("inf")).otherwise(F.lit("-inf")))
        .when(column == 0, F.regexp_replace(java, r"\.0$", ""))
        .when((size >= 1e-6) & (size < whole), plain)
        .when(column.isNotNull(), with_exponent)
    )


def _any_of(*tests: Callable[[pa.DataType], bool]) -> Callable[[pa.DataType], bool]:
    return lambda kind: any(test(kind) for test in tests)


_STRING = _Kind(lambda column: column, lambda column: ~F.is_valid_utf8(column), "text that is not UTF-8")
_BINARY = _Kind(
    _text,
    lambda column: ~F.is_valid_utf8(_text(column)) | F.contains(_text(column), F.lit("\0")),
    "bytes that are no text",
)
_DATE = _Kind(_text, _far, "dates outside of the years 1 to 9999")
_KINDS: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], _Kind]]] = [
    (pa.types.is_null, lambda _: _Kind(lambda _: F.lit(None).cast("string"))),
    (_any_of(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view), lambda _: _STRING),
    (_any_of(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary), lambda _: _BINARY),
    (_any_of(pa.types.is_integer, pa.types.is_boolean), lambda _: _Kind(_text)),
    (pa.types.is_date, lambda _: _DATE),
    # Spark does not read nanoseconds.
    (lambda kind: pa.types.is_timestamp(kind) and kind.unit in {"ms", "us"}, _timestamp),
    (lambda kind: pa.types.is_decimal(kind) and kind.precision <= _SPARKS_DIGITS, lambda _: _Kind(_text)),
    (_any_of(pa.types.is_float32, pa.types.is_float64), _floating),
]
