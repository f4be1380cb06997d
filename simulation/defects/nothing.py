"""Spellings of nothing, where a value may be missing and where it must not."""

from __future__ import annotations

from simulation.planting import Defect, accepted, quarantined
from simulation.table import Cell
from simulation.vocabulary import NULL_TOKENS

NULL_TOKEN = accepted("null_token", *NULL_TOKENS, due=None)
# Cells of a workbook that hold no value.
WITHOUT_VALUE = quarantined("cell_without_value", Cell.UNCALCULATED, Cell.ERROR)


def required(*spellings: str) -> Defect:
    """Nothing, where the row is nothing without the value."""
    return quarantined("required_missing", *spellings, checks=["required"])
