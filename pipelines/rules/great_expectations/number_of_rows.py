"""A number of rows that also knows which rows it counts."""

from __future__ import annotations

# A metric whose first row is told: one such row stops the run. For the others that would be paid for in vain.
FIRST_ROW_OF = "column_pair_values.read_alike."


class NumberOfRows(int):
    """How many rows a metric counts, with the sum of their numbers and, where it is asked for, the first of these.

    For Great Expectations it is the number alone, wherever that goes.
    """

    row_sum: int
    first_row: int | None

    @classmethod
    def of(cls, rows: int, row_sum: int, first_row: int | None) -> NumberOfRows:
        number = cls(rows)
        number.row_sum, number.first_row = row_sum, first_row
        return number
