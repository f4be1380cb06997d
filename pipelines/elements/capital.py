"""Registered capital: one cell with an amount, its unit and its currency, in the many spellings of the registers."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import DECIMAL, Kind
from pipelines.elements.numbers import UNSIGNED
from pipelines.elements.sent import sent

# Whether there is an amount must not depend on another column's type.
WIDEST = "decimal(24,4)"
HOME_CURRENCY = "CNY"
# GB/T 12406 (ISO 4217) code, and what a cell that means it contains.
CURRENCIES = {
    "HKD": ("港", "HK"),  # before the dollar sign: HK$
    "USD": ("美元", "美金", "USD", "$"),
    "EUR": ("欧元", "EUR", "€"),
    "JPY": ("日元", "日圆", "JPY"),
    "GBP": ("英镑", "GBP", "£"),
    "KRW": ("韩", "KRW"),
}
_FACTORS = {"亿": 10**8, "千万": 10**7, "百万": 10**6, "十万": 10**5, "万": 10**4, "千": 10**3, "百": 10**2}
_FIGURE_DIGITS, _FACTOR_DIGITS = 16, 10
_USUAL_SCALE, _LARGEST_SCALE = 4, 8
_FINER_THAN_USUAL = f"[.][0-9]{{{_USUAL_SCALE + 1}}}"
_WORDS = (
    "人民币|RMB|CNY|美元|美金|USD|US[$]|[$]|港币|港元|港|HKD|HK[$]|欧元|EUR|€|日元|日圆|JPY|英镑|GBP|£"
    "|韩元|韩币|韩圆|韩|KRW|[¥￥]|元|圆|整"
)
_SCALE = "|".join(_FACTORS)
_CELL = f"^[(]?(?:{_WORDS})*[():]?(?:{UNSIGNED})[(]?(?:{_WORDS})*(?:{_SCALE})?(?:{_WORDS})*[)]?$"


def amount(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """The amount in the currency's main unit (`3,000(万)` is 30000000); NULL where it cannot be read."""

    def read(cell: ir.StringValue) -> ir.DecimalValue:
        # DuckDB changes the scale of decimals of more than 18 digits 60 times slower than it keeps it.
        return ibis.cases(
            (~cell.re_search(_CELL), ibis.null(decimal_type)),
            (cell.re_search(_FINER_THAN_USUAL), _in_main_unit(cell, _LARGEST_SCALE).try_cast(decimal_type)),
            else_=_in_main_unit(cell, _USUAL_SCALE).try_cast(decimal_type),
        )

    return bound(_tidy(value), read)


def currency(value: ir.StringValue) -> ir.StringValue:
    """The currency's code, CNY where none is written; NULL where there is no amount."""
    branches = [("|".join(map(re.escape, words)), code) for code, words in CURRENCIES.items()]

    def read_amount(text: ir.StringValue) -> ir.StringValue:
        return ibis.cases(*((text.re_search(words), code) for words, code in branches), else_=HOME_CURRENCY)

    return ibis.ifelse(amount(value, WIDEST).notnull(), bound(_tidy(value), read_amount), ibis.null("string"))


def _in_main_unit(cell: ir.StringValue, scale: int) -> ir.DecimalValue:
    number = cell.replace(",", "").re_extract("[0-9.]+", 0)
    # Longer units come first: 千万 also contains 万.
    factors = ((cell.contains(unit), factor) for unit, factor in _FACTORS.items())
    # Wide enough that the product never overflows, and narrow enough that no engine rounds it.
    figure_type = f"decimal({_FIGURE_DIGITS + scale},{scale})"
    product_type = f"decimal({_FIGURE_DIGITS + _FACTOR_DIGITS + scale},{scale})"
    # DuckDB reads text into decimals of more than 18 digits 150 times slower.
    short = number.try_cast(f"decimal(18,{scale})").cast(figure_type)
    figure = ibis.coalesce(short, number.try_cast(figure_type))
    return (figure * ibis.cases(*factors, else_=1)).cast(product_type)


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value)).re_replace(one_of(BLANKS), "").upper()


KINDS = {
    "capital_amount": Kind(lambda value, asked: amount(value, asked.element.ibis_type), types=(DECIMAL,)),
    "capital_currency": Kind(lambda value, _: currency(value)),
}
