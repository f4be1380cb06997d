"""The folder where rows wait for Spark: it does not outlive its process, or for a week where that was killed."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.engines.spark.staging import Staging


def named(days_ago: int) -> str:
    begun = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days_ago)
    return f"{begun:%Y%m%dT%H%M%SZ}-0123"


def test_rows_lie_there_only_while_they_are_needed(tmp_path: Path) -> None:
    rows = pa.table({"n": [1, 2]})
    folder = tmp_path / "数据 湖" / "_staging"
    staging = Staging(folder.as_uri())
    with staging.staged(rows.to_reader()) as place:
        assert pq.read_table(place.removeprefix("file://")).equals(rows)
        assert len(list(folder.rglob("rows-*"))) == 1
    assert list(folder.rglob("rows-*")) == []
    staging.close()
    assert list(folder.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "0123.parquet").touch()
    (tmp_path / f"{named(8)}").touch()
    Staging(tmp_path.as_uri()).close()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("days_ago", "kept"), [(6, True), (8, False)])
def test_what_a_crash_left_is_removed_after_a_week(tmp_path: Path, days_ago: int, kept: bool) -> None:
    left = tmp_path / named(days_ago)
    (left / "refresh_changes-1").mkdir(parents=True)
    Staging(tmp_path.as_uri()).close()
    assert left.exists() is kept
