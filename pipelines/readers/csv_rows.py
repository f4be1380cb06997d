"""Parsed CSV columns → batches of a delivery: row numbers, ragged rows, and rows with bytes that do not decode."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers import encoding
from pipelines.readers.cells import Column, assemble, code_where, joined_objects, json_objects, surplus
from pipelines.readers.delivery import BAD_BYTES, RAGGED, UNREADABLE, Delivery
from pipelines.readers.encoding import Utf8Chunks
from pipelines.readers.header import Matched
from pipelines.readers.quoting import BLANK_MARK, QUOTE_MARK, Lexer, Records

_CELLS = 4_000_000


@dataclass(frozen=True)
class RaggedRow:
    """A record of another width than the header: its number among the records (1-based) and its text."""

    number: int
    text: str


class Rows:
    """Turns parsed batches, in the file's order, into batches of the delivery's schema.

    `ragged` is filled by the parser; its rows are delivered after the batch in whose stretch of the file they lie.
    """

    def __init__(
        self, delivery: Delivery, matched: Matched, lexer: Lexer, text: Utf8Chunks, records: Records, first: int
    ) -> None:
        self._delivery, self._matched, self._lexer = delivery, matched, lexer
        self._text, self._records = text, records
        self._first = first
        self._lengths: set[int] = set()
        self._next = 1  # number of the next record, counted from 1
        self.ragged: list[RaggedRow] = []

    @property
    def next_row(self) -> int:
        """The row after the last one that was taken."""
        return self._first + max([self._next, *(row.number + 1 for row in self.ragged)]) - 1

    def take(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The batch with its row numbers, then the ragged rows among it."""
        if batch.num_rows:
            numbers = self._numbers(batch.num_rows)
            yield from self._batch(batch.columns, numbers)
        yield from self.rest(self._next)

    def rest(self, before: int | None = None) -> Iterator[pa.RecordBatch]:
        """The ragged rows set aside so far, up to record number `before`."""
        due = [row for row in self.ragged if before is None or row.number < before]
        del self.ragged[: len(due)]
        if due:
            self._next = max(self._next, due[-1].number + 1)
        kept = [row for row in due if row.text != BLANK_MARK]
        if kept:
            yield from self._ragged_batches(kept)

    def _numbers(self, rows: int) -> np.ndarray:
        """Record numbers of the next `rows` rows that are not ragged."""
        if not self.ragged:
            self._next += rows
            return np.arange(self._next - rows, self._next)
        aside = np.array([row.number for row in self.ragged], np.int64)
        numbers = np.setdiff1d(np.arange(self._next, self._next + rows + len(aside)), aside)[:rows]
        self._next = int(numbers[-1]) + 1
        return numbers

    def _batch(self, columns: list[Column], numbers: np.ndarray) -> Iterator[pa.RecordBatch]:
        if len(columns) == 1 and (blank := pc.equal(columns[0], BLANK_MARK)).true_count:
            kept = pc.invert(blank)
            columns, numbers = [columns[0].filter(kept)], numbers[kept.to_numpy(zero_copy_only=False)]
        rows = pa.array(numbers + (self._first - 1), pa.int64())
        if self._delivery.delimiter == "，":
            columns = [pc.replace_substring(column, "\x1f", "，") for column in columns]
        damage = undecodable = None
        if self._records.quotes:
            columns, damage = self._quoting(columns, rows, damage)
        if self._text.bad:
            columns, damage, undecodable = self._decoding(columns, rows, damage)
        columns = self._today(columns)
        unknown = self._matched.unknown
        extra = json_objects(list(unknown.values()), [columns[at] for at in unknown]) if unknown else None
        cells = {name: columns[at] for name, at in self._matched.columns.items()}
        yield assemble(self._delivery.schema, rows, cells, extra, damage, undecodable)

    def _quoting(
        self, columns: list[Column], rows: Column, damage: Column | None
    ) -> tuple[list[Column], Column | None]:
        """Rows in which text follows a closing quote: the cell stays as it was sent, quotes included."""
        broken = _any([pc.match_substring(column, QUOTE_MARK) for column in columns])
        if not broken.true_count:
            return columns, damage
        count_quoting(self._delivery, rows.filter(broken)[0].as_py(), broken.true_count)
        columns = [pc.replace_substring(column, QUOTE_MARK, "") for column in columns]
        return columns, code_where(broken, UNREADABLE, damage)

    def _decoding(
        self, columns: list[Column], rows: Column, damage: Column | None, sent: Column | None = None
    ) -> tuple[list[Column], Column | None, Column | None]:
        """Rows with bytes that the encoding does not have: U+FFFD in the cell, the row's bytes kept as hex.

        `sent` is each row as it was sent, where `columns` are not the cells alone.
        """
        name = self._delivery.encoding
        broken = _any([encoding.is_marked(column, name) for column in columns])
        if name == "gb18030":
            columns = [encoding.with_euro(column, broken) for column in columns]
        if not broken.true_count:
            return columns, damage, None
        count_undecodable(self._delivery, rows.filter(broken)[0].as_py(), broken.true_count, bool(self._text.mixed))
        places = np.flatnonzero(broken.to_numpy(zero_copy_only=False))
        whole = [sent] if sent is not None else columns
        found = zip(*(column.take(pa.array(places)).to_pylist() for column in whole), strict=True)
        kept = np.full(len(rows), None, object)
        kept[places] = [self._hex(list(cells)) for cells in found]
        columns = [encoding.unmarked(column) for column in columns]
        return columns, code_where(broken, BAD_BYTES, damage), pa.array(kept, pa.string())

    def _hex(self, cells: list[str | None]) -> str:
        """The bytes of a row, its cells joined by the delimiter again."""
        joined = (self._delivery.delimiter or ",").join(cell for cell in cells if cell is not None)
        return encoding.original(joined, self._delivery.encoding or "utf-8").hex()

    def _today(self, columns: list[Column]) -> list[Column]:
        return [encoding.as_of_2022(column) for column in columns] if self._text.moved else columns

    def _ragged_batches(self, due: list[RaggedRow]) -> Iterator[pa.RecordBatch]:
        """As many rows at once as their cells allow: a row may be as wide as it is long."""
        at_once = max(1, _CELLS // len(self._delivery.header))
        for start in range(0, len(due), at_once):
            yield self._ragged_batch(due[start : start + at_once])

    def _ragged_batch(self, due: list[RaggedRow]) -> pa.RecordBatch:
        """Rows with too few cells have NULL for the missing ones; surplus cells go to `_extra` as +1, +2, …"""
        delivery, width = self._delivery, len(self._delivery.header)
        rows = pa.array([row.number + self._first - 1 for row in due], pa.int64())
        split = [self._lexer.cells(row.text.encode("utf-8")) for row in due]
        if delivery.delimiter == "，":
            split = [[cell.replace("\x1f", "，") for cell in cells] for cells in split]
        split = [[cell.replace(QUOTE_MARK, "") for cell in cells] for cells in split]
        columns = [
            pa.array([cells[at] if at < len(cells) else None for cells in split], pa.string()) for at in range(width)
        ]
        columns.append(pa.array([surplus(cells[width:]) for cells in split], pa.string()))
        self._lengths.update(len(cells) for cells in split)
        count_ragged(delivery, rows[0].as_py(), len(due), self._lengths)
        undecodable = None
        if self._text.bad:
            sent = pa.array([(delivery.delimiter or ",").join(cells) for cells in split], pa.string())
            columns, _, undecodable = self._decoding(columns, rows, None, sent)
        *columns, beyond = self._today(columns)
        unknown = self._matched.unknown
        extra = joined_objects(
            json_objects(list(unknown.values()), [columns[at] for at in unknown]) if unknown else None, beyond
        )
        cells = {name: columns[at] for name, at in self._matched.columns.items()}
        return assemble(delivery.schema, rows, cells, extra, pa.repeat(RAGGED, len(due)), undecodable)


def count_quoting(delivery: Delivery, row: int, rows: int) -> None:
    """Count rows in which text follows a closing quote; `row` is the first of them."""
    delivery.count(
        "quoting",
        row,
        rows,
        "text follows a closing quote, so where the cell ends is unclear",
        'double a quote that belongs to the text ("") and export the file again',
        ("收尾引号之后还有文字，单元格在哪里结束不明确", '文字中的引号请写成两个（""），再重新导出'),
    )


def count_undecodable(delivery: Delivery, row: int, rows: int, mixed: bool) -> None:
    """Count rows with undecodable bytes; `mixed` says that lines of a GB18030 file are UTF-8."""
    name = (delivery.encoding or "").upper()
    lines, chinese = (", and lines of it are UTF-8: the encodings are mixed", "，其中有 UTF-8 的行：编码混用")
    if not mixed:
        lines = chinese = ""
    delivery.count(
        "undecodable",
        row,
        rows,
        f"bytes that are not {name} stand in a file that else is {name}{lines}",
        "export the whole file in one encoding, UTF-8 or GB18030",
        (f"{name} 文件中有不是 {name} 的字节{chinese}", "请把整个文件按同一种编码（UTF-8 或 GB18030）导出"),
    )


def count_ragged(delivery: Delivery, row: int, rows: int, lengths: Collection[int]) -> None:
    """Count rows of another width than the header; `lengths` are the numbers of cells found so far."""
    found, width = [*map(str, sorted(lengths)[:5])], len(delivery.header)
    delivery.count(
        "ragged",
        row,
        rows,
        f"the row has {' or '.join(found)} cells, the header {width}",
        "quote cells that hold the delimiter or a line end, and send every cell, empty ones too",
        (f"该行有 {'或'.join(found)} 个单元格，表头有 {width} 个", "含分隔符或换行的单元格请加引号，空单元格也要写出"),
    )


def _any(flags: list[Column]) -> Column:
    found = flags[0].fill_null(False)
    for flag in flags[1:]:
        found = pc.or_(found, flag.fill_null(False))
    return found
