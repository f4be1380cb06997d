"""What the embedded engine answers to questions: the rows that there are, in the types that were asked for."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pytest

from pipelines.engines.duckdb.engine import DuckDBEngine

MOMENT = datetime.datetime(2026, 3, 1, 8, 30, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine("1GB") as engine:
        yield engine


@pytest.fixture
def numbers(engine: DuckDBEngine) -> ir.Table:
    engine.connection.execute("CREATE OR REPLACE TABLE numbers AS SELECT range::BIGINT AS n FROM range(5)")
    return engine.ibis.table("numbers")


def test_values_come_in_the_types_of_the_expression(engine: DuckDBEngine, numbers: ir.Table) -> None:
    asked = numbers.agg(
        total=numbers.n.sum(),  # DuckDB's own sum of whole numbers is wider than them
        amount=ibis.literal("1.50").cast("decimal(18,2)"),
        moment=ibis.literal(MOMENT, "timestamp('UTC')"),
        day=ibis.date("2026-03-01"),
        names=ibis.array(["a", "b"]),
        nothing=ibis.null(),
        no_text=ibis.null("string"),
    )
    assert engine.rows(asked) == [
        {
            "total": 10,
            "amount": decimal.Decimal("1.50"),
            "moment": MOMENT,
            "day": datetime.date(2026, 3, 1),
            "names": ["a", "b"],
            "nothing": None,
            "no_text": None,
        }
    ]
    assert isinstance(engine.rows(asked)[0]["total"], int)


def test_one_value_is_told_by_itself(engine: DuckDBEngine, numbers: ir.Table) -> None:
    assert engine.scalar(numbers.n.sum()) == 10
    assert engine.scalar(numbers.filter(numbers.n > 10).n.max()) is None
    assert engine.scalar(ibis.literal(None)) is None


def test_rows_of_pythons_own_can_be_asked(engine: DuckDBEngine) -> None:
    brought = ibis.memtable({"n": [1, 2]})
    assert engine.rows(brought.agg(total=brought.n.sum())) == [{"total": 3}]
    assert engine.stream(brought).read_all().to_pylist() == [{"n": 1}, {"n": 2}]


def test_a_stream_begins_when_it_is_read(engine: DuckDBEngine, numbers: ir.Table) -> None:
    """What the engine is asked before that ends no answer."""
    stream = engine.stream(numbers)
    assert engine.scalar(numbers.count()) == 5
    assert stream.read_all().num_rows == 5
