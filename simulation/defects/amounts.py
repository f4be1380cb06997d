"""Defects and oddities of amounts of money, and of capital with its unit and currency."""

from __future__ import annotations

from simulation.planting import Written, accepted, flagged
from simulation.table import Table
from simulation.vocabulary import NULL_TOKENS

# Spelling → amount in the main unit of the currency, and the currency.
CAPITAL = [
    ("500", "500.0000", "CNY"),
    ("5000000元", "5000000.0000", "CNY"),
    ("5,000,000.00元", "5000000.0000", "CNY"),
    ("3,000(万)", "30000000.0000", "CNY"),
    ("3000（万）", "30000000.0000", "CNY"),
    ("500万", "5000000.0000", "CNY"),
    ("500.5万元", "5005000.0000", "CNY"),
    ("500万人民币", "5000000.0000", "CNY"),
    ("500万元人民币", "5000000.0000", "CNY"),
    ("人民币500万元", "5000000.0000", "CNY"),
    ("500(万元)", "5000000.0000", "CNY"),
    ("1.2亿元", "120000000.0000", "CNY"),
    ("2亿", "200000000.0000", "CNY"),
    ("５００万元", "5000000.0000", "CNY"),
    ("100(万美元)", "1000000.0000", "USD"),
    ("100万美元", "1000000.0000", "USD"),
    ("美元100万元", "1000000.0000", "USD"),
    ("300万港元", "3000000.0000", "HKD"),
    ("300万港币", "3000000.0000", "HKD"),
    ("50万欧元", "500000.0000", "EUR"),
    ("2000万日元", "20000000.0000", "JPY"),
    ("30万英镑", "300000.0000", "GBP"),
    ("50000万韩元", "500000000.0000", "KRW"),
]
CURRENCY = "capital_currency"


def _in_currency(table: Table, row: int, at: int) -> None:
    table.due[CURRENCY][row] = CAPITAL[at % len(CAPITAL)][2]


def without_currency(table: Table, row: int, at: int = 0) -> None:
    """Where no amount can be told there is no currency either."""
    table.due[CURRENCY][row] = None


THOUSANDS = accepted(
    "amount_thousands",
    Written("8,500.00", "8500.00"),
    Written("12,345.60", "12345.60"),
    Written("1,234,567", "1234567.00"),
)
UNREADABLE = flagged("amount_unreadable", "若干", checks=["form"], due=None)
NEGATIVE = flagged("amount_negative", "-500.00", checks=["not_negative"])
CAPITAL_UNIT = accepted(
    "capital_unit", *(Written(spelling, amount) for spelling, amount, _ in CAPITAL), beside=_in_currency
)
CAPITAL_UNREADABLE = flagged("capital_unreadable", "若干", checks=["form"], due=None, beside=without_currency)
CAPITAL_OF_NOTHING = accepted("null_token", *NULL_TOKENS, due=None, beside=without_currency)
