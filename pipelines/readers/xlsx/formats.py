"""What a cell's number format makes of its number: nothing, a day, a moment, a time of day or a length of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from pipelines.readers.xlsx import markup
from pipelines.readers.xlsx.package import Part


class Shown(IntEnum):
    """How Excel shows a number."""

    NUMBER = 0
    DATE = 1
    MOMENT = 2
    CLOCK = 3
    ELAPSED = 4


# ECMA-376 part 1, 18.8.30; 27–36 and 50–58 are those of Chinese Excel, whose codes no file spells out.
BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17), Shown.DATE),
    **dict.fromkeys((18, 19, 20, 21), Shown.CLOCK),
    22: Shown.MOMENT,
    **dict.fromkeys((27, 28, 29, 30, 31, 36), Shown.DATE),
    **dict.fromkeys((32, 33, 34, 35), Shown.CLOCK),
    45: Shown.CLOCK,
    46: Shown.ELAPSED,
    47: Shown.CLOCK,
    **dict.fromkeys((50, 51, 52, 53, 54, 57, 58), Shown.DATE),
    **dict.fromkeys((55, 56), Shown.CLOCK),
}
_MOST_FORMATS = 1_000_000
# Quoted text, an escaped character, the space of a character's width, a character that fills the cell.
_LITERAL = re.compile(r'"[^"]*"?|[\\_*].', re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[[<>=]")
_BRACKETED = re.compile(r"\[[^\]]*\]?")
_HALF_DAY = re.compile(r"am/pm|a/p|上午/下午", re.IGNORECASE)
_NO_CODE = re.compile(r"general|e[+-]", re.IGNORECASE)


def shown(code: str) -> Shown:
    """How numbers look under a format code: by its first section, or by all of them where one has a condition."""
    plain = _LITERAL.sub("", code)
    if not _CONDITION.search(plain):
        plain = plain.partition(";")[0]
    elapsed = _ELAPSED.search(plain) is not None
    plain = _BRACKETED.sub("", plain)
    half_days = _HALF_DAY.search(plain) is not None
    letters = set(_NO_CODE.sub("", _HALF_DAY.sub("", plain)).lower())
    clock = half_days or bool(letters & set("hs"))
    # An `m` is minutes beside hours or seconds, and `e` a year where it is no exponent.
    date = bool(letters & set("yde")) or ("m" in letters and not clock and not elapsed)
    if date:
        return Shown.MOMENT if clock else Shown.DATE
    return Shown.ELAPSED if elapsed else Shown.CLOCK if clock else Shown.NUMBER


def cell_formats(part: Part | None) -> Mapping[str, Shown]:
    """The attribute `s` of cells → how they show numbers, for the styles that show a date or time."""
    if part is None:
        return {}
    codes: dict[int, str] = {}
    styles: list[int] = []
    inside = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if name in ("numFmts", "cellXfs"):
            inside = name
        elif name == "numFmt" and inside == "numFmts":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "xf" and inside == "cellXfs":
            styles.append(int(attributes.get("numFmtId", "0")))
        if len(styles) + len(codes) > _MOST_FORMATS:
            raise part.damaged("it holds more than a million formats")

    def end(name: str) -> None:
        nonlocal inside
        if name == inside:
            inside = ""

    markup.read_whole(part, start, end)
    known = BUILT_IN | {number: shown(code) for number, code in codes.items()}
    looks = ((str(place), known.get(number, Shown.NUMBER)) for place, number in enumerate(styles))
    return {style: look for style, look in looks if look}
