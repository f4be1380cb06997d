"""Views to validate: a connection, a rule and hand-made rows, or rows for all columns of a contract."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.loading import read_catalog
from pipelines.declarations.rule import Rule
from pipelines.quality.great_expectations import validate

ROOT = Path(__file__).parents[1]
RECEIVED = datetime.date(2026, 6, 30)

GOOD_ID = "150102198001010014"  # published specimen, as are the next three
TAIWAN_ID = "830000199201300022"
FOREIGN_ID = "911124198108030024"
HONG_KONG_ID = "810000199408230021"
WRONG_DIGIT = "150102198001010015"
DAMAGED = "1.50102E+17"
GOOD_CODE = "91110000600037341L"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(ROOT)


def rule(kind: str, where: str | None = None, severity: Any = "critical", **arguments: Any) -> Rule:
    return Rule(code="a.rule", title="规则", severity=severity, type=kind, arguments=arguments, where=where)


def a_view(connection: duckdb.DuckDBPyConnection, columns: str, rows: Sequence[Sequence[Any]]) -> str:
    """A temporary view `delivered` of typed rows; `columns` are SQL column definitions."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE given ({columns})")
    if rows:
        connection.executemany(
            f"INSERT INTO given VALUES ({', '.join('?' * len(rows[0]))})", [list(row) for row in rows]
        )
    connection.execute("CREATE OR REPLACE TEMP VIEW delivered AS SELECT * FROM given")
    return "delivered"


def counted(
    connection: duckdb.DuckDBPyConnection, one: Rule, columns: str, rows: Sequence[Sequence[Any]]
) -> tuple[int | None, int]:
    """(evaluated, unexpected) of one rule on those rows."""
    view = a_view(connection, columns, rows)
    outcome = validate(connection, view, [one], source="a_source", batch="b1").outcomes[one.code]
    assert outcome.success == (outcome.unexpected == 0)
    return outcome.evaluated, outcome.unexpected


def texts(*values: str | None) -> list[tuple[str | None]]:
    return [(value,) for value in values]


# --- what each type counts -------------------------------------------------------------------------------------------


def contract_view(connection: duckdb.DuckDBPyConnection, catalog: Catalog, source: str, rows: int) -> str:
    """A view with a contract's columns: one row in three without values, one with nonsense, one with an id number."""
    text = f"CASE i % 3 WHEN 1 THEN '{DAMAGED}' WHEN 2 THEN '{GOOD_ID}' END"
    columns = [f"i + 2 AS _row, 'b1' AS _batch, md5(i::VARCHAR) AS _row_hash, DATE '{RECEIVED}' AS _received_on"]
    for column in catalog.contracts[source].columns:
        element = catalog.elements[column.element]
        if element.is_text:
            columns.append(f"{text} AS {column.name}")
        else:
            kind = {"timestamp": "TIMESTAMPTZ"}.get(element.type, element.type)
            columns.append(f"NULL::{kind} AS {column.name}, {text} AS {column.name}__sent")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW delivered AS SELECT {', '.join(columns)} FROM range({rows}) r(i)")
    return "delivered"
