"""A number of rows that also knows which rows it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class NumberOfRows(int):
    """How many rows a metric counts, with the sum of their numbers and the first of these (None where there is none).

    For Great Expectations it is the number alone, wherever that goes.
    """

    row_sum: int
    first_row: int | None

    @classmethod
    def of(cls, rows: int, row_sum: int, first_row: int | None) -> NumberOfRows:
        number = cls(rows)
        number.row_sum, number.first_row = row_sum, first_row
        return number

    @classmethod
    def of_totals(cls, totals: Sequence[Any]) -> Iterator[NumberOfRows]:
        """Of number, sum and first row after each other, of one metric after the other."""
        for place in range(0, len(totals), 3):
            rows, row_sum, first_row = totals[place : place + 3]
            yield cls.of(int(rows), int(row_sum or 0), int(first_row) if first_row else None)
