"""Expectations that compare the rows of one batch with each other.

The columns `_batch`, `_row` (its number) and `_row_hash` (of its content) must be there. Several batches may stand in
one table: rows are compared with those of their own batch. NULL is one value. A `row_condition` says which rows are
compared at all.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.model_field_types import ConditionParser
from great_expectations.expectations.row_conditions import RowConditionType

BATCH, ROW_NUMBER, ROW_HASH = "_batch", "_row", "_row_hash"

Arguments = dict[str, Any]
Groups = sa.Select[
    int, int, int
]  # per group of rows: how many are unexpected, the sum of their numbers, and the first of these
Found = tuple[int, int, int | None]  # the same of all groups together
Frame = Any  # of pyspark, which is not there where only DuckDB is


class BatchRowsMetric(TableMetricProvider):
    """How many rows of the batch are unexpected, the sum of their numbers and the first one, as `Found`.

    A subclass forms groups of rows, and says so of each.
    """

    value_keys = ("key", "version_column")

    @classmethod
    def in_duckdb(cls, rows: sa.FromClause, key: list[str], version: str | None) -> Groups:
        """A query of three columns: the number of unexpected rows in a group, the sum of their numbers, the first."""
        raise NotImplementedError

    @classmethod
    def on_spark(cls, rows: Frame, key: list[str], version: str | None) -> Frame:
        """A frame with the columns `unexpected`, `row_sum` and `first_row`, of a group."""
        raise NotImplementedError

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: Arguments,
        metric_value_kwargs: Arguments,
        **_: Any,
    ) -> Found:
        rows, _domain, _accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        chosen = rows.subquery() if isinstance(rows, sa.Select) else rows
        groups = cls.in_duckdb(chosen, *_key_and_version(metric_value_kwargs)).subquery()
        unexpected, row_sum, first_row = groups.c
        totals = (sa.func.coalesce(sa.func.sum(total), 0) for total in (unexpected, row_sum))
        found = execution_engine.execute_query(sa.select(*totals, sa.func.min(first_row))).one()
        return int(found[0]), int(found[1]), found[2]

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,  # noqa: N805
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: Arguments,
        metric_value_kwargs: Arguments,
        **_: Any,
    ) -> Found:
        rows, _domain, _accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        groups = cls.on_spark(rows, *_key_and_version(metric_value_kwargs))
        totals = (spark.coalesce(spark.sum(total), spark.lit(0)) for total in ("unexpected", "row_sum"))
        found = groups.agg(*totals, spark.coalesce(spark.min("first_row"), spark.lit(0))).collect()[0]
        return int(found[0]), int(found[1]), found[2] or None


class ContradictingRows(BatchRowsMetric):
    """All rows of a key and version that have not the same content; rows without a key contradict none."""

    metric_name = "batch_rows.contradicting"

    @classmethod
    def in_duckdb(cls, rows: sa.FromClause, key: list[str], version: str | None) -> Groups:
        content: sa.ColumnElement[str] = sa.column(ROW_HASH)
        keyed = (sa.column(name).is_not(None) for name in key)
        differs = sa.func.min(content) != sa.func.max(content)
        number: sa.ColumnElement[int] = sa.column(ROW_NUMBER)
        totals = (sa.func.count(), sa.func.sum(number), sa.func.min(number))
        counted = sa.select(*totals).select_from(rows).where(*keyed)
        return counted.group_by(*map(sa.column, _group(key, version))).having(differs)

    @classmethod
    def on_spark(cls, rows: Frame, key: list[str], version: str | None) -> Frame:
        totals = {"unexpected": spark.count("*"), "row_sum": spark.sum(ROW_NUMBER), "first_row": spark.min(ROW_NUMBER)}
        contents = {"least": spark.min(ROW_HASH), "most": spark.max(ROW_HASH)}
        grouped = rows.dropna(subset=key).groupBy(*_group(key, version))
        counted = grouped.agg(*(number.alias(name) for name, number in (totals | contents).items()))
        return counted.where(spark.col("least") != spark.col("most"))


class RepeatingRows(BatchRowsMetric):
    """All copies of a row but one. The first of them is told by the row that it repeats."""

    metric_name = "batch_rows.repeating"

    @classmethod
    def in_duckdb(cls, rows: sa.FromClause, key: list[str], version: str | None) -> Groups:
        number: sa.ColumnElement[int] = sa.column(ROW_NUMBER)
        first = sa.func.min(number)
        counted = sa.select(sa.func.count() - 1, sa.func.sum(number) - first, first).select_from(rows)
        return counted.group_by(*map(sa.column, _group(key, ROW_HASH))).having(sa.func.count() > 1)

    @classmethod
    def on_spark(cls, rows: Frame, key: list[str], version: str | None) -> Frame:
        first = spark.min(ROW_NUMBER)
        totals = {"unexpected": spark.count("*") - 1, "row_sum": spark.sum(ROW_NUMBER) - first, "first_row": first}
        counted = rows.groupBy(*_group(key, ROW_HASH)).agg(*(number.alias(name) for name, number in totals.items()))
        return counted.where(spark.col("unexpected") > 0)


class BatchRowsExpectation(BatchExpectation):
    """No row of the batch is unexpected, as the metric of a subclass has it."""

    key: list[str]
    # A model of Great Expectations has an attribute `version` already.
    version_column: str | None = pydantic.Field(None, alias="version")
    row_condition: RowConditionType = None
    condition_parser: ConditionParser | None = None

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "table", "row_condition", "condition_parser")
    success_keys: ClassVar[tuple[str, ...]] = ("key", "version_column")
    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        rows, (unexpected, row_sum, first_row) = (metrics[name] for name in self.metric_dependencies)
        counts = {"element_count": rows, "unexpected_count": unexpected, "observed_value": unexpected}
        counts |= {"unexpected_row_sum": row_sum, "first_unexpected_row": first_row}
        return {"success": unexpected == 0, "result": counts}


class ExpectRowsNotToContradictInBatch(BatchRowsExpectation):
    """Expect no two rows with the same key and version but another content.

    A row without a key contradicts none; that it lacks its key is for another rule.
    """

    metric_dependencies = ("table.row_count", ContradictingRows.metric_name)


class ExpectRowsNotToRepeatInBatch(BatchRowsExpectation):
    """Expect no row to come again; every copy after the first is unexpected."""

    metric_dependencies = ("table.row_count", RepeatingRows.metric_name)


def _key_and_version(arguments: Arguments) -> tuple[list[str], str | None]:
    return list(arguments["key"]), arguments.get("version_column")


def _group(key: list[str], last: str | None) -> list[str]:
    return [*dict.fromkeys([BATCH, *key, *([last] if last else [])])]
