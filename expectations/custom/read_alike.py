"""Whether a cell as sent was read alike twice: by the pipeline, and by `expectations/reading`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from great_expectations.execution_engine import SparkDFExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

from expectations.custom.form import Holds, Text
from expectations.custom.on_spark import Column
from expectations.custom.pair import PAIR_DOMAIN


class PairValuesReadAlike(ColumnPairMapMetricProvider):
    """The two values are the same, or both NULL."""

    condition_metric_name = "column_pair_values.read_alike"
    condition_domain_keys = PAIR_DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, first: Text, second: Text, **_: Any) -> Holds:
        return first.is_not_distinct_from(second)

    @column_pair_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, first: Column, second: Column, **_: Any) -> Column:
        return first.eqNullSafe(second)


class ExpectColumnPairValuesToBeReadAlike(ColumnPairMapExpectation):
    """Expect column_A, as it was read a second time, to hold in each row what column_B, the first reading, holds."""

    ignore_row_if: Literal["neither"] = "neither"

    domain_keys: ClassVar[tuple[str, ...]] = tuple(key for key in PAIR_DOMAIN if key != "table")
    map_metric = "column_pair_values.read_alike"
