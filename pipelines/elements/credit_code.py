"""Credit code 统一社会信用代码 (GB 32100-2015): its normal form and its check."""

from __future__ import annotations

import functools
import operator

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import without_blanks
from pipelines.elements.digit_sums import weighted_sum
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
FORM = f"^[1-9ANY][{ALPHABET}][0-9]{{6}}[{ALPHABET}]{{10}}$"
_PLAIN = "^[0-9A-Z]{18}$"


def normalise(value: ir.StringValue) -> ir.StringValue:
    """As `characters.without_blanks` makes it, upper case."""
    return ibis.ifelse(value.re_search(_PLAIN), value, without_blanks(sent(value)).upper())


def has_form(code: ir.StringValue) -> ir.BooleanValue:
    """Department, category, six digits, ten characters, without I O S V Z. NULL for NULL."""
    return code.re_search(FORM)


def has_check_digit(code: ir.StringValue) -> ir.BooleanValue:
    """The 18th character is the MOD 31 check of the other 17; meaningful for well-formed codes only."""
    body = code.substr(0, 17).try_cast("int64")
    head = code.substr(0, 8).try_cast("int64")
    # Taking a code apart character by character is dear, and most of the characters of most codes are digits.
    total = ibis.cases(
        (body.notnull(), bound(body, lambda number: weighted_sum(number, WEIGHTS, 31))),
        (
            head.notnull(),
            bound(head, lambda number: weighted_sum(number, WEIGHTS[:8], 31)) + _sum_by_character(code, range(8, 17)),
        ),
        else_=_sum_by_character(code, range(17)),
    )
    return (total + ibis.literal(ALPHABET).find(code.substr(17, 1))) % 31 == 0


def _sum_by_character(code: ir.StringValue, places: range) -> ir.IntegerValue:
    terms = [ibis.literal(ALPHABET).find(code.substr(place, 1)) * WEIGHTS[place] for place in places]
    return functools.reduce(operator.add, terms)


def region(code: ir.StringValue) -> ir.StringValue:
    """The registering authority's region (characters 3–8)."""
    return code.substr(2, 6)


def registered_region(code: ir.StringValue) -> ir.StringValue:
    """As `region`, but NULL for malformed codes."""
    return ibis.ifelse(has_form(code), region(code), ibis.null("string"))


KINDS = {
    "credit_code": Kind(
        lambda value, _: normalise(value), has_form=has_form, derived={"registered_region": registered_region}
    )
}
