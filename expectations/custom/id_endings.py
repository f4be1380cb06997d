"""Expectation on a whole batch: id numbers do not end in 000 more often than chance allows.

Spreadsheets keep 15 significant digits of a number and write 000 for the rest. What is lost cannot be told from the
single number where its check digit holds by chance, once in eleven; it can be told from the batch.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.row_conditions import RowConditionType

from expectations.custom import on_spark
from expectations.custom.form import ID_NUMBER

ENDING = "000"

Arguments = dict[str, Any]


class IdEndings(TableMetricProvider):
    """For each column: how many well-formed id numbers there are, and how many different ones of them end in 000."""

    metric_name = "table.id_endings"
    value_keys = ("of_columns",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: Arguments,
        metric_value_kwargs: Arguments,
        **_: Any,
    ) -> list[int]:
        rows, _domain, _accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        counted: list[sa.ColumnElement[int]] = []
        for name in metric_value_kwargs["of_columns"]:
            column: sa.ColumnElement[str] = sa.column(name)
            formed = sa.func.regexp_matches(column, sa.literal(ID_NUMBER))
            ending = sa.and_(formed, sa.func.right(column, len(ENDING)) == ENDING)
            counted.append(sa.func.count().filter(formed))
            counted.append(sa.func.count(sa.distinct(column)).filter(ending))
        if isinstance(rows, sa.Select):  # only some of the rows
            rows = rows.subquery()
        named = [count.label(f"number_{place}") for place, count in enumerate(counted)]
        return list(execution_engine.execute_query(sa.select(*named).select_from(rows)).one())

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,  # noqa: N805
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: Arguments,
        metric_value_kwargs: Arguments,
        **_: Any,
    ) -> list[int]:
        rows, _domain, _accessor = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        counted = []
        for name in metric_value_kwargs["of_columns"]:
            column = spark.col(f"`{name}`")
            formed = on_spark.matches(column, ID_NUMBER)
            counted.append(spark.count_if(formed))
            counted.append(spark.countDistinct(spark.when(formed & column.endswith(ENDING), column)))
        return list(rows.agg(*(count.alias(f"number_{place}") for place, count in enumerate(counted))).collect()[0])


class ExpectTableIdEndingsToBeByChance(BatchExpectation):
    """Expect no column of `of_columns` to hold more numbers that end in 000 than chance allows.

    One number in `one_in` ends so by chance. `most_improbable` is the probability below which chance is ruled out;
    fewer than `fewest` such numbers are never too many. With a `row_condition` they are those of some rows.
    """

    of_columns: list[str]
    one_in: int = pydantic.Field(gt=1)
    fewest: int = pydantic.Field(ge=1)
    most_improbable: float = pydantic.Field(gt=0, lt=1)
    row_condition: RowConditionType = None

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")
    success_keys: ClassVar[tuple[str, ...]] = ("of_columns", "one_in", "fewest", "most_improbable")
    metric_dependencies: ClassVar[tuple[str, ...]] = (IdEndings.metric_name,)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        found = metrics[IdEndings.metric_name]
        pairs = list(zip(found[::2], found[1::2], strict=True))
        beyond = [ending for numbers, ending in pairs if self._is_beyond_chance(numbers, ending)]
        return {"success": not beyond, "result": {"observed_value": max((ending for _, ending in pairs), default=0)}}

    def _is_beyond_chance(self, numbers: int, ending: int) -> bool:
        due = numbers / self.one_in
        if ending < self.fewest or ending <= due:
            return False
        # Chernoff: so many or more come by chance with a probability of at most e^-(k ln(k/due) - k + due).
        return ending * math.log(ending / due) - ending + due > -math.log(self.most_improbable)
