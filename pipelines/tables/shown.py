"""How the rows of a table are shown to people: identifiers as pseudonyms, other personal columns masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from pipelines.declarations.element import Mask
from pipelines.elements import mask
from pipelines.tables.table import ColumnSpec, TableSpec

WHOLLY = Mask(keep_first=0, keep_last=0)
MASKED, YEAR, AGE_BAND = "_masked", "_year", "_age_band"  # what is added to a column's name
BAND_YEARS = 10


@ibis.udf.scalar.builtin
def pseudonym(value: str) -> str:  # type: ignore[empty-body]
    """What an engine has to know by this name: HMAC-SHA256 of the UTF-8 text under the lake's key, in hexadecimal."""


@dataclass(frozen=True)
class Masking:
    """What masking needs to know: the lake's secret `key`, and the year of its newest file, which ages are those of.

    Columns of the data elements in `identifiers` become pseudonyms.
    """

    key: bytes = field(repr=False)
    identifiers: Collection[str]
    year: int | None


@dataclass(frozen=True)
class ShownColumn:
    """A column as it is shown: its name and title, the column that it comes from, what was done to it, its values."""

    name: str
    title: str
    of: ColumnSpec
    treatment: str
    value: ir.Value


def shown(spec: TableSpec, rows: ir.Table, masking: Masking | None) -> list[ShownColumn]:
    """The table's columns as they are, or personal ones masked. `rows` must have every column of `spec`.

    An identifier is shown as a pseudonym, the same in every table, and beside it as its mask says (`_masked`). A
    personal date is shown as its year (`_year`), and as how many years before the lake's newest file it was, in bands
    of ten (`_age_band`: 30 is 30 to 39). All else that is personal is text that its mask has left, under its own name.
    """
    return [shown for column in spec.columns for shown in _shown(column, rows[column.name], masking)]


def _shown(column: ColumnSpec, value: ir.Value, masking: Masking | None) -> Iterator[ShownColumn]:
    if masking is None or not column.is_personal:
        yield ShownColumn(column.name, column.title, column, "原值", value)
    elif column.element in masking.identifiers and column.mask is not None and column.type == "string":
        yield ShownColumn(column.name, f"{column.title}（假名）", column, "假名", pseudonym(value))
        masked = _masked(column, value)
        yield ShownColumn(column.name + MASKED, f"{column.title}（已脱敏）", column, "已脱敏", masked)
    elif column.type == "date":
        year = value.year().cast("int64")
        now = ibis.literal(masking.year, "int64")
        band = (now - year) // BAND_YEARS * BAND_YEARS
        yield ShownColumn(column.name + YEAR, f"{column.title}（年份，已脱敏）", column, "年份", year)
        titled = f"{column.title}（距数据年份的十年段，即年龄段，已脱敏）"
        yield ShownColumn(column.name + AGE_BAND, titled, column, "年龄段", band.cast("int64"))
    else:
        yield ShownColumn(column.name, f"{column.title}（已脱敏）", column, "已脱敏", _masked(column, value))


def _masked(column: ColumnSpec, value: ir.Value) -> ir.StringValue:
    """A value as its column's mask leaves it, or wholly masked where it has none."""
    return mask(value.cast("string"), column.mask or WHOLLY)
