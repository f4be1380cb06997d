"""What a file read in parallel splits gives: its rows as a Spark frame, or the reason why it cannot be split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  Spark's own name for it
from pyspark.sql.types import StringType

from pipelines.readers.cells import json_objects
from pipelines.readers.delivery import DAMAGE, EXTRA, ROW, UNDECODABLE, Delivery


@dataclass(frozen=True)
class SplitRows:
    """The delivery's rows as a plan that is not computed yet: columns and values of `Delivery.schema`, in any order."""

    frame: DataFrame
    rows: int


@dataclass(frozen=True)
class NotSplittable:
    """The file has to be read by one machine; `reason` is for people, without personal values."""

    reason: str


def reading_session(session: SparkSession, split_bytes: int) -> SparkSession:
    """A session of its own settings on the same cluster, for the plans that read one file.

    Its splits depend on `split_bytes` alone. Spark's own choice looks at how many cores it has just then, and the rows
    of a file are numbered by one pass over the splits and read by the next.
    """
    apart = session.newSession()
    apart.conf.set("spark.sql.files.maxPartitionBytes", str(split_bytes))
    apart.conf.set("spark.sql.files.minPartitionNum", "1")
    apart.conf.set("spark.sql.session.timeZone", "UTC")
    # Spark 4 decodes Unicode alone unless told otherwise, and raises where it is to leave U+FFFD.
    apart.conf.set("spark.sql.legacy.javaCharsets", "true")
    apart.conf.set("spark.sql.legacy.codingErrorAction", "true")
    return apart


def source_options() -> dict[str, str]:
    """Reading options by which a path means one file, whatever characters it holds."""
    return {"__globPaths__": "false"}


def delivered(
    rows: DataFrame,
    delivery: Delivery,
    number: Column,
    cells: Mapping[str, Column],
    extra: Column | None = None,
    damage: Column | None = None,
    undecodable: Column | None = None,
) -> DataFrame:
    """The columns of the delivery's schema; what is not given is NULL."""
    given = {**cells, EXTRA: extra, DAMAGE: damage, UNDECODABLE: undecodable}
    columns = [number.cast("bigint").alias(ROW)]
    for name in delivery.schema.names[1:]:
        cell = given.get(name)
        columns.append((F.lit(None).cast(StringType()) if cell is None else cell).alias(name))
    return rows.select(*columns)


def member_names(keys: Sequence[str]) -> Column:
    """JSON object keys, each with its colon, as an array for `json_members`."""
    return F.array(*(F.lit(str(json_objects([key], [pa.array([""])])[0])[1:-3]) for key in keys))


def json_members(names: Column, cells: Column) -> Column:
    """`"key": "cell"` for each pair of two arrays of one length; NULL for a cell that is NULL."""
    return F.zip_with(names, cells, lambda name, cell: F.concat(name, F.lit('"'), _escaped(cell), F.lit('"')))


def json_object(members: Column) -> Column:
    """One JSON object of an array of members without the NULL ones; NULL where none is left."""
    joined = F.array_join(members, ", ")
    return F.when(joined != "", F.concat(F.lit("{"), joined, F.lit("}")))


def _escaped(cell: Column) -> Column:
    plain = F.replace(F.replace(cell, F.lit("\\"), F.lit("\\\\")), F.lit('"'), F.lit('\\"'))
    controls = reduce(lambda text, code: F.replace(text, F.lit(chr(code)), F.lit(f"\\u{code:04x}")), range(0x20), plain)
    return F.when(plain.rlike(r"[\x00-\x1f]"), controls).otherwise(plain)
