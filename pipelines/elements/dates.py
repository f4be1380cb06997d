"""Dates and times as agencies spell them (GB/T 7408.1, Chinese, compact, Excel serials); times are Beijing time."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import half_width
from pipelines.elements.sent import sent

# Years 0001 to 9998: 9999 is how systems write "no end", and year 0 is none.
_YEAR = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
_CLOCK = "(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]{1,9})?)?"
_ZONE = "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_TIME = f"(?:[T ]+({_CLOCK}) *({_ZONE}))?"
_ISO = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}$"
_SLASHED = f"^{_YEAR}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}$"
_CHINESE = f"^{_YEAR}年[0-9]{{1,2}}月[0-9]{{1,2}}日$"
# What most cells without a date hold; the rest of them takes the long way. Keep it short: see `sent`.
_USUAL_NOTHING = ("", "9999-12-31")
_EIGHT_DIGITS = f"^{_YEAR}[0-9]{{4}}$"
_USUAL = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
_SEPARATED = f"^{_YEAR} ?[-/.年] ?([0-9]{{1,2}}) ?[-/.月] ?([0-9]{{1,2}})(?: ?日)?{_TIME}$"
_COMPACT = f"^{_YEAR}([0-9]{{2}})([0-9]{{2}}){_TIME}$"
_RUN_ON = f"^{_YEAR}([0-9]{{2}})([0-9]{{2}})([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])$"
_SERIAL = "^[0-9]{5}([.][0-9]+)?$"
_NO_END = f"^9999 ?[-/.年]? ?(0?[1-9]|1[0-2]) ?[-/.月]? ?(0?[1-9]|[12][0-9]|3[01])(?: ?日)?(?:{_TIME}|[0-9]{{6}})$"
_NO_END_IN_WORDS = "^(?:长期|永久)(?:有效)?$|^无(?:固定)?期限$"
# Excel's day 1 is 1900-01-01 and it counts a 29 February 1900; five-digit serials all lie after that.
_EXCEL_EPOCH, _EXCEL_UNIX_DAYS = "1899-12-30", 25_569
_BEIJING, _BEIJING_SECONDS = "+08:00", 8 * 3600
INSTANT = "timestamp('UTC')"


def normalise(value: ir.StringValue) -> ir.DateValue:
    """The date; NULL for nothing, for "no end" (any day of 9999) and for what cannot be read."""
    compact = value.substr(0, 4) + "-" + value.substr(4, 2) + "-" + value.substr(6, 2)
    return ibis.cases(
        (value.re_search(_ISO), value.try_cast("date")),
        (value.isin(_USUAL_NOTHING), ibis.null("date")),
        (value.re_search(_SLASHED), value.replace("/", "-").replace(".", "-").try_cast("date")),
        (value.re_search(_CHINESE), value.re_replace("[年月]", "-").replace("日", "").try_cast("date")),
        (value.re_search(_EIGHT_DIGITS), compact.try_cast("date")),
        else_=bound(_tidy(value), _date),
    )


def normalise_time(value: ir.StringValue) -> ir.TimestampValue:
    """The instant, in UTC, of a date and time in Beijing time (midnight where no time is written).

    Summer time of 1986–1991 is not applied. An offset that is written out counts. NULL as for dates.
    """
    usual = (value + _BEIJING).try_cast(INSTANT)
    return ibis.ifelse(value.re_search(_USUAL), usual, bound(_tidy(value), _instant))


def without_no_end(value: ir.StringValue) -> ir.StringValue:
    """What was sent, NULL where it only says "no end" (`9999-12-31`, `9999-9-9`, `99991231` …)."""
    text = sent(value)
    no_end = bound(half_width(text), lambda said: said.re_search(_NO_END))
    return ibis.cases(
        (~value.re_search("9999|９９９９"), text),
        (no_end, ibis.null("string")),
        else_=text,
    )


def without_words_for_no_end(value: ir.StringValue) -> ir.StringValue:
    """As `without_no_end`, for what may also say so in words, as licences do: `长期`, `永久有效`, `无固定期限`."""

    def unless_said(text: ir.StringValue) -> ir.StringValue:
        return ibis.ifelse(text.re_search(_NO_END_IN_WORDS), ibis.null("string"), text)

    return bound(without_no_end(value), unless_said)


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value))


def _day(text: ir.StringValue, pattern: str) -> ir.StringValue:
    """`Y-M-D` from the first three groups of a pattern."""
    return text.re_extract(pattern, 1) + "-" + text.re_extract(pattern, 2) + "-" + text.re_extract(pattern, 3)


def _date(text: ir.StringValue) -> ir.DateValue:
    return ibis.cases(
        (text.re_search(_SEPARATED), _day(text, _SEPARATED).try_cast("date")),
        (text.re_search(_COMPACT), _day(text, _COMPACT).try_cast("date")),
        (text.re_search(_SERIAL), _serial_day(text)),
        (text.re_search(_RUN_ON), _day(text, _RUN_ON).try_cast("date")),
        else_=ibis.null("date"),
    )


def _serial_day(text: ir.StringValue) -> ir.DateValue:
    days = text.substr(0, 5).try_cast("int64")
    # The sum is a timestamp in one engine and a date in the other.
    return (ibis.date(_EXCEL_EPOCH) + days.as_interval("D")).cast("timestamp").date()


def _instant(text: ir.StringValue) -> ir.TimestampValue:
    return ibis.cases(
        (text.re_search(_SEPARATED), _spelt_instant(text, _SEPARATED)),
        (text.re_search(_RUN_ON), _run_on_instant(text)),
        (text.re_search(_COMPACT), _spelt_instant(text, _COMPACT)),
        (text.re_search(_SERIAL), _serial_instant(text)),
        else_=ibis.null(INSTANT),
    )


def _spelt_instant(text: ir.StringValue, pattern: str) -> ir.TimestampValue:
    """From a pattern whose groups 4 and 5 are the clock and the offset, either of them perhaps empty."""
    clock, offset = text.re_extract(pattern, 4), text.re_extract(pattern, 5)
    full_clock = ibis.cases((clock == "", "00:00:00"), (clock.re_search("^[0-9]+:[0-9]+$"), clock + ":00"), else_=clock)
    full_offset = ibis.ifelse(offset == "", _BEIJING, offset)
    return (_day(text, pattern) + " " + full_clock + full_offset).try_cast(INSTANT)


def _run_on_instant(text: ir.StringValue) -> ir.TimestampValue:
    clock = text.substr(8, 2) + ":" + text.substr(10, 2) + ":" + text.substr(12, 2)
    return (_day(text, _RUN_ON) + " " + clock + _BEIJING).try_cast(INSTANT)


def _serial_instant(text: ir.StringValue) -> ir.TimestampValue:
    """The fraction of a serial is the time of day."""
    seconds = ((text.try_cast("float64") - _EXCEL_UNIX_DAYS) * 86_400 - _BEIJING_SECONDS).round().cast("int64")
    return ibis.timestamp("1970-01-01", timezone="UTC") + seconds.as_interval("s")
