"""Documents that a person or an organisation is known by: what a number must be for the document that it is said of."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from pipelines.elements import credit_code, id_number, text
from pipelines.elements.bound import bound
from pipelines.elements.calendar import is_calendar_date
from pipelines.elements.kind import Kind

# A passport (ICAO 9303: nine characters, few states write more), or a permit to enter the mainland: H or M and 8 or
# 10 digits, 8 digits, in old permits of Taiwan residents 10 digits and a letter that may stand in brackets.
TRAVEL_DOCUMENT = "^[0-9A-Z][0-9A-Z()/-]{3,13}$"
# As the card was until 2023: the state's three letters and 12 digits.
OLD_RESIDENCE_CARD = "^[A-Z]{3}[0-9]{12}$"


def is_id_number(code: ir.StringValue) -> ir.BooleanValue:
    """A citizen's number (GB 11643): 18 characters with their check and a birth date from 1900, or 15 digits with one.

    Which day the birth date may be at the latest is for a rule that knows the day of receipt. NULL for NULL.
    """
    born = (ibis.literal("19") + code.substr(6, 6)).try_cast("int64")
    return _has_id_form(code) | (code.re_search(id_number.OLD_FORM) & is_calendar_date(born).fill_null(False))


def is_residence_card(code: ir.StringValue) -> ir.BooleanValue:
    """A foreigner's permanent residence card: 9 and 17 more as in a citizen's number, or the older form."""
    return (code.startswith("9") & _has_id_form(code)) | code.re_search(OLD_RESIDENCE_CARD)


def is_credit_code(code: ir.StringValue) -> ir.BooleanValue:
    """A credit code (GB 32100) with its check character."""
    return credit_code.has_form(code) & credit_code.has_check_digit(code).fill_null(False)


def is_travel_document(code: ir.StringValue) -> ir.BooleanValue:
    """Four to fourteen letters and digits, so that an id number or a credit code is none."""
    return code.re_search(TRAVEL_DOCUMENT)


DOCUMENTS: dict[str, Callable[[ir.StringValue], ir.BooleanValue]] = {
    "id_form": id_number.has_form,
    "id_number": is_id_number,
    "residence_card": is_residence_card,
    "credit_code": is_credit_code,
    "travel_document": is_travel_document,
}


def normalise(value: ir.StringValue) -> ir.StringValue:
    """A citizen's number in its normal form where the cell has the form of one; any other as an upper-case code."""
    other = bound(
        id_number.normalise(value),
        lambda read: ibis.ifelse(id_number.has_form(read), read, text.normalise_upper_code(value)),
    )
    return ibis.ifelse(value.re_search(id_number.FORM), value, other)


def _has_id_form(code: ir.StringValue) -> ir.BooleanValue:
    known = id_number.has_check_digit(code) & id_number.has_birth_date(code, ibis.null("date"))
    return id_number.has_form(code) & known.fill_null(False)


KINDS = {"person_document": Kind(lambda value, _: normalise(value), old_form=id_number.old_form)}
