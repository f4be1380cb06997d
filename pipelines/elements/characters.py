"""Tables of characters that mean the same: full-width forms, radical lookalikes, middle dots, white space."""

from __future__ import annotations

import unicodedata

import ibis
import ibis.expr.types as ir

ASCII_SPACE = "\t\n\x0b\f\r "
IDEOGRAPHIC_SPACE = "\u3000"
SPACES = (
    ASCII_SPACE
    + IDEOGRAPHIC_SPACE
    + "\x85\u00a0\u1680\u2028\u2029\u202f\u205f\ufeff"
    + "".join(map(chr, range(0x2000, 0x200E)))
)
# U+00B7 is the right one in names; the others are what keyboards and fonts make of it.
MIDDLE_DOTS = "·•・．‧･.∙"

FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + IDEOGRAPHIC_SPACE
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + " "

KANGXI = "".join(map(chr, range(0x2F00, 0x2FD6)))
# NFKC leaves these CJK radicals alone, yet PDFs print them for the ordinary characters.
RADICALS, ORDINARY = "⺠⻅⻓⻔⻚⻛⻝", "民见长门页风食"
LOOKALIKES = KANGXI + RADICALS
PLAIN = unicodedata.normalize("NFKC", KANGXI) + ORDINARY


def half_width(value: ir.StringValue) -> ir.StringValue:
    """Full-width ASCII and U+3000 as ordinary ASCII; everything else as it is."""
    # Engines build the table of `translate` anew for each row.
    return ibis.ifelse(value.re_search(f"[！-～{IDEOGRAPHIC_SPACE}]"), value.translate(FULL_WIDTH, HALF_WIDTH), value)


def one_of(characters: str) -> str:
    """A regular expression class that matches any one of `characters`, alike in RE2 and Java."""
    return "[" + "".join(f"\\{c}" if c in r"\]^-[" else c for c in characters) + "]"
