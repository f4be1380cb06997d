"""Rows as code has them are the columns of the tables that hold them, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.tables.rows import BatchEntry, RuleResult, VerdictRow
from pipelines.tables.specs import BATCHES, RULE_RESULTS, VERDICTS
from pipelines.tables.table import TableSpec


@pytest.mark.parametrize(("row", "spec"), [(BatchEntry, BATCHES), (VerdictRow, VERDICTS), (RuleResult, RULE_RESULTS)])
def test_a_row_has_the_columns_of_its_table(row: Any, spec: TableSpec) -> None:
    assert [*row._fields] == spec.names
