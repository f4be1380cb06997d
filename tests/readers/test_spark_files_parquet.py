"""Parquet files read by Spark in parallel splits: the same text of every cell as the one-machine reader gives."""

from __future__ import annotations

import datetime
import decimal
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipelines.readers.parallel.splitting import SplitRows
from tests.support.opened_files import HEADER
from tests.support.split_files import FEW_EXAMPLES, assert_same, reason, split

pytestmark = pytest.mark.spark

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)
MOMENTS = [
    MOMENT,
    MOMENT.replace(microsecond=120_000),
    datetime.datetime(1, 1, 1),
    datetime.datetime(1582, 10, 10),
    None,
]
DECIMALS = [*map(decimal.Decimal, ["1.50", "-0.01", "0", "123456.7"]), None]
SMALL = [*map(decimal.Decimal, ["0", "-0.0000001", "0.0000000001", "0.000001"]), None]
NUMBERS = "0.1 -0 12345678.9 1e7 nan inf -inf 0.001 999999999999999 123.45 1.5e-6 1e-6 -9.5e-7 1e-200 9999999999.5 1e10"
NUMBERS += " 13912345678 99999999999.25 1e15 1e17"
FEWER_DIGITS = "0.1 -0 nan inf -inf 0.001 999999 123.45 1.5e-6 -9.5e-7 1e-20 1.5e9 1e10 -16777200"


def parquet(columns: dict[str, Any], rows_in_group: int | None = None) -> bytes:
    rows = max(len(column) for column in columns.values())
    written = io.BytesIO()
    needed = {header: pa.array([f"{header}{row}" for row in range(rows)]) for header in HEADER}
    pq.write_table(pa.table(needed | columns), written, row_group_size=rows_in_group)
    return written.getvalue()


TYPES = {
    "文本(万元) a.b`c": pa.array(["x", None, "", "乌\n\x01", '"']),
    "类别": pa.array(["x", None, "", "乌", "x"]).dictionary_encode(),
    "大": pa.array(["x", None, "", "乌", "x"], pa.large_string()),
    "无": pa.nulls(5),
    "整": pa.array([150102198001010014, -1, 0, 2**63 - 1, None]),
    "正": pa.array([2**64 - 1, 1, 0, 2, None], pa.uint64()),
    "小": pa.array([255, 1, 0, 2, None], pa.uint8()),
    "布尔": pa.array([True, False, None, True, True]),
    "日": pa.array([datetime.date(2020, 1, 2), datetime.date(1, 1, 1), datetime.date(1582, 10, 10), None, None]),
    "毫": pa.array(MOMENTS, pa.timestamp("ms")),
    "微": pa.array(MOMENTS, pa.timestamp("us")),
    "时区": pa.array(MOMENTS, pa.timestamp("us", "Asia/Shanghai")),
    "毫时区": pa.array(MOMENTS, pa.timestamp("ms", "UTC")),
    "十进": pa.array(DECIMALS, pa.decimal128(12, 2)),
    "十进小": pa.array(SMALL, pa.decimal128(30, 10)),
    "字节": pa.array([b"x", "乌".encode(), b"", None, b"y"], pa.binary()),
    "定长": pa.array([b"abcd", None, None, None, b"abcd"], pa.binary(4)),
}


def test_parquet_types(spark_session: SparkSession, tmp_path: Path) -> None:
    rows = assert_same(spark_session, tmp_path, "a.parquet", parquet(TYPES))
    assert '"十进小": "-0.0000001000"' in rows[1]["_extra"]
    assert '"时区": "2020-01-02 11:04:05+08:00"' in rows[0]["_extra"]
    assert '"毫": "2020-01-02 03:04:05.120"' in rows[1]["_extra"]


@pytest.mark.parametrize(("kind", "numbers"), [(pa.float64(), NUMBERS), (pa.float32(), FEWER_DIGITS)])
def test_parquet_numbers(spark_session: SparkSession, tmp_path: Path, kind: pa.DataType, numbers: str) -> None:
    values = pa.array([*map(float, numbers.split()), None], pa.float64()).cast(kind)
    rows = assert_same(spark_session, tmp_path, "a.parquet", parquet({"数": values}))
    assert rows[1]["_extra"] == '{"数": "-0"}'


@FEW_EXAMPLES
@given(numbers=st.lists(st.decimals(-(10**11), 10**11, places=3, allow_nan=False), min_size=50, max_size=300))
def test_parquet_amounts(spark_session: SparkSession, tmp_path: Path, numbers: list[decimal.Decimal]) -> None:
    assert_same(spark_session, tmp_path, "a.parquet", parquet({"数": pa.array(map(float, numbers), pa.float64())}))


def test_parquet_row_groups_in_several_splits(spark_session: SparkSession, tmp_path: Path) -> None:
    content = parquet({"备注": pa.array([f"说{row}" for row in range(5_000)])}, rows_in_group=500)
    assert_same(spark_session, tmp_path, "a.parquet", content, parts=4)
    _, found = split(spark_session, tmp_path, "a.parquet", content, parts=4)
    assert isinstance(found, SplitRows)
    assert found.frame.rdd.getNumPartitions() > 2
    assert "Python" not in found.frame._jdf.queryExecution().executedPlan().toString()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"数": pa.array([0.1 + 0.2])}, "数 holds floating-point numbers of more than 15 digits"),
        ({"数": pa.array([5e-324])}, "more than 15 digits"),
        ({"数": pa.array([0.1234567], pa.float32())}, "more than 6 digits"),
        ({"字节": pa.array([b"\xff"])}, "bytes that are no text"),
        ({"字节": pa.array([b"a\0"])}, "bytes that are no text"),
        ({"标": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16)))}, "arrow.uuid"),
        ({"止": pa.array([datetime.datetime(9999, 12, 31, 16)], pa.timestamp("us", "UTC"))}, "years 1 to 9999"),
        ({"文本": pa.array([b"\xff"]).cast(pa.string(), safe=False)}, "not UTF-8"),
        ({"日": pa.array([5_000_000], pa.int32()).cast(pa.date32())}, "years 1 to 9999"),
        ({"时": pa.array([10**18], pa.timestamp("us"))}, "years 1 to 9999"),
        ({"时": pa.array([MOMENT], pa.timestamp("ns"))}, "timestamp[ns]"),
        ({"时": pa.array([datetime.time(1, 2)])}, "time64[us]"),
        ({"嵌套": pa.array([{"a": [1, 2]}])}, "struct"),
        ({"列": pa.array([[1]])}, "list"),
        ({"大": pa.array([decimal.Decimal("1.5")], pa.decimal256(50, 2))}, "decimal256"),
        ({"A": pa.array(["1"]), "a": pa.array(["2"])}, "apart"),
        ({"_metadata": pa.array(["1"])}, "apart"),
    ],
)
def test_parquet_that_spark_would_write_otherwise_says_why(
    spark_session: SparkSession, tmp_path: Path, columns: dict[str, Any], message: str
) -> None:
    assert message in reason(spark_session, tmp_path, "a.parquet", parquet(columns))


def test_parquet_with_int96(spark_session: SparkSession, tmp_path: Path) -> None:
    written = io.BytesIO()
    columns = {header: ["1"] for header in HEADER} | {"时": pa.array([MOMENT])}
    pq.write_table(pa.table(columns), written, use_deprecated_int96_timestamps=True)
    assert "INT96" in reason(spark_session, tmp_path, "a.parquet", written.getvalue())


def test_parquet_of_spark_2(spark_session: SparkSession, tmp_path: Path) -> None:
    written = io.BytesIO()
    table = pa.table({header: ["1"] for header in HEADER})
    pq.write_table(table.replace_schema_metadata({"org.apache.spark.version": "2.4.8"}), written)
    assert "Julian" in reason(spark_session, tmp_path, "a.parquet", written.getvalue())


def test_damaged_parquet_is_left_to_the_reader_that_says_where(spark_session: SparkSession, tmp_path: Path) -> None:
    whole = parquet({"备注": pa.array([str(row * 7919) for row in range(5_000)])})
    middle = len(whole) // 3
    damaged = whole[:middle] + bytes(2_000) + whole[middle + 2_000 :]
    assert "cannot read" in reason(spark_session, tmp_path, "a.parquet", damaged)
