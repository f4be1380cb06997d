"""Tables of characters that mean the same: full-width forms, radical lookalikes, middle dots, blanks."""

from __future__ import annotations

import unicodedata

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound

ASCII_SPACE = "\t\n\x0b\f\r "
IDEOGRAPHIC_SPACE = "\u3000"
SPACES = (
    ASCII_SPACE
    + IDEOGRAPHIC_SPACE
    + "\x85\u00a0\u1680\u2028\u2029\u202f\u205f\ufeff"
    + "".join(map(chr, range(0x2000, 0x200E)))
)
# What is there and cannot be seen: zero-width characters and joiners, marks of writing direction, the soft hyphen.
INVISIBLE = "".join(
    chr(code)
    for first, last in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0xFEFF, 0xFEFF), (0xAD, 0xAD))
    for code in range(first, last + 1)
)
# White space and what cannot be seen: nothing of either is part of an identifier, nor of a text at its ends.
BLANKS = "".join(dict.fromkeys(SPACES + INVISIBLE))
# U+00B7 is the right one in names; the others are what keyboards and fonts make of it.
MIDDLE_DOTS = "·•・．‧･.∙"

_APOSTROPHE = "['‘’]"

FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + IDEOGRAPHIC_SPACE
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + " "

KANGXI = "".join(map(chr, range(0x2F00, 0x2FD6)))
# NFKC leaves these CJK radicals alone, yet PDFs print them for the ordinary characters.
RADICALS, ORDINARY = "⺠⻅⻓⻔⻚⻛⻝", "民见长门页风食"
# Han characters of Korean and Japanese sets that Unicode has twice.
COMPATIBLE = "".join(
    character for character in map(chr, range(0xF900, 0xFADA)) if unicodedata.normalize("NFC", character) != character
)
LOOKALIKES = KANGXI + RADICALS + COMPATIBLE
PLAIN = unicodedata.normalize("NFKC", KANGXI) + ORDINARY + unicodedata.normalize("NFC", COMPATIBLE)


# GB 18030-2022 gave these, until then of the private use area, code points of their own.
PRIVATE = "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864" + "".join(map(chr, range(0xE78D, 0xE797)))
PUBLIC = "".join(map(chr, range(0x9FB4, 0x9FBC))) + "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"

# Marks that Unicode writes after a letter or within it: of Latin, Greek and Cyrillic, and of Arabic letters.
MARKS = "".join(map(chr, (*range(0x300, 0x370), *range(0x653, 0x656))))
_WITH_MARKS = {
    letter: plain
    for first, last in ((0xC0, 0x24F), (0x370, 0x52F), (0x622, 0x6D3), (0x1E00, 0x1FFF))
    for letter in map(chr, range(first, last + 1))
    for plain in ["".join(character for character in unicodedata.normalize("NFD", letter) if character not in MARKS)]
    if len(plain) == 1 and plain != letter
}
LETTERS_WITH_MARKS, LETTERS = "".join(_WITH_MARKS), "".join(_WITH_MARKS.values())


def half_width(value: ir.StringValue) -> ir.StringValue:
    """Full-width ASCII and U+3000 as ordinary ASCII; everything else as it is."""
    # Engines build the table of `translate` anew for each row.
    return ibis.ifelse(value.re_search(f"[！-～{IDEOGRAPHIC_SPACE}]"), value.translate(FULL_WIDTH, HALF_WIDTH), value)


def without_blanks(value: ir.StringValue) -> ir.StringValue:
    """Half-width, without BLANKS wherever they stand, and without the apostrophes that spreadsheets write in front.

    Those are one or more of `'` (and ＇) where anything else follows, and of ‘ and ’ too where an ASCII letter or digit
    follows. NULL for NULL.
    """
    return bound(half_width(value).re_replace(one_of(BLANKS), ""), without_apostrophes)


def without_apostrophes(text: ir.StringValue) -> ir.StringValue:
    """As in `without_blanks`, of a text that is half-width."""
    return ibis.cases(
        (~text.re_search(f"^{_APOSTROPHE}"), text),
        (text.re_search(f"^{_APOSTROPHE}+[0-9A-Za-z]"), text.re_replace(f"^{_APOSTROPHE}+", "")),
        (text.re_search("^'+[^']"), text.re_replace("^'+", "")),
        else_=text,
    )


def one_of(characters: str) -> str:
    """A regular expression class that matches any one of `characters`, alike in RE2 and Java."""
    return "[" + "".join(f"\\{c}" if c in r"\]^-[" else c for c in characters) + "]"
