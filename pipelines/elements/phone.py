"""Telephone numbers: one or several in a cell, joined by `;`."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import SPACES, half_width, one_of
from pipelines.elements.sent import sent

SEPARATOR = ";"
_PLAIN = "^[0-9+-]*[0-9]$"
_BETWEEN = one_of("、,;/" + SPACES) + "+"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """Half-width, several numbers joined by `;`. A cell of nothing but separators stays as it was sent."""
    text = sent(value)
    joined = half_width(text).re_replace(_BETWEEN, SEPARATOR).re_replace("^;|;$", "")
    return ibis.cases((value.re_search(_PLAIN), value), (joined == "", text), else_=joined)
