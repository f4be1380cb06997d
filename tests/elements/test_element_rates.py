"""Months and rates, in the spellings of different offices."""

from __future__ import annotations

from decimal import Decimal

from tests.support.element_values import Normalised


def test_months_in_any_spelling_are_six_digits(normalised: Normalised) -> None:
    cells = {
        "202605": "202605",
        " 2026-05 ": "202605",
        "2026/5": "202605",
        "2026.5": "202605",
        "2026年5月": "202605",
        "2026年05月": "202605",
        "２０２６０５": "202605",
        "20260531": "202605",
        "202605.0": "202605",
        "2026-05-31 08:00:00": "202605",
        "2026年5月31日": "202605",
        "2026-13": "2026-13",
        "202600": "202600",
        "20265": "20265",
        "5月": "5月",
        "无": None,
    }
    assert normalised("month", list(cells)) == list(cells.values())


def test_rates_are_fractions_however_they_are_written(normalised: Normalised) -> None:
    cells = {
        "0.05": "0.05",
        ".05": "0.05",
        "5": "0.05",
        "5%": "0.05",
        "５％": "0.05",
        "5.0": "0.05",
        "50‰": "0.05",
        "0.5%": "0.005",
        "0.5": "0.5",
        "1": "0.01",
        "12.5 %": "0.125",
        "0": "0",
        "0.00": "0",
        "-5%": None,
        "5成": None,
        "99999": None,
        "": None,
    }
    assert normalised("rate", list(cells)) == [due and Decimal(due) for due in cells.values()]
