"""Organisation code 组织机构代码 (GB 11714-1997), which stands inside a credit code: its check."""

from __future__ import annotations

import functools
import operator

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.digit_sums import weighted_sum

WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# By what the weighted sum leaves modulo 11: 11 less that, where 10 is written X and 11 is written 0.
_CHECK_CHARACTERS = "0X987654321"


def has_check_character(code: ir.StringValue) -> ir.BooleanValue:
    """The ninth character is the MOD 11 check of the other eight; meaningful for nine of 0–9 and A–Z only."""
    digits = code.substr(0, 8).try_cast("int64")
    # Most codes have digits alone, and taking one apart character by character is dear.
    total = ibis.ifelse(
        digits.notnull(), bound(digits, lambda number: weighted_sum(number, WEIGHTS, 11)), _sum_by_character(code)
    )
    return ibis.literal(_CHECK_CHARACTERS).substr(total % 11, 1) == code.substr(8, 1)


def _sum_by_character(code: ir.StringValue) -> ir.IntegerValue:
    terms = (ibis.literal(_ALPHABET).find(code.substr(place, 1)) * weight for place, weight in enumerate(WEIGHTS))
    return functools.reduce(operator.add, terms)
