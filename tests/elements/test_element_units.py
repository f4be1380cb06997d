"""Numbers whose unit stands in the header: amounts in ten thousands of yuan, areas in mu."""

from __future__ import annotations

from decimal import Decimal

from tests.support.element_values import Normalised


def test_amounts_that_headers_give_in_ten_thousands(normalised: Normalised) -> None:
    cells = {
        "1,234.5": "12345000.00",
        "0.000001": "0.01",
        "0.0000004": "0.00",
        "-5": "-50000.00",
        "999999999999.999999": "9999999999999999.99",
        "9999999999999": None,
        "500万": None,
        "": None,
    }
    assert normalised("amount_wan", list(cells)) == [due and Decimal(due) for due in cells.values()]
    assert normalised("capital_wan", ["0.00000001", "1,234.5"]) == [Decimal("0.0001"), Decimal("12345000.0000")]


def test_areas_that_headers_give_in_mu(normalised: Normalised) -> None:
    cells = {
        "15": "10000.00",
        "1": "666.67",
        "2": "1333.33",
        "1,500.5": "1000333.33",
        "0.0001": "0.07",
        "9999999999.9999": "6666666666666.60",
        "99999999999": None,
        "-3": None,
        "3000亩": None,
        "": None,
    }
    assert normalised("area_mu", list(cells)) == [due and Decimal(due) for due in cells.values()]
