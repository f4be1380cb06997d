"""Days and times as they were sent; times are Beijing time where no offset is written."""

from __future__ import annotations

from collections.abc import Callable

from expectations.reading.cells import FULL, HALF, UNSEEN, WHITE_SPACE, sent
from expectations.reading.identifiers import bare
from expectations.reading.words import Value, Words

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000  # microseconds
BEIJING = 8 * HOUR
SERIAL_ZERO = (1899, 12, 30)
FRACTION = 10  # digits behind the point of a serial that count: as many as a spreadsheet keeps

OFFSET = "(?:[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
CLOCK = f"[T ]+[0-9]{{1,2}}:[0-9]{{1,2}}(?::[0-9]{{1,2}}(?:[.][0-9]{{1,9}})?)? *{OFFSET}?"
SPELT = f"^[0-9]{{4}} *[-/.年] *[0-9]{{1,2}} *[-/.月] *[0-9]{{1,2}}(?: *日)?(?:{CLOCK})?\\z"
SOLID, RUN_ON, SERIAL = "^[0-9]{8}(?:\\z|[T ]+[0-9])", "^[0-9]{14}\\z", "^[0-9]{5}(?:[.][0-9]+)?\\z"
SECONDS_TO = "(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]{1,9})?)?"
OFFSETS = "(?:[Zz]|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
NO_END = "9999 *[-/.年]? *(?:1[0-2]|0?[1-9]|99) *[-/.月]? *(?:[12][0-9]|3[01]|0?[1-9]|99)(?: *日)?"
NO_DAY = "0001(?:0101| *[-/.年] *0?1 *[-/.月] *0?1(?: *日)?)|0000(?:0000| *[-/.年] *0{1,2} *[-/.月] *0{1,2}(?: *日)?)"
NO_DATE = f"^(?:{NO_END}|{NO_DAY})(?:[0-9]{{6}}|[T ]+{SECONDS_TO} *{OFFSETS}?)?\\z"
ALWAYS = "[长長]期|[长長]久|[长長]年|永久|永[续續]|永[远遠]|[终終]身|[终終]生"
LASTING = "性|[(]?(?:有效|有效期|经营|存续|使用|居留|期限)[)]?"
UNLIMITED = (
    "(?:[无無]期|[无無]固定期|[无無]明确期|[无無]确定期)限?(?:有效)?|[无無不]限|[无無不]限[期制]|[无無不]限期有效"
    "|不约定|未约定|不约定期限|未约定期限"
)
FOREVER = f"^(?:[-0-9年月日/.]*[-至到~—]+)?[(]?(?:(?:{ALWAYS})(?:{LASTING})?|{UNLIMITED})[)]?[。.]?\\z"
LONG = 1000  # more characters than any rest has
PLACES = ((1, 4), (5, 2), (7, 2), (9, 2), (11, 2), (13, 2))  # of year to second in digits without separators


def read_day(words: Words, cell: Value) -> Value:
    """The day; in Beijing, where a time with an offset is written."""

    def from_digits(digits: Value) -> Value:
        month = words.remainder(words.quotient(digits, 100), 100)
        return _calendar_day(words, words.quotient(digits, 10_000), month, words.remainder(digits, 100))

    def read(text: Value) -> Value:
        return words.case(
            (words.matches(text, SERIAL), _serial_day(words, text)),
            (words.matches(text, SPELT), _spelt(words, text, _day_in_beijing)),
            otherwise=words.nothing("date"),
        )

    iso = words.matches(cell, "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}\\z")
    digits = words.integer(words.joined(words.part(cell, 1, 4), words.part(cell, 6, 2), words.part(cell, 9, 2)))
    return words.case(
        (iso, words.named(digits, from_digits)),
        (cell == "", words.nothing("date")),
        otherwise=words.named(_separated(words, cell), read),
    )


def read_instant(words: Words, cell: Value) -> Value:
    """The instant of a day and time, midnight where no time is written; what is finer than microseconds is cut off."""

    def usual(day: Value) -> Value:
        hour, minute, second = (words.integer(words.part(cell, first, 2)) for first in (12, 15, 18))
        return words.instant(day, _since_midnight(words, hour, minute, second) - BEIJING)

    def read(text: Value) -> Value:
        return words.case(
            (words.matches(text, SERIAL), _serial_instant(words, text)),
            (words.matches(text, SPELT), _spelt(words, text, _instant)),
            otherwise=words.nothing("instant"),
        )

    plain = words.matches(cell, "^[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\z")
    return words.case(
        (plain, words.named(read_day(words, words.part(cell, 1, 10)), usual)),
        otherwise=words.named(_separated(words, cell), read),
    )


def sent_day(words: Words, cell: Value, may_have_no_end: bool) -> Value:
    """What was sent as a day or a time: NULL where that only says "no day" or "no end".

    What `may_have_no_end` may say so in words too.
    """

    def unless_no_date(text: Value) -> Value:
        return words.case((words.matches(_tidy(words, text), NO_DATE), words.nothing("text")), otherwise=text)

    value = words.named(sent(words, cell), unless_no_date)
    if may_have_no_end:
        value = words.case((words.matches(bare(words, cell), FOREVER), words.nothing("text")), otherwise=value)
    return words.case((words.matches(cell, "^[12][0-9]{3}[-/.年0-9][-/.年月0-9: ]*[0-9日]\\z"), cell), otherwise=value)


def _tidy(words: Words, text: Value) -> Value:
    """Half-width, each white space a space, nothing unseen."""
    return words.translated(text, FULL + WHITE_SPACE + UNSEEN, HALF + " " * len(WHITE_SPACE))


def _separated(words: Words, cell: Value) -> Value:
    """Tidy, and digits without separators between them as `Y-M-D h:m:s`."""

    def apart(text: Value) -> Value:
        year, month, day, *clock = (words.part(text, first, length) for first, length in PLACES)
        parted = words.joined(year, words.text("-"), month, words.text("-"), day)
        hour, minute, second = clock
        timed = words.joined(parted, words.text(" "), hour, words.text(":"), minute, words.text(":"), second)
        return words.case(
            (words.matches(text, RUN_ON), timed),
            (words.matches(text, SOLID), words.joined(parted, words.part(text, 9, LONG))),
            otherwise=text,
        )

    return words.named(_tidy(words, sent(words, cell)), apart)


def _spelt(words: Words, text: Value, make: Callable[[Words, Value, Value, Value], Value]) -> Value:
    """Of a text in the form SPELT: `make` of its day, the microseconds since midnight, and those east of UTC."""

    def read(numbers: Value) -> Value:
        year, month, day = (words.integer(words.item(numbers, place)) for place in (1, 2, 3))
        return make(words, _calendar_day(words, year, month, day), _clock(words, text), _offset(words, text))

    return words.named(words.all_found(text, "[0-9]+"), read)


def _day_in_beijing(words: Words, day: Value, clock: Value, offset: Value) -> Value:
    # Never more than a day before or after the one that is written.
    return words.days_later(day, words.quotient(clock - offset + BEIJING + DAY, DAY) - 1)


def _instant(words: Words, day: Value, clock: Value, offset: Value) -> Value:
    return words.instant(day, clock - offset)


def _clock(words: Words, text: Value) -> Value:
    """Microseconds since midnight, 0 where no clock is written; NULL where there is no such time of day."""

    def read(numbers: Value) -> Value:
        hour, minute, second, finer = (words.item(numbers, place) for place in (1, 2, 3, 4))
        whole = _since_midnight(words, words.integer(hour), words.integer(minute), _or_none(words, second))
        return whole + words.integer(words.padded(words.case((finer != "", finer), otherwise=words.text("0")), 6))

    clock = words.first_found(text, "[0-9]{1,2}:[0-9:.]+")
    return words.case((clock == "", words.number(0)), otherwise=words.named(words.all_found(clock, "[0-9]+"), read))


def _since_midnight(words: Words, hour: Value, minute: Value, second: Value) -> Value:
    possible = (hour < 24) & (minute < 60) & (second < 60)
    return words.case((possible, hour * HOUR + minute * MINUTE + second * SECOND), otherwise=words.nothing("integer"))


def _offset(words: Words, text: Value) -> Value:
    """Microseconds that the clock is ahead of UTC, Beijing's where nothing is said; NULL where no place is so far."""

    def read(text: Value) -> Value:
        digits = words.translated(text, "+-:", "")
        hours = words.integer(words.part(digits, 1, 2))
        minutes = _or_none(words, words.part(digits, 3, 2))
        ahead = hours * HOUR + minutes * MINUTE
        return words.case(
            (text == "", words.number(BEIJING)),
            (words.matches(text, "^[A-Za-z]"), words.number(0)),
            ((hours > 14) | (minutes > 59), words.nothing("integer")),
            (words.part(text, 1, 1) == "-", ahead * -1),
            otherwise=ahead,
        )

    behind_a_clock = words.first_found(text, f":[0-9.]+ *{OFFSET}\\z")
    return words.named(words.first_found(behind_a_clock, f"{OFFSET}\\z"), read)


def _or_none(words: Words, digits: Value) -> Value:
    """The number, 0 where no digits are there."""
    return words.case((digits != "", words.integer(digits)), otherwise=words.number(0))


def _calendar_day(words: Words, year: Value, month: Value, day: Value) -> Value:
    """NULL where the calendar has no such day, and before the year 1000 and after 9998."""
    leap = (words.remainder(year, 4) == 0) & ((words.remainder(year, 100) != 0) | (words.remainder(year, 400) == 0))
    february = words.case((leap, words.number(29)), otherwise=words.number(28))
    # 31 and 30 by turns, and in July and August twice 31.
    other = words.remainder(month + words.quotient(month, 8), 2) + 30
    last = words.case((month == 2, february), otherwise=other)
    there = (year >= 1000) & (year <= 9998) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= last)
    return words.day(*(words.case((there, part), otherwise=words.nothing("integer")) for part in (year, month, day)))


def _serial_day(words: Words, text: Value) -> Value:
    zero = words.day(*map(words.number, SERIAL_ZERO))
    return words.days_later(zero, words.integer(words.part(text, 1, 5)))


def _serial_instant(words: Words, text: Value) -> Value:
    """The fraction is that of a day, to be rounded to a second."""
    ten = 10**FRACTION
    fraction = words.integer(words.padded(words.part(text, 7, LONG), FRACTION))
    seconds = words.quotient(fraction * 86_400 + ten // 2, ten)
    return words.instant(_serial_day(words, text), seconds * SECOND - BEIJING)
