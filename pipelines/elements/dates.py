"""Dates and times as agencies spell them (GB/T 7408.1, Chinese, compact, Excel serials); times are Beijing time.

Of a cell that takes more than a look, full-width forms become half-width, unseen characters (INVISIBLE) go wherever
they stand, and any other white space is a space. Years run from 1000 to 9998: a day of 9999 says "no end"; 0001-01-01
and 0000-00-00, in any of these spellings and with any time of day, are what systems write for an empty date; any other
year below 1000 is a slip that cannot be read.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import INVISIBLE, SPACES, half_width, one_of, without_blanks
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

_YEAR = "([1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
_CLOCK = "(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]{1,9})?)?"
_OFFSET = "(?:[Zz]|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
_TIME = f"(?:[T ]+({_CLOCK}) *({_OFFSET}?))?"
_WITH_OFFSET = f":[0-9.]+ *{_OFFSET}$"
_MONTH = f"^{_YEAR}(?:(0[1-9]|1[0-2])|[-/.年](0?[1-9]|1[0-2])月?)$"
_TO_MICROSECONDS = "^[0-9:]*(?:[.][0-9]{1,6})?"
_ISO = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}$"
_SLASHED = f"^{_YEAR}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}$"
_CHINESE = f"^{_YEAR}年[0-9]{{1,2}}月[0-9]{{1,2}}日$"
# What most cells without a date hold; the rest of them takes the long way. Keep it short: see `sent`.
_USUAL_NOTHING = ("", "9999-12-31")
_EIGHT_DIGITS = f"^{_YEAR}[0-9]{{4}}$"
_USUAL = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
_SEPARATED = f"^{_YEAR} *[-/.年] *([0-9]{{1,2}}) *[-/.月] *([0-9]{{1,2}})(?: *日)?{_TIME}$"
_COMPACT = f"^{_YEAR}([0-9]{{2}})([0-9]{{2}}){_TIME}$"
_RUN_ON = f"^{_YEAR}([0-9]{{2}})([0-9]{{2}})([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])$"
_SERIAL = "^[0-9]{5}([.][0-9]+)?$"
_NO_END = "9999 *[-/.年]? *(?:0?[1-9]|1[0-2]|99) *[-/.月]? *(?:0?[1-9]|[12][0-9]|3[01]|99)(?: *日)?"
_NO_DATE = "0001(?: *[-/.年] *0?1 *[-/.月] *0?1(?: *日)?|0101)|0000(?: *[-/.年] *00? *[-/.月] *00?(?: *日)?|0000)"
_NOTHING_SAID = f"^(?:{_NO_END}|{_NO_DATE})(?:{_TIME}|[0-9]{{6}})$"
_PERHAPS_NOTHING_SAID = "9999|000[01]|[^ -~年月日]"
_FOREVER = (
    "(?:[长長](?:期|久|年)|永(?:久|续|續|远|遠)|[终終][身生])(?:性|[(]?(?:有效期?|经营|存续|使用|居留|期限)[)]?)?"
)
_NO_TERM = "[无無](?:固定|明确|确定)?期限?(?:有效)?|[无無不]限(?:期|制|期有效)?|[不未]约定(?:期限)?"
_SINCE = "(?:[0-9年月日/.-]*[至到~—-]+)?"
_NO_END_IN_WORDS = f"^{_SINCE}[(]?(?:{_FOREVER}|{_NO_TERM})[)]?[。.]?$"
_PERHAPS_NO_END_IN_WORDS = "[长長永终終无無不未]"
_SPACE = one_of("".join(space for space in SPACES if space not in INVISIBLE))
# Excel's day 1 is 1900-01-01 and it counts a 29 February 1900; five-digit serials all lie after that.
_EXCEL_EPOCH, _EXCEL_UNIX_DAYS = "1899-12-30", 25_569
_FRACTION = 10  # digits behind the point: as many as spreadsheets keep of a five-digit serial
_BEIJING, _BEIJING_SECONDS = "+08:00", 8 * 3600
INSTANT = "timestamp('UTC')"


def normalise(value: ir.StringValue) -> ir.DateValue:
    """The day; NULL for nothing, for "no end" (any day of 9999) and for what cannot be read.

    Where a time with an offset from UTC is written (`Z`, `UTC`, `GMT`, `+08`, `+0800`, `+08:00`), the day that it was
    in Beijing; else the day as written, whatever the time.
    """
    compact = value.substr(0, 4) + "-" + value.substr(4, 2) + "-" + value.substr(6, 2)
    return ibis.cases(
        (value.re_search(_ISO), value.try_cast("date")),
        (value.isin(_USUAL_NOTHING), ibis.null("date")),
        (value.re_search(_SLASHED), value.replace("/", "-").replace(".", "-").try_cast("date")),
        (value.re_search(_CHINESE), value.re_replace("[年月]", "-").replace("日", "").try_cast("date")),
        (value.re_search(_EIGHT_DIGITS), compact.try_cast("date")),
        else_=bound(_tidy(value), _date),
    )


def normalise_month(value: ir.StringValue) -> ir.DateValue:
    """The first day of a month (`202009`, `2020-09`, `2020年9月`) or of a day's month; NULL as for dates."""
    text = without_blanks(half_width(sent(value)))
    month = text.re_extract(_MONTH, 2) + text.re_extract(_MONTH, 3)
    first = text.substr(0, 4) + "-" + month.lpad(2, "0") + "-01"
    day = normalise(value)
    of_day = day.year().cast("string") + "-" + day.month().cast("string").lpad(2, "0") + "-01"
    return ibis.ifelse(text.re_search(_MONTH), first, of_day).try_cast("date")


def normalise_time(value: ir.StringValue) -> ir.TimestampValue:
    """The instant, in UTC, of a date and time in Beijing time (midnight where no time is written).

    Summer time of 1986–1991 is not applied. An offset that is written out counts. Fractions of a second count to the
    microsecond, what is finer is cut off; those of an Excel serial are rounded to the second. NULL as for dates.
    """
    usual = (value + _BEIJING).try_cast(INSTANT)
    return ibis.ifelse(value.re_search(_USUAL), usual, bound(_tidy(value), _instant))


def without_no_end(value: ir.StringValue) -> ir.StringValue:
    """What was sent, NULL where it only says "no end" (`9999-12-31`, `99991231` …) or "no date" (`0001-01-01` …)."""
    text = sent(value)
    return ibis.cases(
        (~value.re_search(_PERHAPS_NOTHING_SAID), text),
        (_tidy(value).re_search(_NOTHING_SAID), ibis.null("string")),
        else_=text,
    )


def without_words_for_no_end(value: ir.StringValue) -> ir.StringValue:
    """As `without_no_end`, for what may also say so in words, as licences do.

    长期 永久 永续 永远 长久 长年 终身, alone or followed by 有效, 经营, 存续, 使用, 居留 or 期限 (in parentheses too);
    无固定期限 无明确期限 无期限 无限期 不限 不限期 无限制 不约定期限 未约定; in traditional forms too, and each
    after 至 or a dash, or after a day and one of these. Blanks do not count.
    """
    in_words = without_blanks(value).re_search(_NO_END_IN_WORDS)
    nothing = value.re_search(_PERHAPS_NO_END_IN_WORDS) & in_words
    return ibis.ifelse(nothing, ibis.null("string"), without_no_end(value))


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value)).re_replace(one_of(INVISIBLE), "").re_replace(_SPACE, " ")


def _day(text: ir.StringValue, pattern: str) -> ir.StringValue:
    """`Y-M-D` from the first three groups of a pattern."""
    return text.re_extract(pattern, 1) + "-" + text.re_extract(pattern, 2) + "-" + text.re_extract(pattern, 3)


def _date(text: ir.StringValue) -> ir.DateValue:
    return ibis.cases(
        (text.re_search(_WITH_OFFSET), _day_in_beijing(_instant(text))),
        (text.re_search(_SEPARATED), _day(text, _SEPARATED).try_cast("date")),
        (text.re_search(_COMPACT), _day(text, _COMPACT).try_cast("date")),
        (text.re_search(_SERIAL), _serial_day(text)),
        (text.re_search(_RUN_ON), _day(text, _RUN_ON).try_cast("date")),
        else_=ibis.null("date"),
    )


def _day_in_beijing(instant: ir.TimestampValue) -> ir.DateValue:
    # Sessions of both engines are in UTC.
    return (instant + ibis.interval(seconds=_BEIJING_SECONDS)).cast("timestamp").date()


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
    clock, offset = text.re_extract(pattern, 4).re_extract(_TO_MICROSECONDS, 0), text.re_extract(pattern, 5)
    full_clock = ibis.cases((clock == "", "00:00:00"), (clock.re_search("^[0-9]+:[0-9]+$"), clock + ":00"), else_=clock)
    full_offset = ibis.cases(
        (offset == "", _BEIJING),
        (offset.re_search("^[A-Za-z]"), "+00:00"),
        (offset.re_search("^.[0-9]{2}$"), offset + ":00"),
        (offset.re_search("^.[0-9]{4}$"), offset.left(3) + ":" + offset.right(2)),
        else_=offset,
    )
    return (_day(text, pattern) + " " + full_clock + full_offset).try_cast(INSTANT)


def _run_on_instant(text: ir.StringValue) -> ir.TimestampValue:
    clock = text.substr(8, 2) + ":" + text.substr(10, 2) + ":" + text.substr(12, 2)
    return (_day(text, _RUN_ON) + " " + clock + _BEIJING).try_cast(INSTANT)


def _serial_instant(text: ir.StringValue) -> ir.TimestampValue:
    """The fraction of a serial, of which ten digits count, is that of a day; rounded half up to the second."""
    # As digits: the nearest float of a serial may lie on the other side of half a second.
    fraction = text.substr(6, _FRACTION).rpad(_FRACTION, "0").try_cast("int64")
    seconds = (fraction * 86_400 / 10**_FRACTION).round().cast("int64") - _BEIJING_SECONDS
    days = text.substr(0, 5).try_cast("int64") - _EXCEL_UNIX_DAYS
    return ibis.timestamp("1970-01-01", timezone="UTC") + (days * 86_400 + seconds).as_interval("s")


KINDS = {
    "date": Kind(lambda value, _: normalise(value), without_no_end, types=("date",)),
    "end_date": Kind(lambda value, _: normalise(value), without_words_for_no_end, types=("date",)),
    "first_of_month": Kind(lambda value, _: normalise_month(value), without_no_end, types=("date",)),
    "datetime": Kind(lambda value, _: normalise_time(value), without_no_end, types=("timestamp",)),
}
