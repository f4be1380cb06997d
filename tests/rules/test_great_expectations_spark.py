"""Great Expectations on Spark: a handful of queries that fetch counts alone, nothing left in the session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql.classic.dataframe import DataFrame

from pipelines.declarations.catalog import Catalog
from pipelines.engines.base import Engine
from pipelines.engines.registry import open_engine
from pipelines.rules.great_expectations import NotValidatedError, validate
from tests.support.spark import SPARK
from tests.support.validated_views import a_view, contract_view, rule, texts

pytestmark = pytest.mark.spark

# What hands rows of a frame over to Python; `count` and what is written are no such thing.
FETCHING = ("toLocalIterator", "take", "tail", "head", "first", "toPandas", "toArrow", "show", "foreach")


@pytest.fixture(scope="module")
def engine(spark_session: SparkSession) -> Iterator[Engine]:
    with open_engine(SPARK) as opened:
        yield opened


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DataFrame, list[Row]]]:
    """What `collect` gave, query by query; any other way of fetching rows fails the test."""
    found: list[tuple[DataFrame, list[Row]]] = []
    collect = DataFrame.collect

    def listening(self: DataFrame) -> list[Row]:
        rows = collect(self)
        found.append((self, rows))
        return rows

    def refused(self: DataFrame, *_: Any, **__: Any) -> None:
        raise AssertionError("rows are fetched")

    monkeypatch.setattr(DataFrame, "collect", listening)
    for way in FETCHING:
        monkeypatch.setattr(DataFrame, way, refused)
    return found


def test_all_rules_of_a_source_are_seven_queries_that_give_counts(
    engine: Engine, catalog: Catalog, fetched: list[tuple[DataFrame, list[Row]]]
) -> None:
    rules = catalog.rules(catalog.contracts["household_registration"])
    view = contract_view(engine, catalog, "household_registration", rows=30)
    assert len(rules) > 20
    validate(engine, view, rules, source="household_registration", batch="b1")
    # The number of rows, that of complete pairs, what breaks rules on rows and on pairs of columns, the endings of id
    # numbers, and one for each rule that compares rows.
    assert len(fetched) == 7
    for _frame, rows in fetched:
        assert len(rows) == 1
        assert all(isinstance(value, int) for value in rows[0])


def test_plans_hold_no_python(
    engine: Engine, catalog: Catalog, fetched: list[tuple[DataFrame, list[Row]]], capsys: pytest.CaptureFixture[str]
) -> None:
    source = "market_entity"
    view = contract_view(engine, catalog, source, rows=30)
    validate(engine, view, catalog.rules(catalog.contracts[source]), source=source, batch="b1")
    for frame, _rows in fetched:
        frame.explain()
    plans = capsys.readouterr().out
    assert "HashAggregate" in plans
    assert not re.search("Python|Pandas|ArrowEval|Cartesian", plans)


def test_nothing_is_left_in_the_session(engine: Engine, spark_session: SparkSession) -> None:
    view = a_view(engine, "_batch STRING, _row_hash STRING, key STRING", [("b1", "h", "k")])
    before = spark_session.catalog.listTables()
    tested = rule("expect_rows_not_to_repeat_in_batch", key=["key"])
    validate(engine, view, [tested], source="s", batch="b1")
    assert spark_session.catalog.listTables() == before
    assert not spark_session.table(view).storageLevel.useMemory


def test_a_type_that_spark_lacks_is_an_error(engine: Engine) -> None:
    view = a_view(engine, "v STRING", texts("张三丰"))
    lacking = rule("expect_column_values_to_match_like_pattern", column="v", like_pattern="李%")
    with pytest.raises(NotValidatedError, match=r"a\.rule") as raised:
        validate(engine, view, [lacking], source="s", batch="b1")
    assert "张三丰" not in str(raised.value)


def test_a_view_that_is_not_there_is_an_error(engine: Engine) -> None:
    tested = rule("expect_column_values_to_not_be_null", column="v")
    with pytest.raises(NotValidatedError, match=r"s\.b1.*not_there"):
        validate(engine, "not_there", [tested], source="s", batch="b1")
