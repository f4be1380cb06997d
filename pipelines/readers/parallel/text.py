"""Lines of a text file as Spark's text source gives them, bytes as they stand, decoded as our own readers do.

Undecodable bytes become the marks of `readers/encoding.py`, lines of UTF-8 in a GB18030 file are found as
`readers/mixing.py` finds them, and GB18030 is Python's, whatever edition of it the Java runtime follows.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  Spark's own name for it

from pipelines.readers.encoding import BAD_MARKS, EURO_MARK, MARKS, MOVED, MOVED_BEGIN, marked

_HIGH = bytes(range(0x80, 0x100))
# One character, in the bytes of the encoding read as ISO 8859-1.
_CHARACTER = {
    "utf-8": r"[\x00-\x7f]++|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    r"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}",
    "gb18030": r"[\x00-\x7f]++|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\x83\x90-\xe2][0-9][\x81-\xfe][0-9]"
    r"|\x84(?:0[\x81-\xfe]|1[\x81-\xa4])[0-9]|\xe3(?:[01][\x81-\xfe][0-9]|2(?:[\x81-\x99][0-9]|\x9a[0-5]))",
}
# The characters whose code the editions of GB18030 (2000, 2005, 2022) have moved, in Python's edition.
_MOVED = "".join(
    map(chr, [*range(0xE78D, 0xE797), 0xE7C7, 0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864])
) + "".join(map(chr, [0x1E3F, *range(0x9FB4, 0x9FBC), *range(0xFE10, 0xFE1A)]))
# U+FFFD, which stands for what does not decode, and all that may be moved; and the beginnings of their UTF-8, which
# are looked for first, as a regular expression costs as much as the decoding.
_UNSURE = r"[\ufffd\u1e3f\u9fb4-\u9fbb\ue78d-\ue864\ufe10-\ufe19]"
_UNSURE_BYTES = ("efbfbd", "e1b8bf", "e9be", "ee", "efb8")
_LEVEL_1 = "".join(
    bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)
)


def with_text(lines: DataFrame, line: str, encoding: str) -> DataFrame:
    """Adds to lines (a string column of raw bytes) `text`, `private` and `mixed`.

    `private` says that the line holds characters which our readers use for themselves; `mixed`, that it is UTF-8 in a
    GB18030 file. `encoding` is a delivery's: `utf-8`, `utf-8-sig` or `gb18030`.
    """
    raw = F.col(line)
    if encoding != "gb18030":
        text = F.when(F.is_valid_utf8(raw), raw).otherwise(_with_marks(raw, "utf-8"))
        return lines.select("*", text.alias("text"), _private(raw).alias("private"), F.lit(False).alias("mixed"))
    plain = F.decode(raw.cast("binary"), "GB18030")
    known = lines.select("*", plain.alias("plain"), _is_utf8_line(raw).alias("mixed"))
    text = (
        F.when(F.col("mixed"), _all_marked(raw))
        .when(_is_unsure(F.col("plain")), _with_marks(raw, "gb18030"))
        .otherwise(F.col("plain"))
    )
    return known.select("*", text.alias("text"), _private(F.col("plain")).alias("private")).drop("plain")


def has_marks(text: Column, encoding: str) -> Column:
    """Whether a text without private characters of its own holds a marked byte that means nothing in the encoding."""
    return _private(text) & text.rlike(BAD_MARKS) if encoding == "gb18030" else _private(text)


def today(text: Column, encoding: str) -> Column:
    """A text without undecodable bytes as our reader gives it: with the euro of code page 936, as of GB 18030-2022."""
    if encoding != "gb18030":
        return text
    concerned = reduce(or_, (_holds(text, begin.hex()) for begin in (EURO_MARK.encode(), *MOVED_BEGIN)))
    before, now = ("".join(map(chr, codes)) for codes in ((*MOVED, ord(EURO_MARK)), (*MOVED.values(), ord("€"))))
    return F.when(concerned, _translated(text, F.lit(before), F.lit(now))).otherwise(text)


def unmarked(text: Column) -> Column:
    """The text with U+FFFD for every marked byte."""
    return F.regexp_replace(text, MARKS, "\ufffd")


def original_hex(text: Column, encoding: str) -> Column:
    """The bytes from which a text with marks was decoded, as hex."""
    pieces = F.regexp_extract_all(text, F.lit(f"{MARKS}|[^{MARKS[1:-1]}]++"), F.lit(0))

    def digits(piece: Column) -> Column:
        mark = F.substring(F.hex(F.encode(piece, "UTF-16BE")), -2, 2)
        return F.when(_private(piece), mark).otherwise(F.hex(_encoded(piece, encoding)))

    return F.lower(F.array_join(F.transform(pieces, digits), ""))


def _private(text: Column) -> Column:
    """U+10F000 and above begin with these two bytes, which no other character has one after the other."""
    return _holds(text, "f48f")


def _is_unsure(text: Column) -> Column:
    return reduce(or_, (_holds(text, begin) for begin in _UNSURE_BYTES)) & text.rlike(_UNSURE)


def _holds(text: Column, hexadecimal: str) -> Column:
    return F.contains(text, F.lit(bytes.fromhex(hexadecimal)).cast("string"))


def _with_marks(raw: Column, encoding: str) -> Column:
    """Character by character; every byte that belongs to none is marked."""
    tokens = F.regexp_extract_all(_bytes_as_text(raw), F.lit(f"(?:{_CHARACTER[encoding]})++|[\\x80-\\xff]"), F.lit(0))

    def token(found: Column) -> Column:
        is_lone_byte = (F.length(found) == 1) & (found >= F.lit("\x80"))
        return F.when(is_lone_byte, _marks(found)).otherwise(_decoded(F.encode(found, "ISO-8859-1"), encoding))

    return F.array_join(F.transform(tokens, token), "")


def _all_marked(raw: Column) -> Column:
    return _marks(_bytes_as_text(raw))


def _bytes_as_text(raw: Column) -> Column:
    return F.decode(raw.cast("binary"), "ISO-8859-1")


def _marks(text: Column) -> Column:
    return F.translate(text, _HIGH.decode("latin-1"), marked(_HIGH))


def _decoded(content: Column, encoding: str) -> Column:
    if encoding != "gb18030":
        return content.cast("string")
    return _translated(F.decode(content, "GB18030"), _javas_moved(), F.lit(_MOVED))


def _encoded(text: Column, encoding: str) -> Column:
    if encoding != "gb18030":
        return F.encode(text, "UTF-8")
    return F.encode(_translated(text, F.lit(_MOVED), _javas_moved()), "GB18030")


def _javas_moved() -> Column:
    """What the Java runtime makes of the bytes that Python decodes to `_MOVED`; Spark computes it once per plan."""
    return F.decode(F.lit(_MOVED.encode("gb18030")), "GB18030")


def _translated(text: Column, before: Column, after: Column) -> Column:
    return F.call_function("translate", text, before, after)


def _is_utf8_line(raw: Column) -> Column:
    """UTF-8, not ASCII, and with a greater share of everyday characters than when it is read as GB18030."""
    foreign = F.is_valid_utf8(raw) & (F.octet_length(raw) != F.length(raw))
    better = _common(raw) > _common(_with_marks(raw, "gb18030"))
    return F.when(foreign, better).otherwise(F.lit(False))


def _common(text: Column) -> Column:
    foreign = F.regexp_replace(text, r"[\x00-\x7f]++", "")
    rare = F.translate(foreign, _LEVEL_1, "")
    return (F.length(foreign) - F.length(rare)) / F.length(foreign)
