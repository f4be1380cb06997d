"""Decimal numbers as files write them: thousands separators, full-width digits."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

UNSIGNED = "(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:[.][0-9]*)?|[.][0-9]+"
_PLAIN = "^-?[0-9]+([.][0-9]+)?$"
_NUMBER = f"^[+-]?(?:{UNSIGNED})$"


def normalise(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """The number as `decimal(p,s)`, rounded half up to its scale; NULL where it cannot be read or does not fit."""
    text = half_width(sent(value)).re_replace(one_of(BLANKS), "")
    return ibis.cases(
        (value.re_search(_PLAIN), value.try_cast(decimal_type)),
        (text.re_search(_NUMBER), text.replace(",", "").try_cast(decimal_type)),
        else_=ibis.null(decimal_type),
    )


KINDS = {"decimal": Kind(lambda value, asked: normalise(value, asked.element.ibis_type))}
