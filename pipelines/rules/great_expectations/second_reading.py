"""The rows that Great Expectations validates: cells as sent, read a second time by `expectations/reading`.

The pipeline's own values stand beside them as `<column>__typed`, to be compared with what was read again.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.declarations.rule import SENT, Rule

if TYPE_CHECKING:
    import duckdb

    from pipelines.declarations.catalog import Catalog
    from pipelines.declarations.contract import Contract

READING = "expectations.reading"
CELL, TYPED = "__cell", "__typed"
READ_ALIKE = "read_alike"

KEPT_IN_MEMORY = 100_000  # rows of a batch, a few hundred bytes each, that may be held in memory beside others

Frame = Any  # of pyspark, which is not there where only DuckDB is


@dataclass(frozen=True)
class Reading:
    """A column that is read twice. `kind` is the element's type, or `text`.

    The rows have its cell as `<column>__cell`, and where `asks_sent`, what counts as sent as `<column>__sent`.
    """

    column: str
    normal_form: str
    kind: str
    asks_sent: bool

    @property
    def code(self) -> str:
        """What the comparison of both readings is called, beside the rules."""
        return f"{self.column}.{READ_ALIKE}"


def readings_of(catalog: Catalog, contract: Contract) -> tuple[Reading, ...]:
    """The columns of a source that are read twice: identifiers, dates and amounts, by their elements' normal forms."""
    read_twice = importlib.import_module(READING).READ_TWICE
    elements = [(column.name, catalog.elements[column.element]) for column in contract.columns]
    return tuple(
        Reading(name, element.normalise, "text" if element.is_text else element.ibis_type, not element.is_text)
        for name, element in elements
        if element.normalise in read_twice
    )


def alike(readings: Sequence[Reading]) -> list[Rule]:
    """That both readings of each column agree in every row: counted as rules are, but no rule of the contract."""
    return [
        Rule(
            code=reading.code,
            title=f"{reading.column}：两次读取的结果应一致",
            severity="critical",
            type="expect_column_pair_values_to_be_read_alike",
            arguments={"column_A": reading.column, "column_B": reading.column + TYPED},
        )
        for reading in readings
    ]


def read_again_in_duckdb(connection: duckdb.DuckDBPyConnection, view: str, readings: Sequence[Reading]) -> str:
    """A view like `view`, in which the columns of `readings` show what is read in their cells.

    Few rows are read at once and kept: each question to the view would plan the whole reading again, which takes longer
    than to read them.
    """
    import sqlalchemy as sa
    from duckdb_engine import Dialect

    words = importlib.import_module(f"{READING}.in_duckdb").InDuckDB()
    again = _columns(words, sa.column, connection.view(view).columns, readings)
    rows = sa.select(*(value.label(name) for name, value in again)).select_from(sa.table(view))
    # The dialect's own style of parameters would double each percent sign.
    query = rows.compile(dialect=Dialect(paramstyle="named"), compile_kwargs={"literal_binds": True})
    again = connection.query(str(query))
    count = connection.view(view).count("*").fetchone()
    if count and count[0] <= KEPT_IN_MEMORY:
        connection.register(f"{view}_read", again.to_arrow_table())
        return f"{view}_read"
    again.create_view(f"{view}_again", replace=True)
    return f"{view}_again"


def read_again_on_spark(rows: Frame, readings: Sequence[Reading]) -> Frame:
    """As `read_again_in_duckdb`, of a frame."""
    words = importlib.import_module(f"{READING}.on_spark").OnSpark()
    again = _columns(words, lambda name: rows[f"`{name}`"], rows.columns, readings)
    return rows.select(*(value.alias(name) for name, value in again))


def _columns(words: Any, column: Any, names: Sequence[str], readings: Sequence[Reading]) -> Iterator[tuple[str, Any]]:
    readers = importlib.import_module(f"{READING}.readers")
    twice: dict[str, Any] = {}
    for reading in readings:
        cell = column(reading.column + CELL)
        twice[reading.column] = readers.read(words, cell, reading.normal_form, reading.kind)
        if reading.asks_sent:
            twice[reading.column + SENT] = readers.read_sent(words, cell, reading.normal_form)
        yield reading.column + TYPED, column(reading.column)
    cells = {reading.column + CELL for reading in readings}
    for name in names:
        if name not in cells:
            yield name, twice[name] if name in twice else column(name)
