"""Which reading a normal form has, by its name in the declarations of elements."""

from __future__ import annotations

from collections.abc import Callable

from expectations.reading import READ_TWICE
from expectations.reading.amounts import read_amount, read_capital, read_currency, read_mu, read_wan
from expectations.reading.cells import sent
from expectations.reading.days import read_day, read_instant, sent_day
from expectations.reading.identifiers import read_code, read_id_number, read_upper_code
from expectations.reading.words import Value, Words

READINGS: dict[str, Callable[[Words, Value, str], Value]] = {
    "id_number": lambda words, cell, kind: read_id_number(words, cell),
    # What has not the form of an id number is left by its reading as any code is by its own.
    "person_document": lambda words, cell, kind: read_id_number(words, cell),
    "credit_code": lambda words, cell, kind: read_upper_code(words, cell),
    "upper_code": lambda words, cell, kind: read_upper_code(words, cell),
    "code_text": lambda words, cell, kind: read_code(words, cell),
    "date": lambda words, cell, kind: read_day(words, cell),
    "end_date": lambda words, cell, kind: read_day(words, cell),
    "datetime": lambda words, cell, kind: read_instant(words, cell),
    "decimal": read_amount,
    "amount_wan": read_wan,
    "area_mu": read_mu,
    "capital_amount": read_capital,
    "capital_currency": lambda words, cell, kind: read_currency(words, cell),
}
assert set(READINGS) == set(READ_TWICE)


def read(words: Words, cell: Value, normal_form: str, kind: str) -> Value:
    """What a cell as sent says, in the normal form that an element declares; `kind` is the element's type."""
    return READINGS[normal_form](words, cell, kind)


def read_sent(words: Words, cell: Value, normal_form: str) -> Value:
    """What counts as sent: NULL for words for "nothing", and in days for those for "no day" and "no end"."""
    if normal_form in ("date", "end_date", "datetime"):
        return sent_day(words, cell, may_have_no_end=normal_form == "end_date")
    return sent(words, cell)
