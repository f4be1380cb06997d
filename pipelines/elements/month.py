"""Months as files spell them: yyyyMM, with dividers, in Chinese, or a day of the month."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

_PLAIN = "^[12][0-9]{3}(?:0[1-9]|1[0-2])$"
# Any day and time of day may follow, and a workbook's `.0`.
_COMPACT = "^([12][0-9]{3})(0[1-9]|1[0-2])(?:[0-3][0-9])?(?:[.]0)?$"
_SPELT = "^([12][0-9]{3})[-/.年](0?[1-9]|1[0-2])(?:月|[-/.月][0-9]{1,2}日?T?[0-9:.]*)?$"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """The month as yyyyMM (GB/T 7408.1, compact); what cannot be read stays as it is sent."""
    tidy = half_width(sent(value)).re_replace(one_of(BLANKS), "")
    return ibis.cases((value.re_search(_PLAIN), value), else_=ibis.coalesce(bound(tidy, _read), sent(value)))


def _read(text: ir.StringValue) -> ir.StringValue:
    return ibis.cases(
        (text.re_search(_COMPACT), text.left(6)),
        (text.re_search(_SPELT), text.left(4) + text.re_extract(_SPELT, 2).lpad(2, "0")),
        else_=ibis.null("string"),
    )


KINDS = {"month": Kind(lambda value, _: normalise(value))}
