"""Telephone numbers: one or several in a cell, joined by `;`."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import INVISIBLE, SPACES, half_width, one_of, without_apostrophes
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

SEPARATOR = ";"
_PLAIN = "^[0-9+-]*[0-9]$"
# One number in groups: its country, its area in parentheses, or a mobile number by three and four digits.
_IN_GROUPS = (
    "^(?:[+]?(?:00)?86[ -]*)?(?:1[3-9][0-9] [0-9]{4} [0-9]{4}|[(]?0[0-9]{2,3}[)]?[ -]*[0-9]{7,8}|1[3-9][0-9]{9})$"
)
_OF_FRACTION = "^(1[3-9][0-9]{9}|0?[1-9][0-9]{6,10})[.]0+$"
_BETWEEN = one_of("、,;/" + SPACES) + "+"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """Half-width, without unseen characters and apostrophes in front, several numbers joined by `;`.

    White space stands between numbers, as `、` `,` `;` and `/` do; in one number it becomes a hyphen, as parentheses do
    (`+86 139…`, `（0471）…`). What made a fraction of a number (`.0`) is gone. Only separators stay as sent.
    """
    text = sent(value)
    seen = bound(half_width(text).re_replace(one_of(INVISIBLE), ""), without_apostrophes)
    return ibis.ifelse(value.re_search(_PLAIN), value, bound(seen, lambda tidy: _joined(tidy, text)))


def _joined(tidy: ir.StringValue, text: ir.StringValue) -> ir.StringValue:
    several = tidy.re_replace(_BETWEEN, SEPARATOR).re_replace("^;|;$", "")
    return ibis.cases(
        (tidy.re_search(_OF_FRACTION), tidy.re_extract(_OF_FRACTION, 1)),
        (tidy.re_search(_IN_GROUPS), tidy.re_replace("[ ()-]+", "-").re_replace("^-", "")),
        (several == "", text),
        else_=several,
    )


KINDS = {"phone": Kind(lambda value, _: normalise(value))}
