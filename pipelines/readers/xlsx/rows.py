"""A sheet's cells → batches of the delivery's schema, and what is told of the rows that are no whole ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column, assemble, json_string
from pipelines.readers.delivery import CELL_ERROR, DIGITS_LOST, Delivery
from pipelines.readers.header import Matched
from pipelines.readers.xlsx import values
from pipelines.readers.xlsx.merged import Merged
from pipelines.readers.xlsx.package import damaged
from pipelines.readers.xlsx.sheet import Cells
from pipelines.readers.xlsx.values import Texts, bare_serials, stored
from pipelines.readers.xlsx.workbook import Workbook

_SLICE_BYTES, _ROW_BYTES = 64 * 1024 * 1024, 256 * 1024 * 1024
_FLAGGED = {
    values.ERROR: (
        "cells of the column {} hold an error, such as #N/A",
        "correct the formulas in Excel, or clear these cells, and send the file again",
        ("列 {} 的单元格是错误值，如 #N/A", "请在 Excel 中改正公式或清空这些单元格，再重新报送"),
    ),
    values.NO_RESULT: (
        "cells of the column {} hold a formula without a stored result",
        "open the file in Excel, which calculates, save it, and send that",
        ("列 {} 的单元格是没有存下结果的公式", "请在 Excel 中打开（会重新计算）、保存再报送"),
    ),
    values.NO_NUMBER: (
        "cells of the column {} hold what their workbook calls a number, and it is none",
        "open the file in Excel, correct these cells, save it, and send that",
        ("列 {} 的单元格标为数值，却不是数值", "请在 Excel 中打开、改正这些单元格、保存再报送"),
    ),
    values.DIGITS_LOST: (
        "cells of the column {} hold numbers of more than 15 digits, of which Excel keeps 15",
        "export these numbers as text (format the column as text before filling it), and send it again",
        ("列 {} 的单元格是超过 15 位的数值，Excel 只保留 15 位", "请先把该列设为文本格式再填写或导出，再重新报送"),
    ),
}


class Rows:
    """Turns the cells below the header into batches, and tells the delivery what is wrong with them."""

    def __init__(self, delivery: Delivery, book: Workbook, matched: Matched) -> None:
        self._delivery, self._book, self._matched = delivery, book, matched
        self._headers = {name: header for header, name in delivery.contract.cells.items()}
        self._declared = np.array(sorted(matched.columns.values()), np.int32)

    def take(self, cells: Cells, merged: Merged) -> Iterator[pa.RecordBatch]:
        """The rows of these cells, in batches of some megabytes; raises UnreadableFile for a row that is too large."""
        places = {at: _places(cells, at) for at in self._matched.columns.values()}
        others = np.flatnonzero(~np.isin(cells.column, self._declared))
        cells, filled = merged.fill(cells, places)
        self._note_merged(filled)
        sizes = self._sizes(cells, places, others)
        if sizes.max() > _ROW_BYTES:
            row = int(cells.rows[np.argmax(sizes)])
            raise damaged(self._delivery.path.name, " (this row holds more than 256 MB of text)", row)
        for start, stop in _slices(sizes):
            in_slice = (cells.row[others] >= start) & (cells.row[others] < stop)
            yield self._batch(
                cells, {at: found[start:stop] for at, found in places.items()}, others[in_slice], start, stop
            )

    def _sizes(self, cells: Cells, places: dict[int, Any], others: Any) -> Any:
        """Bytes of text per row."""
        lengths = pc.binary_length(cells.text).to_numpy(zero_copy_only=False).astype(np.int64)
        shared = np.flatnonzero(cells.shared >= 0)
        lengths[shared] = self._book.texts.lengths[cells.shared[shared]]
        with_none = np.append(lengths, 0)
        sizes = np.bincount(cells.row[others], lengths[others], len(cells.rows)).astype(np.int64)
        for found in places.values():
            sizes += with_none[found]
        return sizes

    def _batch(self, cells: Cells, places: dict[int, Any], others: Any, start: int, stop: int) -> pa.RecordBatch:
        rows = cells.rows[start:stop]
        columns: dict[str, Column] = {}
        damage = np.full(stop - start, None, object)
        for name, at in self._matched.columns.items():
            found = np.flatnonzero(places[at] >= 0)
            texts = self._texts(name, cells, places[at][found], rows[found])
            columns[name] = _spread(texts.texts, found, stop - start)
            if texts.flags.any():
                self._note_flags(name, texts.flags, rows[found])
                # Of two kinds of damage in one row, a value that is none weighs more than one that is rounded.
                lost, none = found[texts.flags == values.DIGITS_LOST], found[_is_no_value(texts.flags)]
                damage[lost] = np.where(damage[lost] == None, DIGITS_LOST, damage[lost])  # noqa: E711
                damage[none] = CELL_ERROR
        extra = self._extra(cells, others, cells.row[others] - start, stop - start) if len(others) else None
        numbers = pa.array(rows, pa.int64())
        return assemble(self._delivery.schema, numbers, columns, extra, pa.array(damage, pa.string()))

    def _texts(self, name: str, cells: Cells, at: Any, rows: Any) -> Texts:
        kinds, written = cells.kind[at], stored(cells, at, self._book.texts)
        if self._book.date1904 and name in self._delivery.contract.dated:
            bare = bare_serials(kinds, written)
            if bare.any():
                self._delivery.count(
                    f"1904 {name}",
                    int(rows[bare][0]),
                    int(bare.sum()),
                    f"the workbook counts days from 1904, and numbers without a date format in the column "
                    f"{self._headers[name]} are read so",
                    "format these cells as dates in Excel, and send the file again",
                    (
                        f"工作簿从 1904 年起计日，列 {self._headers[name]} 中没有日期格式的数值按此读取",
                        "请在 Excel 中把这些单元格设为日期格式，再重新报送",
                    ),
                )
                kinds = values.as_days(kinds, bare)
        return Texts(kinds, written, self._book.date1904)

    def _note_flags(self, name: str, flags: Any, rows: Any) -> None:
        header = self._headers[name]
        for flag, (what, todo, zh) in _FLAGGED.items():
            marked = rows[flags == flag]
            if len(marked):
                self._delivery.count(
                    f"cells {flag} {name}",
                    int(marked[0]),
                    len(marked),
                    what.format(header),
                    todo,
                    (zh[0].format(header), zh[1]),
                )

    def _note_merged(self, rows: Any) -> None:
        if len(rows):
            self._delivery.count(
                "merged",
                int(rows[0]),
                len(rows),
                "cells are merged, and the first one's value stands for each of them",
                "unmerge them in Excel and fill in each row",
                ("有合并的单元格，每格都按第一格的值读取", "请在 Excel 中取消合并，逐行填写"),
            )

    def _extra(self, cells: Cells, others: Any, row: Any, length: int) -> Column:
        """One JSON object per row of the cells in columns that no contract declares: work per cell, not per column."""
        columns = cells.column[others]
        named = np.isin(columns, np.array([at for at in self._matched.unknown if self._delivery.header[at].strip()]))
        if not named.all():
            beyond = np.unique(row[~named])
            self._delivery.count(
                "nameless",
                int(cells.rows[cells.row[others[~named]][0]]),
                len(beyond),
                "cells stand in columns without a header; they are kept aside",
                "name the columns in the header, or remove these cells",
                ("没有表头的列中有单元格，另行保存", "请在表头写出列名，或删去这些单元格"),
            )
        keys, of_key = np.unique(columns, return_inverse=True)
        names = pa.array([self._matched.unknown.get(at, f"#{at + 1}") for at in keys.tolist()], pa.string())
        texts = Texts(cells.kind[others], stored(cells, others, self._book.texts), self._book.date1904).texts
        members = pc.binary_join_element_wise(json_string(names).take(pa.array(of_key)), json_string(texts), ": ")
        ends = np.append(0, np.cumsum(np.bincount(row, minlength=length)))
        joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends, pa.int32()), members), ", ")
        objects = pc.binary_join_element_wise("{", joined, "}", "")
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _is_no_value(flags: Any) -> Any:
    return (flags != values.SOUND) & (flags != values.DIGITS_LOST)


def _places(cells: Cells, column: int) -> Any:
    """Per row the number of its cell in this column, or -1."""
    places = np.full(len(cells.rows), -1, np.int64)
    found = np.flatnonzero(cells.column == column)
    places[cells.row[found]] = found
    return places


def _spread(texts: Column, rows: Any, length: int) -> Column:
    """Texts at the rows where they stand, NULL in the others."""
    if len(rows) == length:
        return texts
    order = np.full(length, -1, np.int64)
    order[rows] = np.arange(len(rows))
    return texts.take(pa.array(order, mask=order < 0))


def _slices(sizes: Any) -> Iterator[tuple[int, int]]:
    """Neighbouring rows whose text together is not too large; one row of more stands alone."""
    bucket = np.cumsum(sizes) // _SLICE_BYTES
    starts = np.append(0, np.flatnonzero(np.diff(bucket)) + 1)
    yield from zip(starts.tolist(), [*starts[1:].tolist(), len(sizes)], strict=True)
