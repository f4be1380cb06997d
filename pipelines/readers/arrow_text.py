"""Arrow values as text: each as its type says it, exactly; what cannot be text is told apart cell by cell.

Dates and times are in ISO 8601 form (GB/T 7408.1), instants in Beijing time with its offset. Decimals keep their
digits; a floating-point number is the shortest decimal that stands for it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column
from pipelines.readers.mixing import UTF8_CELL

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_PLACES = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_BEIJING, _OFFSET = 8 * 3600, "+08:00"
# Seconds of the years 1 to 9999: what lies outside has no date in ISO 8601.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
# Up to here every whole number has a floating-point number of its own. Beyond, digits would be shown that nobody sent.
WHOLE = {16: 2_048.0, 32: 1e7, 64: 1e15}
_UUID_PARTS = (0, 8, 12, 16, 20, 32)


@dataclass(frozen=True)
class Rendered:
    """Values as text, and the hex of those whose bytes are no text (None: there are none)."""

    text: Column
    undecodable: Column | None = None


def plain(column: Column, bytes_are_text: bool = True) -> Rendered:
    """A column of any type that is not nested; raises pa.ArrowException for one that has no text.

    Bytes are text where they are UTF-8 without NUL. Others are undecodable or, unless `bytes_are_text`, given as hex.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return Rendered(_uuid(column.storage)) if kind == pa.uuid() else plain(column.storage, bytes_are_text)
    if pa.types.is_dictionary(kind):
        return plain(column.dictionary_decode(), bytes_are_text)
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(column), bytes_are_text)
    if _is_string(kind):
        return _checked(column.cast(pa.binary()), nul=True)
    if _is_binary(kind):
        return _bytes(column.cast(pa.binary()), bytes_are_text)
    return Rendered(_value(column))


def is_text(kind: pa.DataType) -> bool:
    """Whether values of the type are text already, or bytes that may be."""
    return _is_string(kind) or _is_binary(kind)


def _is_string(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_binary(kind: pa.DataType) -> bool:
    is_plain = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return is_plain or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind)


def _value(column: Column) -> Column:
    kind = column.type
    if pa.types.is_floating(kind):
        return _number(column)
    if pa.types.is_decimal(kind):
        return _decimal(column)
    if pa.types.is_timestamp(kind):
        return _moment(column)
    if pa.types.is_duration(kind):
        return _duration(column)
    if pa.types.is_time(kind):
        return pc.replace_substring_regex(pc.cast(column, pa.string()), r"\.0+$", "")
    return pc.cast(column, pa.string())


def _checked(raw: Column, nul: bool) -> Rendered:
    """Bytes as text where they are UTF-8, and hold no NUL unless `nul`; else U+FFFD, with the bytes as hex."""
    try:
        text = raw.cast(pa.string())
    except pa.ArrowInvalid:
        text = None
    if text is not None and (nul or not pc.any(pc.match_substring(text, "\0")).as_py()):
        return Rendered(text)
    good = pc.match_substring_regex(raw, UTF8_CELL if nul else UTF8_CELL.replace(r"\x00", r"\x01"))
    places = np.flatnonzero(pc.invert(good).fill_null(False).to_numpy(zero_copy_only=False))
    kept = pc.if_else(good, raw, pa.scalar(None, pa.binary())).cast(pa.string())
    sent = raw.take(pa.array(places)).to_pylist()
    hexes = _at(places, [cell.hex() for cell in sent], len(raw))
    return Rendered(pc.coalesce(kept, _at(places, [cell.decode("utf-8", "replace") for cell in sent], len(raw))), hexes)


def _bytes(raw: Column, are_text: bool) -> Rendered:
    found = _checked(raw, nul=False)
    if are_text or found.undecodable is None:
        return found
    return Rendered(pc.coalesce(found.undecodable, found.text))


def _at(places: np.ndarray, values: list[str], length: int) -> Column:
    """A column of NULLs with `values` at `places`."""
    filled = np.full(length, None, object)
    filled[places] = values
    return pa.array(filled, pa.string())


def _number(column: Column) -> Column:
    """`0.1`, `13912345678`, `1.5e-7`; a whole number that others might have been rounded to keeps its exponent."""
    bits = column.type.bit_width
    if bits == 16:
        halves = column.fill_null(0).to_numpy(zero_copy_only=False)
        shortest = pc.if_else(column.is_null(), pa.scalar(None, pa.string()), pa.array(halves.astype("U").tolist()))
        column = column.cast(pa.float32())
    else:
        shortest = column.cast(pa.string())
    size = pc.abs(column)
    whole = pc.and_(pc.and_(pc.less(size, WHOLE[bits]), pc.greater(size, 0)), pc.equal(pc.floor(column), column))
    digits = pc.if_else(whole, column, pa.scalar(None, column.type)).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(digits, _with_exponent(_without_exponent(_plain_zero(shortest)), bits))


def _plain_zero(text: Column) -> Column:
    return pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1")


def _without_exponent(text: Column) -> Column:
    """Arrow writes 12345678901.25 as 1.234567890125e+10: the point is put where it belongs."""
    if pc.any(pc.match_substring_regex(text, r"\.\d{11,}e\+1[0-4]$")).as_py():
        for exponent in range(10, 15):
            text = pc.replace_substring_regex(text, rf"^(-?\d)\.(\d{{{exponent}}})(\d+)e\+{exponent}$", r"\1\2.\3")
    return text


def _with_exponent(text: Column, bits: int) -> Column:
    """What is left of whole numbers of 16 and 32 bits is too large to be exact."""
    if bits == 64:
        return text
    for length in range(4, 11):
        text = pc.replace_substring_regex(text, rf"^(-?\d)(\d{{{length - 1}}})$", rf"\1.\2e+{length - 1}")
    return pc.replace_substring_regex(text, r"\.?0*e\+0*", "e+")


def _decimal(column: Column) -> Column:
    """The digits as stored, with as many places after the point as the type has."""
    kind = column.type
    if kind.bit_width < 128:
        kind = pa.decimal128(kind.precision, kind.scale)
        column = column.cast(kind)
    make = pa.decimal256 if kind.bit_width == 256 else pa.decimal128
    scaled = pa.Array.from_buffers(make(kind.precision, 0), len(column), column.buffers(), offset=column.offset)
    digits = scaled.cast(pa.string())
    if kind.scale <= 0:
        return pc.cast(column, pa.string()) if kind.scale else digits
    sign = pc.if_else(pc.starts_with(digits, "-"), "-", "")
    padded = pc.utf8_lpad(pc.utf8_ltrim(digits, "-"), kind.scale + 1, "0")
    before = pc.utf8_slice_codeunits(padded, 0, -kind.scale)
    after = pc.utf8_slice_codeunits(padded, -kind.scale, kind.precision + kind.scale)
    return pc.binary_join_element_wise(sign, before, ".", after, "")


def _moment(column: Column) -> Column:
    """`2024-01-02 03:04:05`, fractions only where there are any; an instant in Beijing time, `… 03:04:05+08:00`.

    An instant whose year in Beijing is 10000 already keeps UTC: 9999-12-31 is what writers mean by no end.
    """
    unit, zone = column.type.unit, column.type.tz
    none = column.is_null().to_numpy(zero_copy_only=False)
    values = column.cast(pa.timestamp(unit)).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    seconds, parts = np.divmod(values, _PER_SECOND[unit])
    far = (seconds < _FIRST) | (seconds > _LAST)
    seconds = np.where(far, 0, seconds)
    moved = np.full(len(values), zone is not None) & (seconds + _BEIJING <= _LAST)
    seconds = seconds + moved * _BEIJING
    offset = "" if zone is None else pc.if_else(pa.array(moved), _OFFSET, "+00:00")
    text = pa.array(seconds, pa.timestamp("s"), mask=none | far).cast(pa.string())
    text = pc.binary_join_element_wise(text, _fraction(parts, unit), offset, "")
    if not far[~none].any():
        return text
    words = pc.binary_join_element_wise("<value out of range: ", pa.array(values, mask=none).cast(pa.string()), ">", "")
    return pc.coalesce(text, words)


def _fraction(parts: np.ndarray, unit: str) -> Column:
    """`.120000` for a part of a second that is counted in `unit`, nothing for none."""
    if not parts.any():
        return pa.repeat("", len(parts))
    digits = pc.utf8_lpad(pa.array(parts).cast(pa.string()), _PLACES[unit], "0")
    return pc.if_else(pa.array(parts != 0), pc.binary_join_element_wise(".", digits, ""), "")


def _duration(column: Column) -> Column:
    """`PT90S`, `-PT0.500S`."""
    none = column.is_null().to_numpy(zero_copy_only=False)
    values = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    size = np.where(values < 0, -values.astype(object), values) if values.min(initial=0) < 0 else values
    seconds, parts = np.divmod(size.astype(np.uint64), np.uint64(_PER_SECOND[column.type.unit]))
    sign = pc.if_else(pa.array(values < 0, mask=none), "-", "")
    whole = pa.array(seconds).cast(pa.string())
    return pc.binary_join_element_wise(sign, "PT", whole, _fraction(parts, column.type.unit), "S", "")


def _uuid(storage: Column) -> Column:
    """`12345678-90ab-cdef-8234-567890abcdef` (RFC 9562)."""
    length = len(storage)
    digits = storage.buffers()[1].slice(storage.offset * 16, length * 16).to_pybytes().hex().encode()
    whole = pa.Array.from_buffers(pa.binary(32), length, [None, pa.py_buffer(digits)]).cast(pa.binary())
    text = whole.cast(pa.string())
    ends = itertools.pairwise(_UUID_PARTS)
    joined = pc.binary_join_element_wise(*(pc.utf8_slice_codeunits(text, start, end) for start, end in ends), "-")
    return pc.if_else(storage.is_null(), pa.scalar(None, pa.string()), joined)
