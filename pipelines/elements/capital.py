"""Registered capital: one cell with an amount, its unit and its currency, in the many spellings of the registers."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import SPACES, half_width, one_of
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
_EXPONENTS = {"亿": "E8", "千万": "E7", "百万": "E6", "十万": "E5", "万": "E4", "千": "E3", "百": "E2"}
_WORDS = (
    "人民币|RMB|CNY|美元|美金|USD|US[$]|[$]|港币|港元|港|HKD|HK[$]|欧元|EUR|€|日元|日圆|JPY|英镑|GBP|£"
    "|韩元|韩币|韩圆|韩|KRW|[¥￥]|元|圆|整"
)
_SCALE = "|".join(_EXPONENTS)
_CELL = f"^[(]?(?:{_WORDS})*[():]?(?:{UNSIGNED})[(]?(?:{_WORDS})*(?:{_SCALE})?(?:{_WORDS})*[)]?$"


def amount(value: ir.StringValue, decimal_type: str) -> ir.DecimalValue:
    """The amount in the currency's main unit (`3,000(万)` is 30000000); NULL where it cannot be read."""
    return bound(
        _tidy(value),
        lambda cell: ibis.ifelse(cell.re_search(_CELL), _in_main_unit(cell), ibis.null("string")).try_cast(
            decimal_type
        ),
    )


def currency(value: ir.StringValue) -> ir.StringValue:
    """The currency's code, CNY where none is written; NULL where there is no amount."""
    branches = [("|".join(map(re.escape, words)), code) for code, words in CURRENCIES.items()]

    def said(text: ir.StringValue) -> ir.StringValue:
        return ibis.cases(*((text.re_search(words), code) for words, code in branches), else_=HOME_CURRENCY)

    return ibis.ifelse(amount(value, WIDEST).notnull(), bound(_tidy(value), said), ibis.null("string"))


def _in_main_unit(cell: ir.StringValue) -> ir.StringValue:
    number = cell.replace(",", "").re_extract("[0-9.]+", 0)
    # Longer units come first: 千万 also contains 万.
    exponents = ((cell.contains(unit), exponent) for unit, exponent in _EXPONENTS.items())
    return number + ibis.cases(*exponents, else_="")


def _tidy(value: ir.StringValue) -> ir.StringValue:
    return half_width(sent(value)).re_replace(one_of(SPACES), "").upper()
