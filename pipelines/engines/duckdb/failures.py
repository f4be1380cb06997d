"""What DuckDB's errors mean: whether what rows hold is to blame, or what was asked of them."""

from __future__ import annotations

import duckdb


def blames_rows(error: Exception) -> bool:
    """Whether a computation failed by what rows hold, and not for want of memory, files or time."""
    return isinstance(error, duckdb.DataError | duckdb.InvalidInputException)
