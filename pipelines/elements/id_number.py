"""Person id 公民身份号码 (GB 11643-1999): its normal form, its checks, and what can be read from it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.calendar import is_calendar_date
from pipelines.elements.characters import without_blanks
from pipelines.elements.digit_sums import weighted_sum
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent
from pipelines.modelling.identifiers import ID_NUMBER_FORM, is_id_number

FORM = ID_NUMBER_FORM
OLD_FORM = "^[0-9]{15}$"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
FIRST_BIRTH = 19000101
# GB 11643: sequences 996 to 999 are kept for people past a hundred; in 15 digits nothing else tells their century.
OF_CENTENARIANS = ("996", "997", "998", "999")
FIRST_BIRTH_OF_CENTENARIANS = 18500101
_NO_REGION = ("810000", "820000", "830000")


def normalise(value: ir.StringValue) -> ir.StringValue:
    """The 18-character number: as `characters.without_blanks` makes it, X upper case, 15 digits made 18.

    15 digits get the century 18 where the last three are 996 to 999, 19 everywhere else, and the check character.
    What has another form is kept in it: damaged numbers are quarantined, never repaired.
    """
    other = bound(_tidy(value), lambda tidy: ibis.ifelse(tidy.re_search(OLD_FORM), _extended(tidy), tidy))
    return ibis.ifelse(value.re_search(FORM), value, other)


def old_form(value: ir.StringValue) -> ir.StringValue:
    """The 15-digit number where the agency sent one, else NULL."""
    nothing = ibis.null("string")
    other = bound(_tidy(value), lambda tidy: ibis.ifelse(tidy.re_search(OLD_FORM), tidy, nothing))
    return ibis.ifelse(value.re_search(FORM), nothing, other)


def has_form(number: ir.StringValue) -> ir.BooleanValue:
    """17 digits and a digit or X. NULL for NULL."""
    return is_id_number(number)


def has_check_digit(number: ir.StringValue) -> ir.BooleanValue:
    """The 18th character is the MOD 11-2 check of the 17 digits; meaningful for well-formed numbers only."""
    return check_character(number.substr(0, 17)) == number.substr(17, 1)


def check_character(digits: ir.StringValue) -> ir.StringValue:
    """The check character (GB 11643, MOD 11-2) of 17 digits; NULL where they are no number."""
    remainder = bound(digits.try_cast("int64"), lambda number: weighted_sum(number, WEIGHTS, 11))
    return ibis.literal(CHECK_CHARACTERS).substr(remainder, 1)


def has_birth_date(number: ir.StringValue, received_on: ir.DateValue) -> ir.BooleanValue:
    """Characters 7–14 are a date of the calendar from 1900 to the day of receipt; for well-formed numbers only.

    Numbers whose characters 15–17 are 996 to 999 may be of people born from 1850 on.
    """
    first = ibis.ifelse(number.substr(14, 3).isin(OF_CENTENARIANS), FIRST_BIRTH_OF_CENTENARIANS, FIRST_BIRTH)
    received = (received_on.year() * 10_000 + received_on.month() * 100 + received_on.day()).fill_null(99991231)
    return is_calendar_date(_birth_digits(number)) & _birth_digits(number).between(first, received)


def born_on(number: ir.StringValue, born_on: ir.DateValue) -> ir.BooleanValue:
    """Whether characters 7–14 say `born_on`; NULL where either is missing or the characters are no number."""
    return _birth_digits(number) == born_on.year() * 10_000 + born_on.month() * 100 + born_on.day()


def not_born_after(number: ir.StringValue, day: ir.DateValue) -> ir.BooleanValue:
    """Whether `day` is characters 7–14 or later; NULL where either is missing or the characters are no number."""
    return _birth_digits(number) <= day.year() * 10_000 + day.month() * 100 + day.day()


def holds_region(number: ir.StringValue) -> ir.BooleanValue:
    """Whether characters 1–6 are a region: not in permits of HK, Macao and Taiwan residents and foreigners' numbers."""
    return ~(number.startswith("9") | number.substr(0, 6).isin(_NO_REGION))


def sex(number: ir.StringValue) -> ir.StringValue:
    """`1` (male) for an odd 17th digit, `2` (female) for an even one (GB/T 2261.1); NULL for malformed numbers."""
    odd = number.substr(16, 1).isin(("1", "3", "5", "7", "9"))
    return ibis.cases((has_form(number) & odd, "1"), (has_form(number), "2"), else_=ibis.null("string"))


def birth_date(number: ir.StringValue) -> ir.DateValue:
    """Characters 7–14 as a date; NULL for malformed numbers and dates that the calendar does not have."""
    text = number.substr(6, 4) + "-" + number.substr(10, 2) + "-" + number.substr(12, 2)
    return ibis.ifelse(has_form(number), text.try_cast("date"), ibis.null("date"))


def _birth_digits(number: ir.StringValue) -> ir.IntegerValue:
    return number.substr(6, 8).try_cast("int64")


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return without_blanks(sent(value)).upper()


def _extended(old: ir.StringValue) -> ir.StringValue:
    """A 15-digit number with its century and check character (GB 11643-1999, annex)."""
    century = ibis.ifelse(old.substr(12, 3).isin(OF_CENTENARIANS), "18", "19")
    longer = old.substr(0, 6) + century + old.substr(6, 9)
    return bound(longer, lambda digits: digits + check_character(digits))


KINDS = {
    "id_number": Kind(
        lambda value, _: normalise(value),
        old_form=old_form,
        has_form=has_form,
        derived={"sex": sex, "birth_date": birth_date},
    )
}
