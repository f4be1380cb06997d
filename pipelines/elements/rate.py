"""Rates as files write them: a fraction, or a number of hundredths with or without its sign."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

RATE = "decimal(9,6)"
# At most four digits behind the point of hundredths, so that no engine rounds what is divided.
_HUNDREDTHS = "decimal(7,4)"
_FORM = "^(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)[%‰]?$"
_PER_MILLE = "decimal(8,3)"


def normalise(value: ir.StringValue) -> ir.DecimalValue:
    """The fraction: 0.05, 5, `5%` and `50‰` are 0.05; NULL where it cannot be read or is negative.

    Without a sign a number from 1 on counts hundredths and a smaller one is the fraction itself: no rate of 100 % and
    more is known of what is levied, and one below 1 % is written with its sign, or as a fraction.
    """
    tidy = half_width(sent(value)).re_replace(one_of(BLANKS), "")
    return bound(tidy, _read)


def _read(text: ir.StringValue) -> ir.DecimalValue:
    figure = text.re_replace("[%‰]$", "")
    hundredths = _part(figure.try_cast(_HUNDREDTHS), "0.01")
    fraction = figure.try_cast(RATE)
    return ibis.cases(
        (~text.re_search(_FORM), ibis.null(RATE)),
        (text.re_search("%$"), hundredths),
        (text.re_search("‰$"), _part(figure.try_cast(_PER_MILLE), "0.001")),
        (figure.re_search("^0*[.]|^0+$"), fraction),
        else_=hundredths,
    )


def _part(figure: ir.DecimalValue, unit: str) -> ir.DecimalValue:
    return (figure * ibis.literal(unit).cast("decimal(4,3)")).cast(RATE)


KINDS = {"rate": Kind(lambda value, _: normalise(value), types=("decimal(p,s)",))}
