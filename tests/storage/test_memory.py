"""HUILIU_MEMORY is what a process may take: DuckDB spills before it takes what the others need."""

from __future__ import annotations

import pytest

from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.storage.memory import in_bytes


@pytest.mark.parametrize(
    ("memory", "size"), [("2GB", 2e9), ("1.5 GiB", 1.5 * 2**30), ("600MB", 6e8), ("64KiB", 65_536), ("0.5TB", 5e11)]
)
def test_amounts_are_decimal_or_binary_as_they_say(memory: str, size: float) -> None:
    assert in_bytes(memory) == size


@pytest.mark.parametrize(("memory", "limit"), [("4GB", 2.75e9), ("2GB", 0.75e9), ("1GB", 0.3e9)])
def test_duckdb_gets_what_the_rest_of_the_process_leaves(memory: str, limit: float) -> None:
    with DuckDBEngine(memory) as engine:
        setting = engine.connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert setting is not None
    assert in_bytes(setting[0]) == pytest.approx(limit, rel=0.03)  # it shows them in binary units, rounded down


def test_what_does_not_fit_is_spilled() -> None:
    with DuckDBEngine("1GB") as engine:  # 0.3 GB of it are DuckDB's, and the rows take half as much again
        query = "SELECT md5(range::VARCHAR) AS a, repeat(sha256(range::VARCHAR), 3) AS b FROM range(2000000)"
        kept = engine.materialise(engine.ibis.sql(query), "large")
        spilled = engine.connection.execute("SELECT sum(size) FROM duckdb_temporary_files()").fetchone()
        assert spilled
        assert spilled[0] > 0
        assert engine.scalar(kept.a.nunique()) == 2_000_000
