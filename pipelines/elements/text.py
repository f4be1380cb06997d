"""Free text and document numbers: trimmed, and for numbers half-width without white space."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import SPACES, half_width, one_of
from pipelines.elements.sent import sent

# Printable ASCII with a digit in it: no token for "nothing", nothing to tidy.
_PLAIN_CODE = "^[!-~]*[0-9][!-~]*$"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """The text as sent: only white space at the ends is gone, for whole records are never rewritten."""
    return sent(value)


def normalise_code(value: ir.StringValue) -> ir.StringValue:
    """A document's number: half-width, no white space; its case is kept."""
    text = half_width(sent(value)).re_replace(one_of(SPACES), "")
    return ibis.ifelse(value.re_search(_PLAIN_CODE), value, text)


def normalise_upper_code(value: ir.StringValue) -> ir.StringValue:
    """A code whose letters' case means nothing: as a document's number, and upper case."""
    return normalise_code(value).upper()
