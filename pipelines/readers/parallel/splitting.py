"""Large delivered files read by Spark in parallel, each row as the one-machine reader gives it."""

from __future__ import annotations

from pyspark.sql import SparkSession

from pipelines.readers.csv import CsvDelivery
from pipelines.readers.delivery import Delivery
from pipelines.readers.parallel.csv import read_csv
from pipelines.readers.parallel.parquet import read_parquet
from pipelines.readers.parallel.rows import NotSplittable, SplitRows, reading_session
from pipelines.readers.parquet import ParquetDelivery

__all__ = ["SMALLEST", "SPLIT", "NotSplittable", "SplitRows", "split_read", "worth_splitting"]

# Measured on 300 MB: one machine needs 1.6 s of one core, Spark's two passes 14 s of all its cores together. So about
# nine cores are as fast, and below this size what they could save is less than Spark takes to start its tasks.
SMALLEST = 256 * 1024 * 1024
# Eight splits at least for every file that is read in parallel; a file of 100 GB makes 3,200 tasks.
SPLIT = 32 * 1024 * 1024


def worth_splitting(delivery: Delivery, smallest: int = SMALLEST) -> bool:
    """Whether a delivered file is of a kind and size (`smallest`, in bytes) that parallel reading is meant for."""
    return isinstance(delivery, CsvDelivery | ParquetDelivery) and delivery.path.stat().st_size >= smallest


def split_read(
    session: SparkSession, uri: str, delivery: Delivery, split_bytes: int = SPLIT
) -> SplitRows | NotSplittable:
    """The rows of a delivered file, equal to those of `delivery.batches()`, as a plan of Spark's own expressions.

    `uri` is where executors find the bytes that `delivery` was opened from (no percent-escapes). Afterwards
    `delivery.problems` is what it would be after `batches()`. A file whose rows cannot be told apart from the middle
    is NotSplittable; so is one that our own reader may have to refuse, as it says best what is wrong.
    The plan fails with Spark's own error if the file is changed before it is computed.
    """
    apart = reading_session(session, split_bytes)
    if isinstance(delivery, CsvDelivery):
        return read_csv(apart, uri, delivery, split_bytes)
    if isinstance(delivery, ParquetDelivery):
        return read_parquet(apart, uri, delivery)
    return NotSplittable(f"files of the format {delivery.format} are read by one machine")
