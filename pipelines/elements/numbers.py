"""Decimal numbers as files write them: thousands separators, full-width digits."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import DECIMAL, Asked, Kind
from pipelines.elements.sent import sent

_DIGITS = "(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)"
UNSIGNED = f"{_DIGITS}(?:[.][0-9]*)?|[.][0-9]+"
_PLAIN = "^-?[0-9]+([.][0-9]+)?$"
_NUMBER = f"^[+-]?(?:{UNSIGNED})$"
_PLAIN_WHOLE = "^-?[0-9]+$"
_WHOLE = f"^[+-]?{_DIGITS}(?:[.]0*)?$"
# What is reported in ten thousands of yuan has six digits behind the point: as many as make cents.
_WAN, _WIDE, _YUAN_A_WAN = "decimal(18,6)", "decimal(28,6)", 10_000


def normalise(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """The number as `decimal(p,s)`, rounded half up to its scale; NULL where it cannot be read or does not fit."""
    text = _tidy(value)
    return ibis.cases(
        (value.re_search(_PLAIN), value.try_cast(decimal_type)),
        (text.re_search(_NUMBER), text.replace(",", "").try_cast(decimal_type)),
        else_=ibis.null(decimal_type),
    )


def normalise_whole(value: ir.StringValue) -> ir.IntegerValue:
    """The whole number (`1,234` and `12.0` are two) as `int64`; NULL where it has a fraction or does not fit."""
    text = _tidy(value)
    return ibis.cases(
        (value.re_search(_PLAIN_WHOLE), value.try_cast("int64")),
        # Engines round a fraction or refuse it: none is left for them.
        (text.re_search(_WHOLE), text.replace(",", "").re_replace("[.]0*$", "").try_cast("int64")),
        else_=ibis.null("int64"),
    )


def normalise_wan(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """Yuan of a number of ten thousands of yuan (万元), which is read as any decimal number, to the cent."""
    return (normalise(value, _WAN).cast(_WIDE) * _YUAN_A_WAN).try_cast(decimal_type)


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value)).re_replace(one_of(BLANKS), "")


def _read(value: ir.StringValue, asked: Asked) -> ir.NumericValue:
    kind = asked.element.ibis_type
    return normalise_whole(value) if kind == "int64" else normalise(value, kind)


KINDS = {
    "decimal": Kind(_read, types=("int64", DECIMAL)),
    "amount_wan": Kind(lambda value, asked: normalise_wan(value, asked.element.ibis_type), types=(DECIMAL,)),
}
