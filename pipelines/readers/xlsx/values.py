"""Cells as stored → text: nothing is rounded, and what Excel itself has lost is marked."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column
from pipelines.readers.xlsx.escapes import decoded
from pipelines.readers.xlsx.shared import SharedTexts
from pipelines.readers.xlsx.sheet import Cells, Kind

# Why a cell is no value: a formula's error or its missing result, a number that no reader takes for one, lost digits.
SOUND, ERROR, NO_RESULT, NO_NUMBER, DIGITS_LOST = range(5)
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"
# A number that stays as it is: it has no exponent, no fraction of zeros, and no more digits than Excel keeps.
_PLAIN = r"^-?[0-9]{1,15}(\.[0-9]*[1-9][0-9]*)?$"
_SCIENTIFIC = re.compile(r"-?[0-9](\.[0-9]+)?[eE]")
_EXCEL_DIGITS = 15
_MOST_ZEROS = 20
_BARE_SERIAL = r"^[0-9]{5}(\.[0-9]+)?$"
_DAY_MS = 86_400_000
_LAST_DAY = "9999-12-31"
_UNIX = np.datetime64("1970-01-01", "D")
_EPOCH_1900, _EPOCH_1904 = np.datetime64("1899-12-30", "D"), np.datetime64("1904-01-01", "D")
# Excel counts a 29 February 1900; the days before it are one later than the epoch says.
_NO_DAY, _NO_DAY_TEXT = 60, "1900-02-29"


def stored(cells: Cells, at: Any, shared: SharedTexts) -> Column:
    """The texts of the cells with these numbers, as they are stored."""
    texts, numbers = cells.text.take(pa.array(at)), cells.shared[at]
    of_shared = np.flatnonzero(numbers >= 0)
    if not len(of_shared):
        return texts
    if len(of_shared) == len(at):
        return shared.take(numbers)
    order = np.arange(len(at))
    order[of_shared] = len(at) + np.arange(len(of_shared))
    return pa.concat_arrays([texts, shared.take(numbers[of_shared])]).take(pa.array(order))


class Texts:
    """The texts of some cells and, for each, whether it is a value: `flags` are SOUND or the reason why not."""

    def __init__(self, kinds: Any, texts: Column, date1904: bool) -> None:
        self._date1904 = date1904
        self.flags = np.full(len(kinds), SOUND, np.int8)
        self.flags[kinds == Kind.ERROR] = ERROR
        self.flags[kinds == Kind.FORMULA] = NO_RESULT
        self._found: list[tuple[Any, Column]] = []
        self._set(np.flatnonzero(kinds == Kind.TEXT), texts, decoded)
        self._set(np.flatnonzero(np.isin(kinds, (Kind.SHARED, Kind.ERROR, Kind.FORMULA))), texts, _as_it_is)
        self._set(np.flatnonzero(kinds == Kind.BOOLEAN), texts, _boolean)
        numbers = np.flatnonzero(kinds <= Kind.ELAPSED)
        if len(numbers):
            self._numbers(numbers, kinds[numbers], texts)
        self.texts = self._joined(len(kinds))

    def _set(self, cells: Any, texts: Column, convert: Any) -> None:
        if len(cells):
            self._found.append((cells, convert(texts.take(pa.array(cells)))))

    def _joined(self, length: int) -> Column:
        if not self._found:
            return pa.array([], pa.string())
        order = np.empty(length, np.int64)
        order[np.concatenate([cells for cells, _ in self._found])] = np.arange(length)
        return pa.concat_arrays([texts for _, texts in self._found]).take(pa.array(order))

    def _numbers(self, cells: Any, kinds: Any, texts: Column) -> None:
        trimmed = pc.utf8_trim_whitespace(texts.take(pa.array(cells)))
        number = _matches(trimmed, _NUMBER)
        self.flags[cells[~number]] = NO_NUMBER
        dated = number & (kinds != Kind.NUMBER)
        if dated.any():
            at = np.flatnonzero(dated)
            serials = trimmed.take(pa.array(at)).cast(pa.float64()).to_numpy()
            within, shown = _shown(serials, kinds[at], self._date1904)
            self._found.append((cells[at[within]], shown))
            dated[at[~within]] = False
        self._found.append((cells[~number], trimmed.filter(pa.array(~number))))
        plain = number & ~dated
        self._plain(cells[plain], trimmed.filter(pa.array(plain)))

    def _plain(self, cells: Any, written: Column) -> None:
        usual = _matches(written, _PLAIN)
        self._found.append((cells[usual], written.filter(pa.array(usual))))
        if usual.all():
            return
        coded = written.filter(pa.array(~usual)).dictionary_encode()
        spelt = [_spelt(number) for number in coded.dictionary.to_pylist()]
        self._found.append((cells[~usual], pa.array([text for text, _ in spelt], pa.string()).take(coded.indices)))
        lost = np.array([lost for _, lost in spelt], bool)[coded.indices.to_numpy()]
        self.flags[cells[~usual][lost]] = DIGITS_LOST


def bare_serials(kinds: Any, texts: Column) -> Any:
    """Which cells are numbers without a date format that the element of dates would take for days since 1900."""
    return (kinds == Kind.NUMBER) & _matches(pc.utf8_trim_whitespace(texts), _BARE_SERIAL)


def as_days(kinds: Any, bare: Any) -> Any:
    """The kinds with days in the place of bare numbers."""
    return np.where(bare, Kind.DATE, kinds)


def _matches(texts: Column, pattern: str) -> Any:
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)


def _as_it_is(texts: Column) -> Column:
    return texts


def _boolean(texts: Column) -> Column:
    trimmed = pc.utf8_trim_whitespace(texts)
    false = pc.if_else(pc.is_in(trimmed, pa.array(["0", "false"])), "FALSE", trimmed)
    return pc.if_else(pc.is_in(trimmed, pa.array(["1", "true"])), "TRUE", false)


def _spelt(number: str) -> tuple[str, bool]:
    """A number without its exponent and without a fraction of zeros; whether it has more digits than Excel keeps.

    Such a one is given in scientific form: nobody takes it for the identifier that somebody typed.
    """
    value = Decimal(number)
    if value and value.adjusted() >= _EXCEL_DIGITS:
        return (number if _SCIENTIFIC.match(number) else f"{value:E}"), True
    if value and value.adjusted() < -_MOST_ZEROS:
        return number, False
    whole, _, fraction = f"{value:f}".partition(".")
    return (f"{whole}.{fraction}" if fraction.strip("0") else whole), False


def _shown(serials: Any, kinds: Any, date1904: bool) -> tuple[Any, Column]:
    """Which of these numbers are dates or times within Excel's calendar, and the text of those, in ISO form."""
    epoch = _EPOCH_1904 if date1904 else _EPOCH_1900
    first, last = 0 if date1904 else 1, int((np.datetime64(_LAST_DAY) - epoch).astype(int))
    of_day = (kinds == Kind.CLOCK) & (serials >= 0) & (serials < 1)
    elapsed = (kinds == Kind.ELAPSED) & (serials >= 0) & (serials <= last)
    with np.errstate(invalid="ignore", over="ignore"):
        sane = np.where(np.abs(serials) <= last + 1, serials, -1.0)
    ms = np.rint(sane * _DAY_MS).astype(np.int64)
    # A time of day just before midnight stays in its day.
    ms = np.where(of_day, np.minimum(ms, _DAY_MS - 1), ms)
    day, time = np.divmod(ms, _DAY_MS)
    dated = (kinds != Kind.ELAPSED) & ~of_day & (day >= first) & (day <= last) & (serials >= first)
    within = of_day | elapsed | dated
    day, time, kinds, elapsed, of_day = day[within], time[within], kinds[within], elapsed[within], of_day[within]
    clock = _clock(np.where(elapsed, day * 24, 0) + time // 3_600_000, time % 3_600_000)
    late = day if date1904 else day + (day < _NO_DAY)
    dates = pa.array((epoch - _UNIX).astype(np.int32) + late.astype(np.int32)).cast(pa.date32()).cast(pa.string())
    if not date1904:
        dates = pc.if_else(pa.array(day == _NO_DAY), _NO_DAY_TEXT, dates)
    moment = pc.binary_join_element_wise(dates, clock, " ")
    with_clock = pa.array((time != 0) | (kinds != Kind.DATE))
    return within, pc.if_else(pa.array(elapsed | of_day), clock, pc.if_else(with_clock, moment, dates))


def _clock(hours: Any, ms: Any) -> Column:
    """`HH:MM:SS`, milliseconds only where there are any."""
    rest = pa.array(ms.astype(np.int32), pa.int32()).cast(pa.time32("ms")).cast(pa.string())
    tail = pc.replace_substring_regex(pc.utf8_slice_codeunits(rest, 2), r"\.0+$", "")
    return pc.binary_join_element_wise(pc.utf8_lpad(pa.array(hours).cast(pa.string()), 2, "0"), tail, "")
