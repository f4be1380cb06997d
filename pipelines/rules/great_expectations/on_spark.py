"""Great Expectations over a Spark session that exists: a datasource and an execution engine that read no value."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from great_expectations.compatibility.pyspark import functions as spark
from great_expectations.data_context import AbstractDataContext
from great_expectations.datasource.fluent import SparkDatasource
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.expectations.row_conditions import Condition, deserialize_row_condition
from great_expectations.validator.metric_configuration import MetricConfiguration

from pipelines.declarations.rule import ROW_NUMBER
from pipelines.rules.great_expectations.number_of_rows import FIRST_ROW_OF, NumberOfRows
from pipelines.rules.great_expectations.second_reading import Reading, read_again_on_spark

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

Value = Any  # what a metric may be, as in Great Expectations


def batch_of(
    context: AbstractDataContext, session: SparkSession, view: str, name: str, readings: Sequence[Reading] = ()
) -> Batch:
    """The rows of a view that `session` sees, as a batch to validate; they stay where they are.

    What has `readings` is read again.
    """
    rows = session.table(view)
    lake = context.data_sources.add_lent_spark("lake", persist=False)
    lake.lend(session)
    whole = lake.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    return whole.get_batch({"dataframe": read_again_on_spark(rows, readings) if readings else rows})


class CountingSparkEngine(SparkDFExecutionEngine):
    """Counts in one job over the batch, and never fetches a row of it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._found: Mapping[Any, Value] = {}

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Value] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Value]:
        """As in Great Expectations, but samples of unexpected values are always empty: they may be personal data."""
        rest: list[MetricConfiguration] = []
        samples: dict[Any, Value] = {}
        numbers: dict[MetricConfiguration, Column] = {}
        unexpected: dict[MetricConfiguration, Column] = {}
        known = metrics or {}
        for metric in metrics_to_resolve:
            kept = self._selection(metric.metric_domain_kwargs)
            condition = metric.metric_dependencies.get("unexpected_condition")
            if metric.metric_name.endswith(".unexpected_values"):
                samples[metric.id] = []
            elif metric.metric_name.endswith(".filtered_row_count") and kept is not None:
                numbers[metric] = kept
            elif metric.metric_name.endswith(".unexpected_count") and kept is not None and condition is not None:
                # Of pairs of columns: Great Expectations runs a job for each, and counts only.
                unexpected[metric] = kept & known[condition.id][0]
            else:
                rest.append(metric)
        self._found = known
        found = super().resolve_metrics(rest, metrics, runtime_configuration) if rest else {}
        return {**found, **samples, **self._numbers_of_rows(numbers, unexpected)}

    def _numbers_of_rows(
        self, domains: Mapping[MetricConfiguration, Column], unexpected: Mapping[MetricConfiguration, Column]
    ) -> dict[Any, Value]:
        """How many rows there are in each metric's domain, and which are unexpected, by a job each for all metrics."""
        try:
            return self._counts({metric.id: kept for metric, kept in domains.items()}) | self._unexpected(unexpected)
        except Exception as error:
            raise MetricResolutionError(message=str(error), failed_metrics=[*domains, *unexpected]) from error

    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[MetricComputationConfiguration]) -> dict[Any, Value]:
        """Counts over several subsets of the rows as one job: what selects the rows becomes part of what is counted.

        Great Expectations runs a job per subset; a source's rules have a dozen.
        """
        rows: dict[Any, Column] = {}
        unexpected: dict[MetricConfiguration, Column] = {}
        others = []
        for metric in metric_fn_bundle:
            counted, configuration = self._counted(metric), metric.metric_configuration
            if counted is None:
                others.append(metric)
            elif configuration.metric_name == "table.row_count":
                rows[configuration.id] = counted
            else:
                unexpected[configuration] = counted
        return super().resolve_metric_bundle(others) | self._counts(rows) | self._unexpected(unexpected)

    def _counts(self, conditions: Mapping[Any, Column]) -> dict[Any, Value]:
        """For how many rows of the batch each condition holds."""
        if not conditions:
            return {}
        named = [spark.count_if(holds).alias(f"metric_{place}") for place, holds in enumerate(conditions.values())]
        return dict(zip(conditions, self.dataframe.agg(*named).collect()[0], strict=True))

    def _unexpected(self, conditions: Mapping[MetricConfiguration, Column]) -> dict[Any, Value]:
        """For how many rows of the batch each metric's condition holds, and for which."""
        if not conditions:
            return {}
        totals = []
        for place, (metric, holds) in enumerate(conditions.items()):
            number = spark.when(holds, spark.col(ROW_NUMBER))
            first = spark.min(number) if metric.metric_name.startswith(FIRST_ROW_OF) else spark.lit(0)
            for kind, total in {"rows": spark.count_if(holds), "sum": spark.sum(number), "first": first}.items():
                totals.append(spark.coalesce(total, spark.lit(0)).alias(f"{kind}_{place}"))
        found = iter(self.dataframe.agg(*totals).collect()[0])
        # A row's number is never 0.
        return {
            condition.id: NumberOfRows.of(next(found), next(found), next(found) or None) for condition in conditions
        }

    def _counted(self, metric: MetricComputationConfiguration) -> Column | None:
        """TRUE for the rows that a metric counts; None where it is no plain count over the batch."""
        configuration = metric.metric_configuration
        kept = self._selection({**configuration.metric_domain_kwargs, **(metric.compute_domain_kwargs or {})})
        if kept is None or configuration.metric_name == "table.row_count":
            return kept
        counting = configuration.metric_dependencies["metric_partial_fn"].metric_dependencies
        condition = self._found.get(counting["unexpected_condition"].id) if "unexpected_condition" in counting else None
        return None if condition is None else kept & condition[0]

    def _selection(self, domain: Mapping[str, Any]) -> Column | None:
        """The condition under which rows belong to a domain; None where it is no plain selection from the batch."""
        condition = domain.get("row_condition")
        if isinstance(condition, dict):
            condition = deserialize_row_condition(condition)
        if domain.get("filter_conditions") or "column_list" in domain or not isinstance(condition, Condition | None):
            return None
        kept = spark.lit(True) if condition is None else spark.expr(self.condition_to_filter_clause(condition))
        if "column_A" in domain and "column_B" in domain:
            first, second = (spark.col(domain[name]).isNull() for name in ("column_A", "column_B"))
            missing = {"both_values_are_missing": first & second, "either_value_is_missing": first | second}
            kept = kept & ~missing.get(domain.get("ignore_row_if", "neither"), spark.lit(False))
        return kept


class LentSparkDatasource(SparkDatasource):
    """Defining it gives every context `data_sources.add_lent_spark`. It opens no session: `lend` it one first."""

    type: Literal["lent_spark"] = "lent_spark"

    @property
    def execution_engine_type(self) -> builtins.type[SparkDFExecutionEngine]:
        return CountingSparkEngine

    def lend(self, session: SparkSession) -> None:
        self._spark = session

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing to be tested: the session is at work already."""
