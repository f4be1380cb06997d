"""A CSV file in parallel: every line a row, told apart by Spark's own expressions.

Two passes over the same splits. The first counts lines, so that rows can be numbered, and finds what cannot be read
line by line; the second, a plan for the caller to write, gives the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812  Spark's own name for it

from pipelines.readers.csv import DELIMITERS, CsvDelivery
from pipelines.readers.csv_rows import count_quoting, count_ragged, count_undecodable
from pipelines.readers.delivery import BAD_BYTES, RAGGED, UNREADABLE
from pipelines.readers.parallel.rows import (
    NotSplittable,
    SplitRows,
    delivered,
    json_members,
    json_object,
    member_names,
    source_options,
)
from pipelines.readers.parallel.text import has_marks, original_hex, today, unmarked, with_text
from pipelines.readers.quoting import LONGEST

# Our own reader may refuse a file with more rows of another width within one of its blocks: it has to see them all.
RAGGED_LIMIT = 100_000
# What Hadoop unpacks by the suffix alone.
_PACKED = {".gz", ".bz2", ".deflate", ".snappy", ".lz4", ".zst"}
_WHOLE_QUOTED = r'\A"[^"]*+(?:""[^"]*+)*+"\z'
# Places in a partition are counted in the lower 33 bits of `monotonically_increasing_id`.
_PLACE_BITS = 33


def read_csv(session: SparkSession, uri: str, delivery: CsvDelivery, split_bytes: int) -> SplitRows | NotSplittable:
    """The rows of a CSV file, and its problems counted in `delivery`, or why it takes one machine.

    `session` is a `reading_session` of the same `split_bytes`.
    """
    if delivery.encoding == "utf-16":
        return NotSplittable("the file is in UTF-16, in which lines cannot be found from the middle of a file")
    if delivery.path.suffix.lower() in _PACKED:
        return NotSplittable(f"the suffix {delivery.path.suffix} would make Spark unpack the file")
    lines = _lines(session, uri, delivery)
    parsed = _parsed(lines, delivery)
    splits = [_Split(row) for row in _survey(parsed, delivery).collect()]
    splits.sort(key=lambda split: split.found.split_start)
    if reason := _reason(splits, delivery):
        return NotSplittable(reason)
    offsets = _Offsets(splits, split_bytes, delivery)
    widths = _widths(parsed) if any(split.times("ragged") for split in splits) else []
    _count_problems(splits, offsets, delivery, widths)
    rows = sum(split.found.rows for split in splits)
    return SplitRows(_rows(parsed, offsets, delivery), rows)


def _lines(session: SparkSession, uri: str, delivery: CsvDelivery) -> DataFrame:
    """Raw lines without their line ends: `line`, its place in the partition, and the split that it was read from."""
    # A longer line never enters memory: it is left out, and the missing bytes are noticed.
    limit = {"mapreduce.input.linerecordreader.line.maxlength": str(4 * LONGEST)}
    # The line feed alone, so that every byte is accounted for; Hadoop's default would end lines at lone returns, too.
    found = session.read.format("text").options(lineSep="\n", **source_options(), **limit).load(uri)
    value = F.col("value")
    binary = value.cast("binary")
    without_return = F.substring(binary, F.lit(1), F.octet_length(value) - 1).cast("string")
    return found.select(
        F.octet_length(value).alias("octets"),
        F.when(F.endswith(value, F.lit("\r")), without_return).otherwise(value).alias("line"),
        F.col("_metadata.file_block_start").alias("split_start"),
        F.col("_metadata.file_block_length").alias("split_length"),
        F.monotonically_increasing_id().alias("place"),
    ).select("*", ((F.col("split_start") == 0) & (F.col("place") < delivery.lines_before)).alias("header"))


def _parsed(lines: DataFrame, delivery: CsvDelivery) -> DataFrame:
    """Adds `text` (decoded, with marks), its `cells` without their quotes, and what is wrong with the line."""
    delimiter = DELIMITERS[delivery.delimiter or ","].decode()
    text = F.col("text")
    if delivery.delimiter == "，":
        text = F.replace(text, F.lit("，"), F.lit(delimiter))
    known = with_text(lines, "line", delivery.encoding or "utf-8").withColumn("text", text)
    mark = re.escape(delimiter)
    cell = f'(?:"[^"]*+(?:""[^"]*+)*+"[^{mark}]*+|(?!")[^{mark}]*+)'
    ended = F.concat(F.col("text"), F.lit(delimiter))
    sent = F.when(F.col("quoted"), F.regexp_extract_all(ended, F.lit(rf"\G({cell}){mark}"), F.lit(1))).otherwise(
        F.split("text", mark, -1)
    )
    closed = ended.rlike(rf"\A(?:{cell}{mark})++\z")
    known = known.select("*", F.contains("text", F.lit('"')).alias("quoted")).select("*", sent.alias("sent"))
    broken = F.exists("sent", lambda cell: F.startswith(cell, F.lit('"')) & ~cell.rlike(_WHOLE_QUOTED))
    cells = F.when(F.col("quoted"), F.transform("sent", _unquoted)).otherwise(F.col("sent"))
    if delivery.delimiter == "，":
        cells = F.transform(cells, lambda cell: F.replace(cell, F.lit(delimiter), F.lit("，")))
    return known.select(
        *lines.columns,
        "private",
        "mixed",
        "text",
        cells.alias("cells"),
        has_marks(F.col("text"), delivery.encoding or "utf-8").alias("undecodable"),
        (F.col("quoted") & ~closed).alias("open"),
        (F.col("quoted") & broken).alias("broken"),
        # By the raw line: Spark moves a filter on it down, and would decode every line twice for one on the text.
        (F.col("line") == "").alias("blank"),
        F.size("sent").alias("width"),
        (F.size("sent") != len(delivery.header)).alias("ragged"),
    )


def _unquoted(cell: Column) -> Column:
    """The text between the quotes; a cell with text after its closing quote stays as it was sent."""
    within = F.replace(F.substring(cell, F.lit(2), F.length(cell) - 2), F.lit('""'), F.lit('"'))
    return F.when(F.startswith(cell, F.lit('"')) & cell.rlike(_WHOLE_QUOTED), within).otherwise(cell)


def _survey(parsed: DataFrame, delivery: CsvDelivery) -> DataFrame:
    """One row per split: its lines and bytes, and how often each thing is found; of some, where the first one is."""
    body, ragged = ~F.col("header"), _is_ragged()
    refused = {
        "nul": F.contains("line", F.lit("\0")),
        "returns": F.contains("line", F.lit("\r")),
        "long": (F.octet_length("text") > LONGEST) | (F.col("octets") > LONGEST),
        "open": body & F.col("open"),
        "private": F.col("private"),
        "aside": body & F.col("ragged"),
    }
    noted = {
        "quoting": body & F.col("broken") & ~ragged,
        "undecodable": body & F.col("undecodable"),
        "ragged": body & ragged,
    }
    return parsed.groupBy("split_start", "split_length").agg(
        F.count("*").alias("lines"),
        F.min("place").alias("base"),
        F.sum("octets").alias("octets"),
        F.count_if(body & ~F.col("blank")).alias("rows"),
        F.bool_or(body & F.col("mixed")).alias("mixed"),
        *(F.count_if(found).alias(name) for name, found in {**refused, **noted}.items()),
        *(F.min(F.when(found, F.col("place"))).alias(f"{name}_first") for name, found in noted.items()),
    )


def _is_ragged() -> Column:
    return F.col("ragged") & ~F.col("blank")


def _widths(parsed: DataFrame) -> list[int]:
    """The smallest numbers of cells that ragged rows have: as many as a message names."""
    ragged = parsed.filter(~F.col("header") & _is_ragged())
    return [row.width for row in ragged.select("width").distinct().orderBy("width").limit(5).collect()]


@dataclass(frozen=True)
class _Split:
    """What the first pass says of one split."""

    found: Row

    def times(self, thing: str) -> int:
        return int(self.found[thing])


class _Offsets:
    """From places in partitions to row numbers: per split, what to add, for splits of `split_bytes` each."""

    def __init__(self, splits: list[_Split], split_bytes: int, delivery: CsvDelivery) -> None:
        self._bytes = split_bytes
        self._delivery = delivery
        self._splits = {split.found.split_start // split_bytes: split.found for split in splits}
        self._added: dict[int, int] = {}
        lines = 0
        for at, found in self._splits.items():
            self._added[at] = lines - found.base
            lines += found.lines

    def line(self) -> Column:
        """The number of a line in the file, from 0. The plan fails where its splits are not those of the first pass."""
        at = F.expr(f"split_start div {self._bytes}").cast("int")
        ends = range(max(self._splits) + 1)
        lengths = _numbers(self._splits[end].split_length if end in self._splits else 0 for end in ends)
        partitions = _numbers(self._splits[end].base >> _PLACE_BITS if end in self._splits else -1 for end in ends)
        same = (F.get(lengths, at) == F.col("split_length")) & (
            F.get(partitions, at) == F.shiftright("place", _PLACE_BITS)
        )
        added = _numbers(self._added.get(end, 0) for end in ends)
        changed = F.raise_error(
            F.lit(f"{self._delivery.path.name}: the splits of the file changed while it was read; run it again")
        )
        return F.when(same, F.col("place") + F.get(added, at)).otherwise(changed.cast("bigint"))

    def row(self, split: _Split, thing: str) -> int | None:
        """The row number of the first line of a split where the thing was found."""
        place = split.found[f"{thing}_first"]
        if place is None:
            return None
        line = place + self._added[split.found.split_start // self._bytes]
        return int(line - self._delivery.lines_before + self._delivery.first_row)


def _numbers(numbers: Iterable[int]) -> Column:
    """An array of numbers that Spark folds into one constant."""
    return F.split(F.lit(",".join(map(str, numbers))), ",").cast("array<bigint>")


def _reason(splits: list[_Split], delivery: CsvDelivery) -> str | None:
    """Why the lines of the file are not its rows, if they are not."""
    size = delivery.path.stat().st_size - (3 if delivery.encoding == "utf-8-sig" else 0)
    read = sum(split.found.octets + split.found.lines for split in splits)
    if read not in (size, size + 1):
        return (
            f"{size:,} bytes are in the file, and its lines make up {read:,}: a line is too long for parallel reading, "
            "or Spark sees another file"
        )
    reasons = {
        "nul": "NUL bytes stand in the file",
        "long": f"a line is longer than {LONGEST // 1024 // 1024} MB",
        "returns": "carriage returns stand within lines",
        "open": "a cell runs over several lines, or its quote is not closed",
        "private": "private characters stand in the file by which our own reader marks what it finds",
    }
    for thing, reason in reasons.items():
        if times := sum(split.times(thing) for split in splits):
            return f"{reason} ({times:,} {'line' if times == 1 else 'lines'})"
    if sum(split.times("aside") for split in splits) > RAGGED_LIMIT:
        return f"more than {RAGGED_LIMIT:,} rows have another number of cells than the header"
    return None


def _count_problems(splits: list[_Split], offsets: _Offsets, delivery: CsvDelivery, widths: list[int]) -> None:
    """Note in the delivery what our own reader notes on its way."""
    delivery.forget_counted()
    mixed = any(split.found.mixed for split in splits)
    for split in splits:
        if (row := offsets.row(split, "quoting")) is not None:
            count_quoting(delivery, row, split.times("quoting"))
        if (row := offsets.row(split, "undecodable")) is not None:
            count_undecodable(delivery, row, split.times("undecodable"), mixed)
        if (row := offsets.row(split, "ragged")) is not None:
            count_ragged(delivery, row, split.times("ragged"), widths)


def _rows(parsed: DataFrame, offsets: _Offsets, delivery: CsvDelivery) -> DataFrame:
    """The body's lines as rows of the delivery's schema, blank ones left out."""
    number = offsets.line() - delivery.lines_before + delivery.first_row
    marks = F.col("undecodable")
    encoding = delivery.encoding or "utf-8"
    known = F.when(marks, F.transform("cells", unmarked)).otherwise(F.col("cells"))
    clean = F.transform(known, lambda cell: today(cell, encoding)) if encoding == "gb18030" else known
    sent = original_hex(F.array_join("cells", delivery.delimiter or ","), encoding)
    rows = (
        parsed.select("*", number.alias("number"))
        .filter(~F.col("header") & ~F.col("blank"))
        .select("*", clean.alias("clean"), F.when(marks, sent).alias("hex"))
    )
    damage = F.when(F.col("ragged"), RAGGED).when(F.col("broken"), UNREADABLE).when(marks, BAD_BYTES)
    cells = {name: F.get("clean", F.lit(at)) for name, at in delivery.matched.columns.items()}
    return delivered(rows, delivery, F.col("number"), cells, _extra(delivery), damage, F.col("hex"))


def _extra(delivery: CsvDelivery) -> Column:
    """Unknown columns under their headers; surplus cells of ragged rows under +1, +2, …"""
    unknown, width = delivery.matched.unknown, len(delivery.header)
    named = F.array().cast("array<string>")
    if unknown:
        named = json_members(
            member_names(list(unknown.values())), F.array(*(F.get("clean", F.lit(at)) for at in unknown))
        )
    surplus = F.slice("clean", F.lit(width + 1), F.size("clean"))
    places = F.transform(surplus, lambda _, at: F.concat(F.lit('"+'), at + 1, F.lit('": ')))
    members = F.when(F.size("clean") > width, F.concat(named, json_members(places, surplus))).otherwise(named)
    return json_object(members)
