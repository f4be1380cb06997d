"""Tables that Spark creates: whole in one commit, also where a crashed write of another engine left files."""

from __future__ import annotations

from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipelines.engines import delta_files, delta_rs
from pipelines.engines.base import OPERATION, Merge
from pipelines.engines.spark.engine import SparkEngine
from pipelines.tables.layout import quality
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.support.spark import SPARK

pytestmark = pytest.mark.spark

NUMBERS = TableSpec(quality("number"), "数", "Numbers.", ("number",), (ColumnSpec("number", "int64", "号码"),))


@pytest.mark.parametrize("has_rows", [True, False])
@pytest.mark.parametrize("left", [None, "part-00000-of-a-crash.parquet"])
def test_a_table_is_created_in_one_commit(
    spark_session: SparkSession, tmp_path: Path, has_rows: bool, left: str | None
) -> None:
    place = tmp_path / "数 1"
    if left:
        place.mkdir()
        (place / left).write_bytes(b"PAR1")
    with SparkEngine(SPARK, (tmp_path / "_staging").as_uri()) as engine:
        rows = ibis.memtable({"number": [1, 2]}).to_pyarrow().to_reader() if has_rows else None
        engine.create(str(place), NUMBERS, rows, '{"said": 1}', "once")
    table = delta_rs.stored(str(place))
    assert table.version() == 0
    assert delta_files.row_count(table) == (2 if has_rows else 0)
    assert delta_rs.last_metadata(table) == '{"said": 1}'
    assert delta_rs.has_committed(table, "once")
    assert table.schema().fields[0].metadata == {"comment": "号码"}
    assert table.metadata().configuration["delta.enableChangeDataFeed"] == "true"


def test_a_partitioned_table_stays_so_and_is_merged_where_there_are_changes(
    spark_session: SparkSession, tmp_path: Path
) -> None:
    columns = (ColumnSpec("city", "string", "盟市"), ColumnSpec("number", "int64", "号码"))
    spec = TableSpec(quality("number"), "数", "Numbers.", ("city", "number"), columns, ("city",))
    place = str(tmp_path / "numbers")
    with SparkEngine(SPARK, (tmp_path / "_staging").as_uri()) as engine:
        first = pa.table({"city": ["150100", "150200", "150400"], "number": [1, 2, 3]})
        engine.create(place, spec, first.to_reader(), "{}")
        moved = {"city": ["150100", "150400"], "number": [1, 1], OPERATION: ["delete", "upsert"]}
        changes = engine.taken_in(pa.table(moved).to_reader(), "moved")
        engine.merge(Merge(place, changes, spec.key, "{}", 2, {"city": {"150100", "150400"}}))
        merged = delta_rs.stored(place)
        assert delta_files.rows_by(merged, "city") == {"150200": 1, "150400": 2}
        assert "150400" in merged.history(1)[0]["operationParameters"]["predicate"]
        feed = pa.table(merged.load_cdf(starting_version=1, columns=["city", "_change_type"])).to_pylist()
        assert sorted(map(tuple, map(dict.values, feed))) == [("150100", "delete"), ("150400", "insert")]
        engine.overwrite(place, engine.read(place).limit(1), spec, "{}")
        assert engine.rows(engine.read(place).count().as_table())[0].popitem()[1] == 1
    assert delta_rs.stored(place).metadata().partition_columns == ["city"]
