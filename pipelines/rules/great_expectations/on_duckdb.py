"""What Great Expectations lacks for DuckDB: a datasource and an execution engine over a connection that exists."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

from pipelines.declarations.rule import ROW_NUMBER
from pipelines.rules.great_expectations.number_of_rows import FIRST_ROW_OF, NumberOfRows
from pipelines.rules.great_expectations.second_reading import Reading, read_again_in_duckdb
from pipelines.rules.great_expectations.value_sets import unpacked

Value = Any  # what a metric may be, as in Great Expectations
Conditions = Sequence[sa.ColumnElement[bool]]

# What a row adds to a sum beside its number: more than all row numbers together, and no more than a bigint holds.
A_ROW = 10**17

PARTIAL, CONDITION = ".unexpected_count.aggregate_fn", "unexpected_condition"


def batch_of(
    context: AbstractDataContext,
    connection: duckdb.DuckDBPyConnection,
    view: str,
    name: str,
    readings: Sequence[Reading] = (),
) -> Batch:
    """The rows of a table or view that `connection` sees, as a batch to validate; what has `readings` is read again."""
    if readings:
        view = read_again_in_duckdb(connection, view, readings)
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


@dataclass(frozen=True)
class Counted:
    """Rows for which all conditions hold; `which` asks for the sum of their numbers too, `first` for the first one."""

    conditions: Conditions
    which: bool = False
    first: bool = False


def _number(asked: Counted, found: Iterator[Any]) -> int:
    """What `one` asked for, from the totals that were found."""
    total = int(next(found) or 0)
    if not asked.which:
        return total
    rows, row_sum = divmod(total, A_ROW)
    return NumberOfRows.of(rows, row_sum, next(found) if asked.first else None)


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
        self._found: Mapping[Any, Value] = {}
        self._counted_ahead: dict[Any, Value] = {}

    def get_inspector(self) -> ViewInspector:
        return self._views

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Value] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Value]:
        """As in Great Expectations, but samples of unexpected values are always empty: they may be personal data.

        All numbers of rows that can be counted by now are counted in one scan, those that are asked for later too.
        """
        self._found = metrics or {}
        rest: list[MetricConfiguration] = []
        samples: dict[Any, Value] = {}
        asked: dict[MetricConfiguration, Counted] = {}
        later: dict[Any, Counted] = {}
        for metric in metrics_to_resolve:
            counted = self._counted_by(metric)
            if metric.metric_name.endswith(".unexpected_values"):
                samples[metric.id] = []
            elif counted is None or metric.metric_name.endswith(PARTIAL):
                rest.append(metric)
                if counted is not None:
                    later[metric.metric_dependencies[CONDITION].id] = counted
            else:
                asked[metric] = counted
        try:
            numbers = self._counts({**{metric.id: counted for metric, counted in asked.items()}, **later})
        except Exception:
            # One of them cannot be counted: each by itself, so that Great Expectations says which.
            rest, asked, numbers = [*rest, *asked], {}, {}
        self._counted_ahead |= {condition: numbers.pop(condition) for condition in later if condition in numbers}
        found = super().resolve_metrics(rest, metrics, runtime_configuration) if rest else {}
        return {**found, **samples, **numbers}

    def _counted_by(self, metric: MetricConfiguration) -> Counted | None:
        """What holds for the rows that a metric on rows counts; None for other metrics."""
        kept = self._selection(metric.metric_domain_kwargs)
        if kept is not None and metric.metric_name.endswith(".filtered_row_count"):
            return Counted(kept)
        condition = self._condition(metric)
        if kept is None or condition is None or not metric.metric_name.endswith((".unexpected_count", PARTIAL)):
            return None
        return Counted([*kept, condition], which=True, first=metric.metric_name.startswith(FIRST_ROW_OF))

    def _condition(self, metric: MetricConfiguration) -> sa.ColumnElement[bool] | None:
        depends = metric.metric_dependencies
        known = self._found.get(depends[CONDITION].id) if CONDITION in depends else None
        return None if known is None else known[0]

    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[MetricComputationConfiguration]) -> dict[Any, Value]:
        """Counts over several subsets of the rows as one query: what selects the rows becomes part of what is counted.

        Great Expectations scans once per subset; a source's rules have a dozen, and its view is not cheap to read.
        """
        known: dict[Any, Value] = {}
        rows: dict[Any, Counted] = {}
        others = []
        for metric in metric_fn_bundle:
            configuration = metric.metric_configuration
            counting = configuration.metric_dependencies["metric_partial_fn"].metric_dependencies
            ahead = self._counted_ahead.get(counting[CONDITION].id) if CONDITION in counting else None
            kept = self._selection(metric.compute_domain_kwargs or {})
            if ahead is not None:
                known[configuration.id] = ahead
            elif configuration.metric_name == "table.row_count" and kept is not None:
                rows[configuration.id] = Counted(kept)
            else:
                others.append(metric)
        return super().resolve_metric_bundle(others) | known | self._counts(rows)

    def _counts(self, asked: Mapping[Any, Counted]) -> dict[Any, Value]:
        """For how many rows of the batch all conditions of each entry hold, and for which."""
        if not asked:
            return {}
        number: sa.ColumnElement[int] = sa.column(ROW_NUMBER)
        holds = [
            sa.and_(sa.true(), *count.conditions).label(f"condition_{at}") for at, count in enumerate(asked.values())
        ]
        rows = sa.select(number, (number + A_ROW).label("counted"), *holds).select_from(self.get_domain_records({}))
        flags = rows.subquery()
        totals: list[sa.ColumnElement[Any]] = []
        for count, flag in zip(asked.values(), flags.c[2:], strict=True):
            # Number and sum as one: each sum over some of the rows takes as long as three rules do.
            totals.append((sa.func.sum(flags.c[1]) if count.which else sa.func.count()).filter(flag))
            if count.first:
                totals.append(sa.func.min(flags.c[0]).filter(flag))
        labelled = [total.label(f"total_{at}") for at, total in enumerate(totals)]
        found = iter(self.execute_query(sa.select(*labelled).select_from(flags)).one())
        return {name: _number(count, found) for name, count in asked.items()}

    def _selection(self, domain: Mapping[str, Any]) -> Conditions | None:
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
