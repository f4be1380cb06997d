"""What Great Expectations lacks for DuckDB: a datasource and an execution engine over a connection that exists."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal

import duckdb
import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from great_expectations.data_context import AbstractDataContext
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.row_conditions import Condition, deserialize_row_condition
from great_expectations.validator.metric_configuration import MetricConfiguration
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.pool import StaticPool

from pipelines.quality.great_expectations.value_sets import unpacked

Value = Any  # what a metric may be, as in Great Expectations


def batch_of(context: AbstractDataContext, connection: duckdb.DuckDBPyConnection, view: str, name: str) -> Batch:
    """The rows of a table or view that `connection` sees, as a batch to validate."""
    lake = context.data_sources.add_duckdb("lake", connection_string="duckdb:///:memory:", kwargs=lend(connection))
    return lake.add_table_asset(name, table_name=view).add_batch_definition_whole_table("whole").get_batch()


class LentConnection(ConnectionWrapper):
    """The pipeline's own connection: Great Expectations sees its temporary views, and never ends its transaction."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def lend(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Arguments of SQLAlchemy's `create_engine` that make every session run on `connection`."""
    return {"poolclass": StaticPool, "creator": lambda: LentConnection(connection)}


class ViewInspector:
    """The part of SQLAlchemy's inspector that Great Expectations asks, for views and temporary tables alike."""

    def __init__(self, engine: sa.Engine) -> None:
        self.dialect = engine.dialect
        self._engine = engine
        self._columns: dict[str, list[dict[str, Any]]] = {}

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        if table_name not in self._columns:
            with self._engine.connect() as connection:
                empty = connection.execute(sa.select(sa.text("*")).select_from(sa.table(table_name)).limit(0))
                names = list(empty.keys())
            self._columns[table_name] = [{"name": name, "type": sa.types.NullType()} for name in names]
        return self._columns[table_name]

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        return {}


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Counts in one scan of the batch, and never reads a value of it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # Makes Great Expectations write REGEXP_MATCHES, which DuckDB has too; it knows no DuckDB of its own.
        self.dialect_module = SimpleNamespace(DremioDialect=None)
        self._views = ViewInspector(self.engine)

    def get_inspector(self) -> ViewInspector:
        return self._views

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Value] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Value]:
        """As in Great Expectations, but samples of unexpected values are always empty: they may be personal data."""
        asked = list(metrics_to_resolve)
        samples = [metric for metric in asked if metric.metric_name.endswith(".unexpected_values")]
        rest = [metric for metric in asked if metric not in samples]
        found = super().resolve_metrics(rest, metrics, runtime_configuration) if rest else {}
        return {**found, **{metric.id: [] for metric in samples}}

    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[MetricComputationConfiguration]) -> dict[Any, Value]:
        """Aggregates over several subsets of the rows as one query: what selects the rows becomes a FILTER.

        Great Expectations scans once per subset; a source's rules have a dozen, and its view is not cheap to read.
        """
        together: dict[Any, sa.ColumnElement[Any]] = {}
        alone = []
        for metric in metric_fn_bundle:
            kept = self._selection(metric.compute_domain_kwargs or {})
            if kept is None or not isinstance(metric.metric_fn, sa.sql.functions.FunctionElement):
                alone.append(metric)
            else:
                together[metric.metric_configuration.id] = metric.metric_fn.filter(*kept) if kept else metric.metric_fn
        resolved = super().resolve_metric_bundle(alone)
        if together:
            selectable = self.get_domain_records({})
            named = [aggregate.label(f"metric_{place}") for place, aggregate in enumerate(together.values())]
            counted = self.execute_query(sa.select(*named).select_from(selectable)).one()
            resolved |= dict(zip(together, counted, strict=True))
        return resolved

    def _selection(self, domain: Mapping[str, Any]) -> Sequence[sa.ColumnElement[bool]] | None:
        """The conditions under which rows belong to a domain; None where it is no plain selection from the batch."""
        condition = domain.get("row_condition")
        if isinstance(condition, dict):
            condition = deserialize_row_condition(condition)
        if domain.get("filter_conditions") or domain.get("table") or not isinstance(condition, Condition | None):
            return None
        kept = [] if condition is None else [self.condition_to_filter_clause(condition)]
        columns: list[sa.ColumnElement[Any]] = [
            sa.column(domain[name]) for name in ("column_A", "column_B") if name in domain
        ]
        if len(columns) == 2:
            missing = {
                "both_values_are_missing": sa.and_(*(column.is_(None) for column in columns)),
                "either_value_is_missing": sa.or_(*(column.is_(None) for column in columns)),
                "neither": sa.false(),
            }
            kept.append(sa.not_(missing[domain.get("ignore_row_if", "neither")]))
        return None if "column_list" in domain else kept


class ColumnValuesInSet(ColumnMapMetricProvider):
    """The native metric of `expect_column_values_to_be_in_set`, with the set as one list.

    Thousands of literals (all region codes) take DuckDB seconds to plan and compare; a list is hashed.
    """

    condition_metric_name = "column_values.in_set"
    condition_value_keys = ("value_set",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: sa.ColumnElement[Any], value_set: Sequence[Any], **_: Any) -> sa.ColumnElement[bool]:
        if not all(isinstance(value, str) for value in value_set):
            return column.in_(value_set)
        codes = sa.literal(unpacked(value_set), ARRAY(sa.String))
        return column.in_(sa.select(sa.func.unnest(codes)).scalar_subquery())


class DuckDBDatasource(SQLDatasource):
    """Defining it gives every context `data_sources.add_duckdb`. Pass `kwargs=lend(connection)`."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        return DuckDBExecutionEngine
