"""The match key of names: what two spellings of one name have in common."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import (
    BLANKS,
    FULL_WIDTH,
    HALF_WIDTH,
    LETTERS,
    LETTERS_WITH_MARKS,
    LOOKALIKES,
    MARKS,
    MIDDLE_DOTS,
    PLAIN,
    PRIVATE,
    PUBLIC,
)

# A name of ordinary Han characters (extensions included) is its own key.
_OTHER_THAN_HAN = "[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003347f]"
_OTHER_THAN_USUAL = _OTHER_THAN_HAN.replace("[^", "[^!--/-~")
_DOTS_AND_BLANKS = "".join(dict.fromkeys(MIDDLE_DOTS + BLANKS))
_UNIFIED = [
    (old, new)
    for old, new in zip(FULL_WIDTH + LOOKALIKES + PRIVATE, HALF_WIDTH + PLAIN + PUBLIC, strict=True)
    if old not in _DOTS_AND_BLANKS
]
_FROM = "".join(old for old, _ in _UNIFIED) + _DOTS_AND_BLANKS
_TO = "".join(new for _, new in _UNIFIED)
_MARKED = "[\u00c0-\u024f\u0300-\u052f\u0622-\u06d3\u1e00-\u1fff]"


def name_key(value: ir.StringValue) -> ir.StringValue:
    """`value` without BLANKS and middle dots, half-width, radical lookalikes made ordinary, lower case.

    Letters lose their accents and other marks, whether Unicode composes them (NFC) or not (NFD): José is jose. The
    characters that GB 18030-2022 moved out of the private use area count as where they are now.
    For comparing names only: the text itself is kept as it came. NULL for NULL.
    """
    # Half- and full-width parentheses and the middle dot are most of what occurs, and `replace` is much cheaper.
    usual = value.replace("（", "(").replace("）", ")").replace("·", "").replace(" ", "")
    # `translate` deletes the characters that have no counterpart.
    unified = bound(
        usual, lambda name: ibis.ifelse(name.re_search(_OTHER_THAN_USUAL), name.translate(_FROM, _TO), name)
    )
    key = bound(unified, _without_marks).lower()
    return ibis.ifelse(value.re_search(_OTHER_THAN_HAN), key, value)


def _without_marks(text: ir.StringValue) -> ir.StringValue:
    return ibis.ifelse(text.re_search(_MARKED), text.translate(LETTERS_WITH_MARKS + MARKS, LETTERS), text)
