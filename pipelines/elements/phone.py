"""Telephone numbers: one or several in a cell, joined by `;`."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import INVISIBLE, SPACES, half_width, one_of, without_apostrophes
from pipelines.elements.sent import sent

SEPARATOR = ";"
_PLAIN = "^[0-9+-]*[0-9]$"
_BETWEEN = one_of("、,;/" + SPACES) + "+"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """Half-width, without unseen characters and apostrophes in front, several numbers joined by `;`.

    White space stands between numbers, as `、` `,` `;` and `/` do. A cell of nothing but separators stays as sent.
    """
    text = sent(value)
    seen = bound(half_width(text).re_replace(one_of(INVISIBLE), ""), without_apostrophes)
    joined = seen.re_replace(_BETWEEN, SEPARATOR).re_replace("^;|;$", "")
    return ibis.cases((value.re_search(_PLAIN), value), (joined == "", text), else_=joined)
