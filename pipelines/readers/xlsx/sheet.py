"""A worksheet's XML as batches of cells, each as it is stored: place, kind, text. What is not written costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column
from pipelines.readers.xlsx import markup
from pipelines.readers.xlsx.formats import Shown
from pipelines.readers.xlsx.package import Part

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_BATCH_CELLS, _BATCH_ROWS, _BATCH_CHUNKS = 250_000, 65_536, 256


class Kind(IntEnum):
    """What a cell holds. The first five are numbers, as `Shown` tells them apart."""

    NUMBER = Shown.NUMBER
    DATE = Shown.DATE
    MOMENT = Shown.MOMENT
    CLOCK = Shown.CLOCK
    ELAPSED = Shown.ELAPSED
    TEXT = 5
    SHARED = 6
    BOOLEAN = 7
    ERROR = 8
    FORMULA = 9


_KINDS = {
    "s": Kind.SHARED,
    "str": Kind.TEXT,
    "inlineStr": Kind.TEXT,
    "d": Kind.TEXT,
    "b": Kind.BOOLEAN,
    "e": Kind.ERROR,
}


@dataclass(frozen=True)
class Cells:
    """The cells of some rows that hold something, by row and column.

    `rows` are row numbers; per cell, `row` is a place in `rows`, `column` counts from 0, `kind` is a `Kind`, and
    `shared` the number of its shared text (else -1).
    """

    rows: Any
    row: Any
    column: Any
    kind: Any
    shared: Any
    text: Column

    def below(self, row: int) -> Cells:
        """The cells of rows of higher numbers."""
        first = int(np.searchsorted(self.rows, row, "right"))
        if not first:
            return self
        at = int(np.searchsorted(self.row, first))
        rest = self.column[at:], self.kind[at:], self.shared[at:], self.text.slice(at)
        return Cells(self.rows[first:], self.row[at:] - first, *rest)


def read_cells(part: Part, formats: Mapping[str, Shown], shared: int, batch_rows: int = _BATCH_ROWS) -> Iterator[Cells]:
    """The sheet's cells in the order of its rows, in batches; `shared` is how many shared texts there are.

    Empty cells, and rows of such alone, are left out. Raises UnreadableFile where the sheet is damaged: also for rows
    that do not ascend and for a cell that stands twice.
    """
    reading = _Reading(part, formats, shared)
    for _ in markup.read(part, reading.start, reading.end, reading.pieces):
        if reading.is_full(batch_rows):
            yield reading.taken()
    if reading.rows:
        yield reading.taken()


class Places(dict[str, int]):
    """A column's letters → its number from 0."""

    def __missing__(self, letters: str) -> int:
        place = 0
        for letter in letters.upper():
            if not "A" <= letter <= "Z":
                raise ValueError("a column is named by letters")
            place = place * 26 + ord(letter) - 64
        if not 1 <= place <= LAST_COLUMN:
            raise ValueError("there is no such column")
        self[letters] = place - 1
        return place - 1


class _Reading:
    """The state between two events of one pass. `start` and `end` run once per element: they are short for speed."""

    def __init__(self, part: Part, formats: Mapping[str, Shown], shared: int) -> None:
        self._part, self._shared = part, shared
        self._numbers = {style: Kind(look) for style, look in formats.items()}
        self._places = Places()
        self.pieces: list[str] = []
        self._chunks = 0
        self._row, self._row_text, self._digits, self._column = 0, "0", 1, -1
        self._in_row = self._in_cell = False
        self._deep = self._phonetic = self._first = 0
        self._empty_batch()
        self._no_cell()

    def _empty_batch(self) -> None:
        self.rows: list[int] = []
        self._counts: list[int] = []
        self._columns: list[int] = []
        self._kinds: list[int] = []
        self._texts: list[str] = []
        self._chunks = 0

    def _no_cell(self) -> None:
        self._kind: Kind = Kind.NUMBER
        self._value: str | None = None
        self._formula: str | None = None
        self._inline: list[str] | None = None

    def is_full(self, batch_rows: int) -> bool:
        """Whether what came of whole rows is enough for a batch; to be asked after each chunk."""
        self._chunks += 1
        many = len(self._texts) >= _BATCH_CELLS or len(self.rows) >= batch_rows or self._chunks >= _BATCH_CHUNKS
        return many and bool(self.rows)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or name == "f":  # noqa: PLR1714  twice as fast as a tuple
            self.pieces.clear()
            self._deep += 1
            if self._deep > markup.DEEPEST:
                raise self._part.damaged(markup.NESTED)
        elif name == "row":
            self._start_row(attributes.get("r"))
        else:
            self._start_other(name)

    def end(self, name: str) -> None:
        if name == "v":
            self._deep -= 1
            self._value = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
            self.pieces.clear()
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "f":
            self._deep -= 1
            self._formula = "".join(self.pieces)
        else:
            self._end_other(name)

    def _start_row(self, number: str | None) -> None:
        if self._in_row or self._in_cell:
            raise self._part.damaged(markup.NESTED, self._row)
        row = self._row + 1 if number is None else int(number)
        if not self._row < row <= LAST_ROW:
            raise self._part.damaged(f"row {row} stands below row {self._row}", row if row > 0 else None)
        self._row, self._row_text = row, str(row)
        self._digits = len(self._row_text)
        self._column, self._in_row = -1, True
        self.pieces.clear()

    def _end_row(self) -> None:
        self._in_row = False
        if len(self._texts) > self._first:
            self.rows.append(self._row)
            self._counts.append(len(self._texts) - self._first)
            self._first = len(self._texts)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        if self._in_cell or not self._in_row:
            raise self._part.damaged("a cell stands outside of its row", self._row or None)
        self._in_cell = True
        self._no_cell()
        place = attributes.get("r")
        if place is None:
            self._column += 1
            if self._column >= LAST_COLUMN:
                raise self._part.damaged("the row has more columns than Excel's sheets", self._row)
        else:
            if not place.endswith(self._row_text):
                raise self._part.damaged("a cell of another row stands in it", self._row)
            self._column = self._places[place[: -self._digits]]
        kind = attributes.get("t")
        if kind is None or kind == "n":
            self._kind = self._numbers.get(attributes.get("s", ""), Kind.NUMBER)
        else:
            known = _KINDS.get(kind)
            if known is None:
                raise self._part.damaged("a cell has a type that no workbook has", self._row)
            self._kind = known

    def _end_cell(self) -> None:
        self._in_cell = False
        if self._value:
            self._add(self._kind, self._value)
        elif self._inline:
            self._add(Kind.TEXT, "".join(self._inline))
        elif self._formula is not None and not (self._kind == Kind.TEXT and self._value is not None):
            # A formula whose result is an empty text has a stored value: none but the tag.
            self._add(Kind.FORMULA, f"={self._formula}")

    def _add(self, kind: Kind, text: str) -> None:
        if text:
            self._columns.append(self._column)
            self._kinds.append(kind)
            self._texts.append(text)

    def _start_other(self, name: str) -> None:
        self._deep += 1
        if self._deep > markup.DEEPEST:
            raise self._part.damaged(markup.NESTED)
        if self._in_cell:
            if name == "t":
                self.pieces.clear()
            elif name == "is":
                self._inline = []
            elif name == "rPh":
                self._phonetic += 1

    def _end_other(self, name: str) -> None:
        self._deep -= 1
        if self._in_cell:
            if name == "t" and self._inline is not None and not self._phonetic:
                self._inline.append("".join(self.pieces))
                if sum(map(len, self._inline)) > markup.LONGEST:
                    raise self._part.damaged(markup.LONG, self._row)
            elif name == "rPh":
                self._phonetic -= 1

    def taken(self) -> Cells:
        """What came of whole rows since the last time."""
        whole = self._first
        rest = self._columns[whole:], self._kinds[whole:], self._texts[whole:]
        cells = self._sorted(np.array(self.rows, np.int32), whole)
        self._empty_batch()
        self._columns, self._kinds, self._texts = rest
        self._first = 0
        return cells

    def _sorted(self, rows: Any, whole: int) -> Cells:
        row = np.repeat(np.arange(len(rows), dtype=np.int32), self._counts)
        column = np.array(self._columns[:whole], np.int32)
        kind = np.array(self._kinds[:whole], np.int8)
        text = pa.array(self._texts[:whole], pa.string())
        shared = self._shared_numbers(rows, row, kind, text)
        key = row.astype(np.int64) * LAST_COLUMN + column
        if np.any(np.diff(key) <= 0):
            order = np.argsort(key, kind="stable")
            twice = np.flatnonzero(np.diff(key[order]) == 0)
            if len(twice):
                raise self._part.damaged("a cell stands twice in this row", int(rows[row[order[twice[0]]]]))
            column, kind, shared, text = column[order], kind[order], shared[order], text.take(pa.array(order))
        return Cells(rows, row, column, kind, shared, text)

    def _shared_numbers(self, rows: Any, row: Any, kind: Any, text: Column) -> Any:
        numbers = np.full(len(kind), -1, np.int64)
        cells = np.flatnonzero(kind == Kind.SHARED)
        trimmed = pc.utf8_trim_whitespace(text.take(pa.array(cells)))
        fits = pc.match_substring_regex(trimmed, "^[0-9]{1,9}$").to_numpy(zero_copy_only=False)
        if fits.all():
            numbers[cells] = trimmed.cast(pa.int64()).to_numpy()
            fits = numbers[cells] < self._shared
        if not fits.all():
            wrong = int(rows[row[cells[np.flatnonzero(~fits)[0]]]])
            raise self._part.damaged("a cell refers to a shared text that is missing", wrong)
        return numbers
