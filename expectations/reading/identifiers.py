"""Identifiers as they were sent: persons' and organisations' numbers, and the numbers of documents."""

from __future__ import annotations

from expectations.reading.cells import BLANKS, narrow, sent
from expectations.reading.words import Value, Words

MARKS = "'‘’"  # in front of digits, so that a spreadsheet takes them for text
FACTORS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643: 2 to the power of 17 to 1, modulo 11
CHECKS = "10X98765432"
PAST_A_HUNDRED = "99[6-9]\\z"


def bare(words: Words, text: Value) -> Value:
    """Half-width, without blanks anywhere and without the marks of spreadsheets in front."""
    return words.named(narrow(words, text, dropped=BLANKS), lambda value: _without_marks(words, value))


def _without_marks(words: Words, text: Value) -> Value:
    def chosen(rest: Value) -> Value:
        ascii_only = words.trimmed_in_front(text, "'")
        return words.case(
            (words.matches(rest, "^[0-9A-Za-z]"), rest),
            (ascii_only == "", text),
            otherwise=ascii_only,
        )

    return words.case(
        (words.matches(text, f"^[{MARKS}]"), words.named(words.trimmed_in_front(text, MARKS), chosen)), otherwise=text
    )


def read_code(words: Words, cell: Value) -> Value:
    """A document's number; the case of letters counts."""
    plain = words.matches(cell, "^[0-9A-Za-z][0-9A-Za-z.()_-]*[0-9]\\z")
    return words.case((plain, cell), otherwise=bare(words, sent(words, cell)))


def read_upper_code(words: Words, cell: Value) -> Value:
    """A code in which the case of letters means nothing."""
    plain = words.matches(cell, "^[0-9A-Z.]{18,}\\z")
    return words.case((plain, cell), otherwise=words.upper(bare(words, sent(words, cell))))


def read_id_number(words: Words, cell: Value) -> Value:
    """18 characters, and 15 digits made 18; anything else as it is, but for its spelling."""

    def complete(number: Value) -> Value:
        old = words.matches(number, "^[0-9]{15}\\z")
        return words.case((old, words.named(_with_century(words, number), closed)), otherwise=number)

    def closed(digits: Value) -> Value:
        return words.joined(digits, _check(words, digits))

    spelt = words.upper(bare(words, sent(words, cell)))
    return words.case((words.matches(cell, "^[0-9]{17}[0-9X]\\z"), cell), otherwise=words.named(spelt, complete))


def _with_century(words: Words, old: Value) -> Value:
    century = words.case((words.matches(old, PAST_A_HUNDRED), words.text("18")), otherwise=words.text("19"))
    return words.joined(words.part(old, 1, 6), century, words.part(old, 7, 9))


def _check(words: Words, digits: Value) -> Value:
    """The place of the weighted sum's remainder in CHECKS: each digit is taken out of the number and weighed."""
    place = {digit: words.part(digits, digit + 1, 1) for digit in range(17)}
    total = sum((words.integer(place[digit]) * factor for digit, factor in enumerate(FACTORS)), words.number(0))
    return words.part(words.text(CHECKS), words.remainder(total, 11) + 1, 1)
