"""Parquet through `open_delivery`: values of every type as text, exactly, and what is no text told cell by cell."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import struct
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.deliveries import parquet_table as parquet
from tests.support.opened_files import HEADER, LINE, cells, damaged, numbers, read, refusal

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)
D = decimal.Decimal


def needed(rows: int) -> dict[str, Any]:
    return {header: [f"{header}{row}" for row in range(rows)] for header in HEADER}


def kept(folder: Path, column: pa.Array, name: str = "列") -> list[str | None]:
    """What raw holds of a column that no contract knows."""
    _, rows = read(folder, "a.parquet", parquet(needed(len(column)) | {name: column}))
    assert not damaged(rows)
    return [json.loads(row["_extra"] or "{}").get(name) for row in rows]


def not_utf8(*values: bytes | None) -> pa.Array:
    return pa.array(values, pa.binary()).view(pa.string())


def test_types_as_text(tmp_path: Path) -> None:
    values = [
        pa.array(["M1", None]),
        pa.array([150102198001010014, 1]),
        pa.array([datetime.date(2020, 1, 2), None]),
        pa.array([MOMENT, MOMENT.replace(microsecond=120_000)], pa.timestamp("us")),
        pa.array([D("1.50"), None]),
    ]
    columns = dict(zip(HEADER, values, strict=True)) | {
        "嵌套": pa.array([{"a": [1, 2]}, None]), "布尔": pa.array([True, None]),
        "时刻": pa.array([MOMENT, None], pa.timestamp("ms", "Asia/Shanghai")),
    }  # fmt: skip
    delivery, rows = read(tmp_path, "a.parquet", parquet(columns))
    assert delivery.format == "parquet"
    assert numbers(rows) == [1, 2]
    assert cells(rows)[0] == ["M1", "150102198001010014", "2020-01-02", "2020-01-02 03:04:05", "1.50"]
    assert cells(rows)[1] == [None, "1", None, "2020-01-02 03:04:05.120000", None]
    found = json.loads(rows[0]["_extra"])
    assert found == {"嵌套": '{"a":[1,2]}', "布尔": "true", "时刻": "2020-01-02 11:04:05+08:00"}
    assert rows[1]["_extra"] is None


FLOATS = [0.1, 13912345678.0, 12345678901.25, 150102198001010014.0, 1e15, 1e-7, -0.0, float("nan"), float("inf"), 7.0]
AS_TEXT = ["0.1", "13912345678", "12345678901.25", "1.5010219800101002e+17", "1e+15", "1e-7", "-0", "nan", "inf", "7"]
ID = "12345678-90ab-cdef-8234-567890abcdef"
FLAT = {
    "double": (pa.array(FLOATS), AS_TEXT),
    "float": (pa.array([0.1, 1.5e9, 1e7, 9999999.0, None], pa.float32()), ["0.1", "1.5e+9", "1e+7", "9999999", None]),
    "half": (pa.array(np.array([0.1, 2047, 60000], np.float16)), ["0.1", "2047", "6e+4"]),
    "uint64": (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    "decimal": (pa.array([D(0), D("-1E-7"), D("123.45")], pa.decimal128(30, 8)),
                ["0.00000000", "-0.00000010", "123.45000000"]),
    "decimal256": (pa.array([D("1." + "0" * 39 + "1")], pa.decimal256(60, 40)), ["1." + "0" * 39 + "1"]),
    "time": (pa.array([datetime.time(1, 2, 3), datetime.time(1, 2, 3, 500)]), ["01:02:03", "01:02:03.000500"]),
    "duration": (pa.array([90_000, -500, None], pa.duration("ms")), ["PT90S", "-PT0.500S", None]),
    "uuid": (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([None, uuid.UUID(ID).bytes], pa.binary(16))),
             [None, ID]),
    "json": (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1.50}'])), ['{"a":1.50}']),
    "dictionary": (pa.array(["甲", None, "甲"]).dictionary_encode(), ["甲", None, "甲"]),
    "large": (pa.array(["甲", None], pa.large_string()), ["甲", None]),
    "view": (pa.array(["甲" * 20, None], pa.string_view()), ["甲" * 20, None]),
    "null": (pa.nulls(2), [None, None]),
    "bytes": (pa.array(["乌".encode(), b"\xff\x00", b"a\x00"]), ["乌", "ff00", "6100"]),
    "fixed": (pa.array([b"ab", b"\xff\xfe"], pa.binary(2)), ["ab", "fffe"]),
    "year 1": (pa.array([datetime.datetime(1, 1, 1)], pa.timestamp("us")), ["0001-01-01 00:00:00"]),
    "no end": (pa.array([datetime.datetime(9999, 12, 31, 23, 59, 59)], pa.timestamp("us", "UTC")),
               ["9999-12-31 23:59:59+00:00"]),
    "no year": (pa.array([2**62], pa.timestamp("us")), [f"<value out of range: {2**62}>"]),
    "ns": (pa.array([1, 2**63 - 1], pa.timestamp("ns", "UTC")),
           ["1970-01-01 08:00:00.000000001+08:00", "2262-04-12 07:47:16.854775807+08:00"]),
    "before": (pa.array([-1], pa.timestamp("ms")), ["1969-12-31 23:59:59.999"]),
}  # fmt: skip
MAP = pa.map_(pa.string(), pa.float64())
NESTED = {
    "map": (pa.array([[("a", 1.5), ("b", None)], [], None], MAP), ['{"a":1.5,"b":null}', "{}", None]),
    "map with a repeated key": (pa.array([[("a", 1.0), ("a", -0.0)], [("a", 2.0)]], MAP),
                                ['[["a",1.0],["a",-0.0]]', '{"a":2.0}']),
    "map of numbers": (pa.array([[(1, "x")], [(1, "x"), (1, None)]], pa.map_(pa.int64(), pa.string())),
                       ['{"1":"x"}', '[[1,"x"],[1,null]]']),
    "half": (pa.array([[np.float16(0.1)], None], pa.list_(pa.float16())), ["[0.1]", None]),
    "decimal256": (pa.array([{"额": D("1.50")}], pa.struct([("额", pa.decimal256(50, 2))])), ['{"额":1.50}']),
    "floats": (pa.array([[0.1, 1.0, 1e17, None, float("nan"), float("-inf")]]),
               ['[0.1,1.0,1e+17,null,"NaN","-Infinity"]']),
    "uuid": (pa.ListArray.from_arrays(
        [0, 1], pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(ID).bytes], pa.binary(16)))),
        [f'["{ID}"]']),
    "deep": (pa.array([[[[1], []], None], []], pa.list_(pa.list_(pa.list_(pa.int64())))), ["[[[1],[]],null]", "[]"]),
    "fixed size": (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), ["[1,2]", None]),
    "times": (pa.array([{"a": datetime.date(2024, 1, 2), "b": b"\xff", "c": 'x"\n'}]),
              ['{"a":"2024-01-02","b":"ff","c":"x\\"\\u000a"}']),
}  # fmt: skip


@pytest.mark.parametrize("kind", FLAT)
def test_every_type(tmp_path: Path, kind: str) -> None:
    column, expected = FLAT[kind]
    assert kept(tmp_path, column) == expected


@pytest.mark.parametrize("kind", NESTED)
def test_nested_types(tmp_path: Path, kind: str) -> None:
    column, expected = NESTED[kind]
    assert kept(tmp_path, column) == expected


def test_text_that_is_not_utf8_is_undecodable_cell_by_cell(tmp_path: Path) -> None:
    for column in (not_utf8(b"\xd6\xd0", "乌".encode(), None, b"\xff"), not_utf8(b"\xd6\xd0", b"", b"", b"\xff")):
        for kind in (pa.string(), pa.large_string()):
            sent = column.view(pa.binary()).cast(pa.large_binary()).view(kind) if kind == pa.large_string() else column
            columns = needed(4) | {HEADER[1]: sent, "备注": not_utf8(b"x", b"x", b"\xfe", b"\xfe")}
            delivery, rows = read(tmp_path, "a.parquet", parquet(columns))
            assert damaged(rows) == dict.fromkeys([1, 3, 4], "row.undecodable")
            assert [row["_undecodable"] for row in rows] == ["d6d0", None, "fe", "ff fe"]
            assert rows[0]["marriage_event"] == "\ufffd\ufffd"
            assert [problem.row for problem in delivery.problems if "UTF-8" in problem.what] == [1]


def test_bytes_are_text_cell_by_cell(tmp_path: Path) -> None:
    rows = 70_000
    names = ["乌".encode()] * rows
    names[2], names[69_000] = b"\xbb\xb5", b"a\0"
    _, found = read(tmp_path, "a.parquet", parquet(needed(rows) | {HEADER[1]: pa.array(names, pa.binary())}))
    assert damaged(found) == {3: "row.undecodable", 69_001: "row.undecodable"}
    assert {row["marriage_event"] for row in found if not row["_damage"]} == {"乌"}
    assert found[2]["_undecodable"] == "bbb5"


def test_undecodable_text_within_nested_values(tmp_path: Path) -> None:
    nested = pa.ListArray.from_arrays([0, 2, 3, 3], not_utf8(b"\xff", b"x", b"y"))
    _, rows = read(tmp_path, "a.parquet", parquet(needed(3) | {"列": nested}))
    assert damaged(rows) == {1: "row.undecodable"}
    assert [json.loads(row["_extra"])["列"] for row in rows] == ['["\ufffd","x"]', '["y"]', "[]"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, ["9999-12-31 00:00:00", "0001-01-01 00:00:00", "2024-01-01 16:00:00"]),
        (
            {"org.apache.spark.version": "3.5.1"},
            ["9999-12-31 08:00:00+08:00", "0001-01-01 08:00:00+08:00", "2024-01-02 00:00:00+08:00"],
        ),
    ],
)
def test_int96_of_any_year(tmp_path: Path, metadata: dict[str, str], expected: list[str]) -> None:
    """Spark's are instants in UTC: midnight in Beijing is the evening before."""
    days = [datetime.datetime(2024, 1, 1, 16), datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, 16)]
    table = pa.table(needed(3) | {"止": pa.array(days, pa.timestamp("ns"))}).replace_schema_metadata(metadata)
    written = io.BytesIO()
    pq.write_table(table, written, use_deprecated_int96_timestamps=True, use_dictionary=False, compression="none")
    content = written.getvalue()
    # Other years than nanoseconds have room for: the Julian days in the page are written anew.
    evening = struct.pack("<qi", 16 * 3600 * 10**9, 2_460_311)
    midnight = struct.pack("<qi", 0, 2_460_311)
    content = content.replace(evening + midnight, struct.pack("<qi", 0, 5_373_484) + struct.pack("<qi", 0, 1_721_426))
    _, rows = read(tmp_path, "a.parquet", content)
    assert [json.loads(row["_extra"])["止"] for row in rows] == expected


def test_names_that_are_doubled_or_empty(tmp_path: Path) -> None:
    table = pa.table([pa.array(["1"])] * 8, names=[*HEADER, "x", "x", ""])
    written = io.BytesIO()
    pq.write_table(table, written)
    _, rows = read(tmp_path, "a.parquet", written.getvalue())
    assert json.loads(rows[0]["_extra"]) == {"x#6": "1", "x#7": "1", "#8": "1"}


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    whole = parquet(needed(1) | {"名称列": pa.array(["1"])})
    damaged_name = whole.replace("名称列".encode(), b"\xff" * 9)
    assert "name of a column is not UTF-8" in refusal(tmp_path, "a.parquet", damaged_name).what


def test_more_columns_than_any_table_has(tmp_path: Path) -> None:
    columns = needed(1) | {f"c{number}": ["1"] for number in range(20_000)}
    assert "4,096 columns" in refusal(tmp_path, "a.parquet", parquet(columns)).what


def test_damage_that_a_checksum_tells(tmp_path: Path) -> None:
    written = io.BytesIO()
    table = pa.table(needed(2))
    pq.write_table(
        table, written, write_page_checksum=True, write_statistics=False, compression="none", use_dictionary=False
    )
    whole = written.getvalue()
    other = whole.replace("登记证号1".encode(), "登记证号7".encode())
    assert "damaged" in refusal(tmp_path, "a.parquet", other).what


def test_broken_files_are_refused(tmp_path: Path) -> None:
    whole = parquet({header: [str(row) for row in range(5_000)] for header in HEADER})
    assert "damaged" in refusal(tmp_path, "a.parquet", whole[:-50]).what
    assert "no Parquet" in refusal(tmp_path, "c.parquet", LINE).what
    middle = len(whole) // 3
    assert "damaged" in refusal(tmp_path, "d.parquet", whole[:middle] + bytes(2_000) + whole[middle + 2_000 :]).what
