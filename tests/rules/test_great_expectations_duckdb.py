"""What the shim for DuckDB relies on in Great Expectations and duckdb-engine."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.rules.great_expectations import validate
from tests.support.validated_views import contract_view, counted, rule, texts


def test_sees_uncommitted_rows_of_the_connection_and_leaves_its_transaction_open(
    embedded: DuckDBEngine,
) -> None:
    embedded.connection.execute("CREATE TABLE kept (v VARCHAR, _row BIGINT)")
    embedded.connection.begin()
    embedded.connection.execute("INSERT INTO kept VALUES ('a', 2), (NULL, 3)")
    tested = rule("expect_column_values_to_not_be_null", column="v")
    assert validate(embedded, "kept", [tested], source="s", batch="b").outcomes["a.rule"].unexpected == 1
    embedded.connection.rollback()
    assert embedded.connection.sql("SELECT count(*) FROM kept").fetchone() == (0,)


def test_reads_no_value_and_scans_once_for_all_rules_on_columns(
    embedded: DuckDBEngine, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb_engine

    sent: list[str] = []
    execute = duckdb_engine.CursorWrapper.execute

    def listening(self: Any, statement: str, *arguments: Any) -> None:
        sent.append(statement)
        execute(self, statement, *arguments)

    monkeypatch.setattr(duckdb_engine.CursorWrapper, "execute", listening)
    rules = [rule for rule in catalog.rules(catalog.contracts["household_registration"]) if "column" in rule.arguments]
    view = contract_view(embedded, catalog, "household_registration", rows=30)
    assert len(rules) > 15
    validate(embedded, view, rules, source="household_registration", batch="b1")
    reading = [query for query in sent if view in query and "LIMIT" not in query]
    assert all(re.match(r"SELECT (sum|count)\(", query) for query in reading)
    assert len(reading) == 2  # the numbers of rows, and everything else
    # What has a LIMIT asks for the names of columns, or whether the view is there.
    assert all(
        re.search(r"^SELECT (\*|1)\s+FROM delivered\s+LIMIT \$1$", query.strip()) for query in sent if "LIMIT" in query
    )


def test_sets_of_codes_go_to_the_database_as_one_parameter(embedded: DuckDBEngine, catalog: Catalog) -> None:
    from great_expectations.expectations.registry import get_metric_provider

    from pipelines.rules.great_expectations.on_duckdb import DuckDBExecutionEngine

    values = [code.code for code in catalog.codes["region"]]
    tested = rule("expect_column_values_to_be_in_set", column="v", value_set=values)
    assert counted(embedded, tested, "v VARCHAR", texts(*values[::100], "000000")) == (len(values[::100]) + 1, 1)
    engine = DuckDBExecutionEngine(connection_string="duckdb:///:memory:")
    provider, _ = get_metric_provider("column_values.in_set.condition", engine)
    assert provider.__module__ == DuckDBExecutionEngine.__module__
