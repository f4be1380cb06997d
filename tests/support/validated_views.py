"""Views to validate: an engine, a rule and hand-made rows, or rows for all columns of a contract."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import ibis
import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.rule import SENT, Rule
from pipelines.engines.base import Engine
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.engines.registry import open_engine
from pipelines.project.catalog import read_catalog
from pipelines.rules.great_expectations import validate

ROOT = Path(__file__).resolve().parents[2]
RECEIVED = datetime.date(2026, 6, 30)

GOOD_ID = "150102198001010014"  # published specimen, as are the next three
TAIWAN_ID = "830000199201300022"
FOREIGN_ID = "911124198108030024"
HONG_KONG_ID = "810000199408230021"
WRONG_DIGIT = "150102198001010015"
DAMAGED = "1.50102E+17"
GOOD_CODE = "91110000600037341L"

SPARK_TYPES = {"VARCHAR": "STRING", "TIMESTAMPTZ": "TIMESTAMP"}


@pytest.fixture(scope="module")
def embedded() -> Iterator[DuckDBEngine]:
    with DuckDBEngine("1GB") as engine:
        yield engine


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def either_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine after the other: every test with this fixture says that they do the same."""
    if request.param == "duckdb":
        yield request.getfixturevalue("embedded")
    else:
        from tests.support.spark import SPARK

        request.getfixturevalue("spark_session")
        with open_engine(SPARK) as engine:
            yield engine


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(ROOT)


def rule(kind: str, where: tuple[str, ...] = (), severity: Any = "critical", **arguments: Any) -> Rule:
    return Rule(code="a.rule", title="规则", severity=severity, type=kind, arguments=arguments, where=where)


def a_view(engine: Engine, columns: str, rows: Sequence[Sequence[Any]]) -> str:
    """A view `delivered` of typed rows (of `given`); `columns` are DuckDB's column definitions.

    Rows are numbered from 2, where `columns` have no number of their own.
    """
    if not re.search(r"\b_row\b", columns):
        columns += ", _row BIGINT"
        rows = [(*row, place) for place, row in enumerate(rows, 2)]
    if isinstance(engine, DuckDBEngine):
        engine.connection.execute(f"CREATE OR REPLACE TABLE given ({columns})")
        if rows:
            places = ", ".join("?" * len(rows[0]))
            engine.connection.executemany(f"INSERT INTO given VALUES ({places})", [list(row) for row in rows])
        engine.connection.execute("CREATE OR REPLACE VIEW delivered AS SELECT * FROM given")
    else:
        session = cast(Any, engine).session
        schema = re.sub("|".join(SPARK_TYPES), lambda kind: SPARK_TYPES[kind[0]], columns)
        given = session.createDataFrame([tuple(row) for row in rows], schema)
        given.createOrReplaceTempView("given")
        given.createOrReplaceTempView("delivered")
    return "delivered"


def counted(engine: Engine, tested: Rule, columns: str, rows: Sequence[Sequence[Any]]) -> tuple[int | None, int]:
    """(evaluated, unexpected) of one rule on those rows."""
    view = a_view(engine, columns, rows)
    outcome = validate(engine, view, [tested], source="a_source", batch="b1").outcomes[tested.code]
    assert outcome.success == (outcome.unexpected == 0)
    return outcome.evaluated, outcome.unexpected


def texts(*values: str | None) -> list[tuple[str | None]]:
    return [(value,) for value in values]


def contract_view(engine: Engine, catalog: Catalog, source: str, rows: int) -> str:
    """A view with a contract's columns: one row in three without values, one with nonsense, one with an id number."""
    numbered = ibis.range(0, rows).unnest().name("place").as_table()
    place = numbered.place
    text = ibis.cases((place % 3 == 1, DAMAGED), (place % 3 == 2, GOOD_ID), else_=ibis.null("string"))
    columns = {
        "_row": (place + 2).cast("int64"),
        "_batch": ibis.literal("b1"),
        "_row_hash": place.cast("string").hexdigest("md5"),
        "_received_on": ibis.literal(RECEIVED),
        "_latest_version": ibis.literal(RECEIVED).cast("timestamp('UTC')"),
        "_upsert": ibis.literal(True),
        "_sound": ibis.literal(True),
        "delete_flag": ibis.null("string"),
    }
    for column in catalog.contracts[source].columns:
        element = catalog.elements[column.element]
        if element.is_text:
            columns[column.name] = text
        else:
            columns |= {column.name: ibis.null(element.ibis_type), column.name + SENT: text}
    return engine.view(numbered.select(**columns), "delivered")
