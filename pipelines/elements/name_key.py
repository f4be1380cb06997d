"""The match key of names: what two spellings of one name have in common."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import FULL_WIDTH, HALF_WIDTH, LOOKALIKES, MIDDLE_DOTS, PLAIN, SPACES

# A name of ordinary Han characters (extensions included) is its own key.
_OTHER_THAN_HAN = "[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003347f]"
_OTHER_THAN_USUAL = _OTHER_THAN_HAN.replace("[^", "[^!--/-~")
_DOTS_AND_SPACES = "".join(dict.fromkeys(MIDDLE_DOTS + SPACES))
_UNIFIED = [
    (old, new)
    for old, new in zip(FULL_WIDTH + LOOKALIKES, HALF_WIDTH + PLAIN, strict=True)
    if old not in _DOTS_AND_SPACES
]
_FROM = "".join(old for old, _ in _UNIFIED) + _DOTS_AND_SPACES
_TO = "".join(new for _, new in _UNIFIED)


def name_key(value: ir.StringValue) -> ir.StringValue:
    """`value` without white space and middle dots, half-width, radical lookalikes made ordinary, lower case.

    For comparing names only: the text itself is kept as it came. NULL for NULL.
    """
    # Half- and full-width parentheses and the middle dot are most of what occurs, and `replace` is much cheaper.
    usual = value.replace("（", "(").replace("）", ")").replace("·", "").replace(" ", "")
    # `translate` deletes the characters that have no counterpart.
    key = bound(
        usual, lambda name: ibis.ifelse(name.re_search(_OTHER_THAN_USUAL), name.translate(_FROM, _TO), name).lower()
    )
    return ibis.ifelse(value.re_search(_OTHER_THAN_HAN), key, value)
