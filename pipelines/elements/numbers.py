"""Decimal numbers as files write them: thousands separators, full-width digits, and larger units that headers name."""

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
_MU, _WIDER, _SQUARE_METRES = "decimal(14,4)", "decimal(19,4)", "decimal(18,2)"
_FACTOR = "decimal(17,2)"  # two of them have a product that no engine rounds


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


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value)).re_replace(one_of(BLANKS), "")


def _read(value: ir.StringValue, asked: Asked) -> ir.NumericValue:
    kind = asked.element.ibis_type
    return normalise_whole(value) if kind == "int64" else normalise(value, kind)


def normalise_wan(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """Yuan of a plain number of 万元; NULL where it cannot be read or does not fit."""
    precision, scale = _digits(decimal_type)
    # Four digits move from behind the point to before it: what can be read always fits. DuckDB widens no product that
    # could do with 18 digits by its factors.
    read = normalise(value, f"decimal({precision},{scale + 4})").cast(f"decimal({max(precision, 18) + 5},{scale + 4})")
    return (read * 10_000).cast(decimal_type)


def normalise_mu(value: ir.StringValue) -> ir.DecimalValue:
    """Square metres, rounded half up to hundredths, of a plain number of 亩, each 2000/3 m²; NULL where negative too.

    At most ten digits before the point and four behind it, so that whole numbers of 64 bits do.
    """
    read = normalise(value, _MU).cast(_WIDER)
    halves = (ibis.ifelse(read < 0, ibis.null(_WIDER), read) * 10_000).cast("int64") * 40 + 3
    hundredths = ((halves - halves % 6) / 6).cast("int64")
    return (hundredths.cast(_FACTOR) * ibis.literal("0.01").cast(_FACTOR)).cast(_SQUARE_METRES)


def _digits(decimal_type: str) -> tuple[int, int]:
    precision, scale = decimal_type.removeprefix("decimal(").removesuffix(")").split(",")
    return int(precision), int(scale)


KINDS = {
    "decimal": Kind(_read, types=("int64", DECIMAL)),
    "amount_wan": Kind(lambda value, asked: normalise_wan(value, asked.element.ibis_type), types=(DECIMAL,)),
    "area_mu": Kind(lambda value, _: normalise_mu(value), types=(DECIMAL,)),
}
