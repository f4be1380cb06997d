"""Merged cells: the value of the first one stands for each of them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.readers.xlsx import markup
from pipelines.readers.xlsx.package import Part
from pipelines.readers.xlsx.sheet import LAST_COLUMN, Cells, Places

_MOST = 1_000_000
_TAG = b"mergeCell"
_RANGE = re.compile("([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")


def merged_ranges(part: Part) -> Any:
    """The sheet's merged ranges: top, left, bottom, right, rows from 1 and columns from 0, by their top.

    They stand behind the rows, so the part is read once more: all its bytes, its XML where they say that it has any.
    """
    ranges = array("i")
    if _may_hold_any(part):
        places = Places()

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "mergeCell":
                ranges.extend(_range(attributes.get("ref", ""), places))
                if len(ranges) > 4 * _MOST:
                    raise part.damaged("it has more than a million merged ranges")

        markup.read_whole(part, start)
    found = np.array(ranges, np.int32).reshape(-1, 4)
    return found[np.argsort(found[:, 0], kind="stable")]


def _may_hold_any(part: Part) -> bool:
    before, first, found = b"", True, False
    # To the last byte in any case: a broken part is found before its first row is handed on.
    for chunk in part.chunks():
        found = found or (first and b"\0" in chunk[:4]) or chunk[:2] in (b"\xff\xfe", b"\xfe\xff")
        found = found or _TAG in before + chunk
        before, first = chunk[-len(_TAG) :], False
    return found


def _range(reference: str, places: Places) -> tuple[int, int, int, int]:
    match = _RANGE.fullmatch(reference.replace("$", "").upper())
    if match is None:
        return 0, 0, 0, 0  # one cell, which stands for itself
    left, top, right, bottom = match.groups()
    return int(top), places[left], int(bottom), places[right]


@dataclass
class _Anchor:
    """The first cell of a range that goes on below the rows that came."""

    kind: int
    shared: int
    text: str


class Merged:
    """The merged ranges below the header, as the rows come: batch by batch, in their order."""

    def __init__(self, part: Part, ranges: Any, header_row: int) -> None:
        self._part = part
        below = (ranges[:, 0] > header_row) & (ranges[:, 2] >= ranges[:, 0]) & (ranges[:, 3] >= ranges[:, 1])
        self._ranges = ranges[below]
        self._at = 0
        self._open: dict[int, _Anchor] = {}

    def fill(self, cells: Cells, places: Mapping[int, Any]) -> tuple[Cells, Any]:
        """Put the number of the cell that counts into `places`, which gives per column (from 0) one per row, or -1.

        Gives the cells, with those from further above behind them (their `row` and `column` end before these), and
        the numbers of the rows into which a value was filled.
        """
        top, bottom = self._ranges[:, 0], self._ranges[:, 2]
        fresh = range(self._at, int(np.searchsorted(top, cells.rows[-1], "right")))
        self._at = fresh.stop
        found = self._first_cells(cells, fresh)
        carried = list(self._open)
        anchors = dict(zip(carried, range(len(cells.row), len(cells.row) + len(carried)), strict=True)) | found
        cells = _longer(cells, [self._open[place] for place in carried])
        filled = np.zeros(len(cells.rows), bool)
        if anchors:
            self._spread(cells, anchors, places, filled)
        last = cells.rows[-1]
        going_on = {place: at for place, at in anchors.items() if bottom[place] > last}
        self._open = {
            place: self._open[place] if place in self._open else _anchor(cells, at) for place, at in going_on.items()
        }
        return cells, cells.rows[filled]

    def _first_cells(self, cells: Cells, fresh: range) -> dict[int, int]:
        """Which of these ranges have a first cell that holds something, and which one it is."""
        if not fresh:
            return {}
        ranges = self._ranges[fresh.start : fresh.stop]
        row = np.searchsorted(cells.rows, ranges[:, 0])
        there = cells.rows[np.minimum(row, len(cells.rows) - 1)] == ranges[:, 0]
        wanted = row.astype(np.int64) * LAST_COLUMN + ranges[:, 1]
        keys = cells.row.astype(np.int64) * LAST_COLUMN + cells.column
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = np.flatnonzero(there & (keys[at] == wanted))
        return dict(zip((hit + fresh.start).tolist(), at[hit].tolist(), strict=True))

    def _spread(self, cells: Cells, anchors: Mapping[int, int], places: Mapping[int, Any], filled: Any) -> None:
        numbers = np.fromiter(anchors, np.int64, len(anchors))
        ranges = self._ranges[numbers]
        first = np.searchsorted(cells.rows, ranges[:, 0]).tolist()
        beyond = np.searchsorted(cells.rows, ranges[:, 2], "right").tolist()
        room = 2 * len(cells.rows) * len(places) + len(anchors)
        for number, start, stop in zip(numbers.tolist(), first, beyond, strict=True):
            _, left, _, right = self._ranges[number].tolist()
            for column, at in places.items():
                if left <= column <= right:
                    filled[start:stop] |= at[start:stop] != anchors[number]
                    at[start:stop] = anchors[number]
                    room -= stop - start
            if room < 0:
                raise self._part.damaged("its merged ranges lie above each other")


def _anchor(cells: Cells, at: int) -> _Anchor:
    return _Anchor(int(cells.kind[at]), int(cells.shared[at]), cells.text[at].as_py())


def _longer(cells: Cells, anchors: list[_Anchor]) -> Cells:
    if not anchors:
        return cells
    return Cells(
        cells.rows,
        cells.row,
        cells.column,
        np.append(cells.kind, np.array([anchor.kind for anchor in anchors], np.int8)),
        np.append(cells.shared, np.array([anchor.shared for anchor in anchors], np.int64)),
        pa.concat_arrays([cells.text, pa.array([anchor.text for anchor in anchors], pa.string())]),
    )
