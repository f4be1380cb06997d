"""Free text and document numbers: trimmed, and numbers half-width without blanks."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import without_blanks
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

# Printable ASCII with a digit in it, no apostrophe and no spreadsheet's error sign in front: no token, nothing to tidy.
_PLAIN_CODE = '^[!"$-&(-~][!-~]*[0-9][!-~]*$|^[0-9][!-~]*$'

# What files write where a document has no number.
NONE = "无"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """The text as sent: only BLANKS at the ends are gone, for whole records are never rewritten."""
    return sent(value)


def normalise_code(value: ir.StringValue) -> ir.StringValue:
    """A document's number as `characters.without_blanks` makes it; its case is kept."""
    return ibis.ifelse(value.re_search(_PLAIN_CODE), value, without_blanks(sent(value)))


def normalise_upper_code(value: ir.StringValue) -> ir.StringValue:
    """A code whose letters' case means nothing: as a document's number, and upper case."""
    return normalise_code(value).upper()


def normalise_code_or_none(value: ir.StringValue) -> ir.StringValue:
    """A document's number, and NONE where there is none: what is part of a key is never empty."""
    return normalise_code(value).fill_null(NONE)


KINDS = {
    "text": Kind(lambda value, _: normalise(value)),
    "code_text": Kind(lambda value, _: normalise_code(value)),
    "upper_code": Kind(lambda value, _: normalise_upper_code(value)),
    "code_or_none": Kind(lambda value, _: normalise_code_or_none(value)),
}
