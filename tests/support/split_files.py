"""A file read by Spark in splits and by one machine, to compare the two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings
from pyspark.sql import SparkSession

from pipelines.readers import Delivery
from pipelines.readers.parallel.splitting import NotSplittable, SplitRows, split_read
from tests.support.opened_files import opened

FEW_EXAMPLES = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def split(
    session: SparkSession, folder: Path, name: str, content: bytes | str, parts: int = 5
) -> tuple[Delivery, SplitRows | NotSplittable]:
    """The file in about so many splits."""
    delivery = opened(folder, name, content)
    return delivery, split_read(session, str(folder / name), delivery, delivery.path.stat().st_size // parts + 1)


def reason(session: SparkSession, folder: Path, name: str, content: bytes | str, parts: int = 5) -> str:
    _, found = split(session, folder, name, content, parts)
    assert isinstance(found, NotSplittable)
    return found.reason


def in_order(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=lambda row: row["_row"])


def assert_same(
    session: SparkSession, folder: Path, name: str, content: bytes | str, parts: int = 5
) -> list[dict[str, Any]]:
    """The rows, after comparing them, their number, the columns and the problems with the whole-machine reader's."""
    whole = opened(folder, name, content)
    expected = in_order(whole.batches().read_all())
    delivery, found = split(session, folder, name, content, parts)
    assert isinstance(found, SplitRows), found
    table = found.frame.toArrow()
    assert table.schema.names == whole.schema.names
    assert in_order(table) == expected
    assert found.rows == len(expected)
    assert list(map(str, delivery.problems)) == list(map(str, whole.problems))
    return expected
