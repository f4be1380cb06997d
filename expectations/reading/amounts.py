"""Amounts as they were sent: decimal numbers, and registered capital with its unit and currency."""

from __future__ import annotations

from expectations.reading.cells import BLANKS, narrow, sent
from expectations.reading.words import Value, Words

UNSIGNED = "(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]*)?|[.][0-9]+"
FACTORS = {"亿": 8, "千万": 7, "百万": 6, "十万": 5, "万": 4, "千": 3, "百": 2}  # powers of ten
# ISO 4217 (GB/T 12406); the first currency of which something is found is the one, the home currency where none is.
CURRENCIES = {
    "HKD": "港|HK",
    "USD": "美元|美金|USD|[$]",
    "EUR": "欧元|EUR|€",
    "JPY": "日元|日圆|JPY",
    "GBP": "英镑|GBP|£",
    "KRW": "韩|KRW",
}
HOME = "CNY"
WORD = (
    "(?:人民币|RMB|CNY|美[元金]|US[$D]|[$]|港[币元]|港|HK[$D]|欧元|EUR|€|日[元圆]|JPY|英镑|GBP|£"
    "|韩[元币圆]|韩|KRW|[¥￥元圆整])"
)
FIGURE, FINEST = 16, 8  # digits before the point of a figure with a unit, and behind it
WIDEST = "decimal(24,4)"
WHOLE, WIDEST_WHOLE = "int64", "decimal(20,0)"  # the bounds of int64 have 19 digits
SPELT_WHOLE = "^[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.]0*)?\\z"


def read_amount(words: Words, cell: Value, kind: str) -> Value:
    """The number, rounded half up to the scale of `kind`, `decimal(p,s)`; NULL where it does not fit.

    `int64` has no scale to round to: a number with a fraction does not fit.
    """
    if kind == WHOLE:
        return _whole_number(words, cell)
    precision, scale = _digits(kind)

    def read(text: Value) -> Value:
        number = words.named(_plain_number(words, text), lambda value: _rounded(words, value, precision, scale))
        negative = words.matches(text, "^-")
        return words.case(
            (~words.matches(text, f"^[+-]?(?:{UNSIGNED})\\z"), words.nothing(kind)),
            (negative, words.decimal(number * -1, kind)),
            otherwise=number,
        )

    fraction = f"(?:[.][0-9]{{1,{scale}}})?" if scale else ""
    exact = words.matches(cell, f"^[0-9]{{1,{precision - scale}}}{fraction}\\z")
    tidy = narrow(words, sent(words, cell), dropped=BLANKS)
    return words.case((exact, words.decimal(cell, kind)), otherwise=words.named(tidy, read))


def _whole_number(words: Words, cell: Value) -> Value:
    def read(text: Value) -> Value:
        digits = words.trimmed_in_front(words.first_found(words.translated(text, ",", ""), "[0-9]+"), "0")
        number = words.decimal(words.joined(words.first_found(text, "^-"), words.text("0"), digits), WIDEST_WHOLE)
        spelt = words.matches(text, SPELT_WHOLE)
        return words.case((spelt, words.integer(number)), otherwise=words.nothing(WHOLE))

    exact = words.matches(cell, "^[0-9]{1,18}\\z")
    tidy = narrow(words, sent(words, cell), dropped=BLANKS)
    return words.case((exact, words.integer(cell)), otherwise=words.named(tidy, read))


def read_wan(words: Words, cell: Value, kind: str) -> Value:
    """Yuan of a number of 万元; NULL where the yuan do not fit `kind`."""
    precision, scale = _digits(kind)
    figure = read_amount(words, cell, f"decimal({precision},{scale + 4})")
    return words.decimal(words.decimal(figure, f"decimal({precision + 9},{scale + 4})") * 10**4, kind)


def read_mu(words: Words, cell: Value, kind: str) -> Value:
    """Square metres of a number of 亩 (fifteen are a hectare), rounded half up; NULL where it is negative."""

    def read(ten_thousandths: Value) -> Value:
        # Of hundredths of a square metre, 20/3 to a ten-thousandth of a 亩: whole ones, and one more from the half on.
        twentyfold = ten_thousandths * 20
        over = words.case((words.remainder(twentyfold, 3) == 2, words.number(1)), otherwise=words.number(0))
        hundredths = words.decimal(words.quotient(twentyfold, 3) + over, "decimal(18,0)")
        square_metres = words.decimal(hundredths * words.decimal(words.text("0.01"), "decimal(3,2)"), kind)
        return words.case((ten_thousandths < 0, words.nothing(kind)), otherwise=square_metres)

    figure = words.decimal(read_amount(words, cell, "decimal(14,4)"), "decimal(19,4)")
    return words.named(words.integer(words.decimal(figure * 10**4, "decimal(18,0)")), read)


def read_capital(words: Words, cell: Value, kind: str) -> Value:
    """The amount in the currency's main unit (`3,000(万)` is 30000000); NULL where it cannot be read."""
    return words.named(_tidy_capital(words, cell), lambda text: _capital(words, text, kind))


def read_currency(words: Words, cell: Value) -> Value:
    """The currency's code; NULL where there is no amount."""

    def read_amount(text: Value) -> Value:
        found = ((words.matches(text, regex), words.text(code)) for code, regex in CURRENCIES.items())
        return words.case(
            (~words.is_there(_capital(words, text, WIDEST)), words.nothing("text")),
            *found,
            otherwise=words.text(HOME),
        )

    return words.named(_tidy_capital(words, cell), read_amount)


def _tidy_capital(words: Words, cell: Value) -> Value:
    return words.upper(narrow(words, sent(words, cell), dropped=BLANKS))


def _capital(words: Words, text: Value, kind: str) -> Value:
    scales = "|".join(FACTORS)
    before = words.first_found(text, "^[^0-9.,]*")
    figure = words.first_found(text, "[0-9.,]+")
    behind = words.replaced(text, "^[^0-9.,]*[0-9.,]+", "")
    spelt = (
        words.matches(before, f"^[(]?{WORD}*[():]?\\z")
        & words.matches(figure, f"^(?:{UNSIGNED})\\z")
        & words.matches(behind, f"^[(]?{WORD}*(?:{scales})?{WORD}*[)]?\\z")
    )

    def read(number: Value) -> Value:
        unit = words.first_found(behind, scales)
        small = words.matches(number, "^[0-9]{1,9}(?:[.][0-9]{0,4})?\\z")
        return words.case((small, _small(words, number, unit, kind)), otherwise=_large(words, number, unit, kind))

    number = words.named(_plain_number(words, text), read)
    return words.case((spelt, number), otherwise=words.nothing(kind))


def _small(words: Words, number: Value, unit: Value, kind: str) -> Value:
    """Whole and fraction multiplied as integers, for decimals of many digits are slow; at most nine and four digits."""
    factor = words.case(
        *((unit == name, words.number(10**power)) for name, power in FACTORS.items()), otherwise=words.number(1)
    )
    whole = words.integer(words.first_found(number, "^[0-9]+"))
    fraction = words.integer(words.padded(words.replaced(number, "^[0-9]+[.]?", ""), 4)) * factor
    total = whole * factor + words.quotient(fraction, 10_000)
    rest = words.decimal(words.remainder(fraction, 10_000), "decimal(5,0)")
    unit_of_rest = words.decimal(words.text("0.0001"), "decimal(5,4)")
    return words.decimal(words.decimal(total, WIDEST) + rest * unit_of_rest, kind)


def _large(words: Words, number: Value, unit: Value, kind: str) -> Value:
    """The figure to eight places, times its unit."""
    powers = {name: words.decimal(words.text(str(10**power)), "decimal(9,0)") for name, power in FACTORS.items()}
    unscaled = words.decimal(words.text("1"), "decimal(9,0)")
    factor = words.case(*((unit == name, power) for name, power in powers.items()), otherwise=unscaled)
    return words.decimal(_rounded(words, number, FIGURE + FINEST, FINEST) * factor, kind)


def _plain_number(words: Words, text: Value) -> Value:
    """Digits and a point alone."""
    return words.first_found(words.translated(text, ",", ""), "[0-9.]+")


def _rounded(words: Words, number: Value, precision: int, scale: int) -> Value:
    """Of digits with or without a point: what the scale keeps, and one more where the next digit is five or more."""
    kind, wider = f"decimal({precision},{scale})", f"decimal({precision + 1},{scale})"
    whole = words.joined(words.text("0"), words.trimmed_in_front(words.first_found(number, "^[0-9]*"), "0"))
    fraction = words.replaced(number, "^[0-9]*[.]?", "")
    kept = words.joined(whole, words.text("."), words.padded(fraction, scale)) if scale else whole
    up = words.matches(fraction, f"^[0-9]{{{scale}}}[5-9]")
    exact = words.decimal(kept, wider)
    least = words.decimal(words.text(f"0.{'1':0>{scale}}" if scale else "1"), wider)
    fits = words.length(whole) <= precision - scale + 1
    return words.case(
        (~fits, words.nothing(kind)),
        (up, words.decimal(exact + least, kind)),
        otherwise=words.decimal(exact, kind),
    )


def _digits(kind: str) -> tuple[int, int]:
    """Precision and scale."""
    precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
    return int(precision), int(scale)
