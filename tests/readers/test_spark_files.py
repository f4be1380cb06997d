"""CSV files read by Spark in parallel splits: row by row and cell by cell what the one-machine reader gives."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from pipelines.readers.encoding import MOVED
from pipelines.readers.parallel.splitting import NotSplittable, SplitRows, split_read, worth_splitting
from tests.support.bad_deliveries import BAD, Bad
from tests.support.opened_files import HEADER, LINE, opened
from tests.support.split_files import FEW_EXAMPLES, assert_same, reason, split

pytestmark = pytest.mark.spark


def quoted(cells: list[str], delimiter: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)


SENT = [["M1", "结婚", "2010-05-01", "䶮𠮷𫖯", " x "], ["M2", "a,b;c|d\te，f", "", '说"', "丂乗"], ["", "", "", "", ""]]


@pytest.mark.parametrize(
    ("delimiter", "encoding", "end"),
    [
        (",", "utf-8", "\r\n"),
        (",", "utf-8-sig", "\n"),
        ("\t", "gb18030", "\r\n"),
        (";", "utf-8", "\n"),
        ("|", "gb18030", "\n"),
        ("，", "gb18030", "\r\n"),
        ("，", "utf-8-sig", "\n"),
    ],
)
def test_any_delimiter_encoding_and_line_end(
    spark_session: SparkSession, tmp_path: Path, delimiter: str, encoding: str, end: str
) -> None:
    plain = [delimiter.join([f"M{row}", "乌云", "", '5" 管', "呼和浩特"]) for row in range(20)]
    lines = [delimiter.join(HEADER), *(quoted(row, delimiter) for row in SENT), *plain]
    rows = assert_same(spark_session, tmp_path, "a.csv", end.join(lines).encode(encoding))
    assert [rows[1]["marriage_event"], rows[1]["husband_id"], rows[2]["wife_id"]] == ["a,b;c|d\te，f", '说"', ""]
    assert [row["_row"] for row in rows] == list(range(2, 25))
    assert rows[-1]["husband_id"] == '5" 管'


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_unknown_doubled_and_renamed_columns(spark_session: SparkSession, tmp_path: Path, encoding: str) -> None:
    header = '女方身份证号, 登记日期 ,备注,登记证号,\u3000男方身份证号,,登记类型,备注,说\x01"明\\'
    body = "".join(f"W{row},D,说\x1f\t\\,N{row},H,,T,{'' if row % 2 else 'z'},“”\n" for row in range(12))
    rows = assert_same(spark_session, tmp_path, "a.csv", f"{header}\n{body}".encode(encoding))
    assert rows[0]["_extra"].startswith('{"备注#3": "说\\u001f\\u0009\\\\", "#6": "", "备注#8": "z"')
    assert rows[3]["registration_number"] == "N3"


def test_the_euro_of_code_page_936_and_the_characters_that_moved_in_2022(
    spark_session: SparkSession, tmp_path: Path
) -> None:
    moved = bytes.fromhex("fe59fe61a6d9a6f3a8bcfe51fe9182359037")
    sent = [b"M1,\x80 5,\x81\x80," + moved + b",5", b"M2,\x80\xff,\xfe\x59,4,5", b"\x80,2,3", b"M3,1,2,3,4"] * 6
    rows = assert_same(spark_session, tmp_path, "a.csv", b"\n".join([LINE.encode("gb18030"), *sent]))
    assert [rows[0]["marriage_event"], rows[0]["husband_id"]] == ["€ 5", "龴龵︐︙ḿ𠂇𤇾龴"]
    assert [row["_damage"] for row in rows[:4]] == [None, "row.undecodable", "row.ragged", None]
    assert bytes.fromhex(rows[1]["_undecodable"]) == sent[1]


def test_a_header_over_several_lines_after_blank_ones(spark_session: SparkSession, tmp_path: Path) -> None:
    text = f'\r\n  \r\n{LINE},"备\n注"\r\n' + "M1,1,2,3,4,五\r\n" * 30
    rows = assert_same(spark_session, tmp_path, "a.csv", text)
    assert rows[0]["_row"] == 4
    assert rows[-1]["_extra"] == '{"备\\u000a注": "五"}'


def test_ragged_blank_and_badly_quoted_lines_keep_all_numbers_right(
    spark_session: SparkSession, tmp_path: Path
) -> None:
    block = (
        'M1,"内蒙古"某公司,2,3,4\nM2,5" 管,"a ""b""",3,4"\n\nM3,"正常",2,3,"4"\nM1,2\n'
        'M3,1,2,3,4,五,"6,"\n"M3","1"x\n""\n \nM5,1,2,3,4\r\n\r\n"a" ",1,2,3,\n'
    )
    rows = assert_same(spark_session, tmp_path, "a.csv", f"{LINE}\n{block * 8}")
    assert {row["_damage"] for row in rows} == {None, "row.ragged", "row.unreadable"}
    assert rows[0]["marriage_event"] == '"内蒙古"某公司'
    assert len(rows) == 8 * 10


def test_blank_lines_count_and_an_empty_quoted_cell_is_no_blank_line(
    spark_session: SparkSession, tmp_path: Path
) -> None:
    rows = assert_same(spark_session, tmp_path, "a.csv", f"{LINE}\n" + 'M1,1,2,3,4\n\n""\n\n' * 30)
    assert {row["_damage"] for row in rows} == {None, "row.ragged"}
    assert [row["_row"] for row in rows[:4]] == [2, 4, 6, 8]


def test_a_header_alone(spark_session: SparkSession, tmp_path: Path) -> None:
    assert assert_same(spark_session, tmp_path, "a.csv", LINE) == []


BROKEN = [b"\xff\xff", b"\x81\x30\x81", b"\xe5\xa9", b"\xf0\x9f\x98x", b'"\x80"""', b"\xc0\x80", b"\xfe"]
# What looks like UTF-8 and is not: a surrogate, a form longer than need be.
NOT_UTF8 = [b"\xed\xa0\x80", b"\xe0\x85\x85"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_undecodable_bytes(spark_session: SparkSession, tmp_path: Path, encoding: str) -> None:
    good = "M1,离婚,2,内蒙古自治区,𠮷\n".encode(encoding.removesuffix("-sig"))
    bad = [b"M,x" + damage + b",2,3,4\n" + b'M,"a"' + damage + b",2\n" for damage in BROKEN + NOT_UTF8]
    content = LINE.encode(encoding) + b"\n" + b"".join(good + line for line in bad)
    rows = assert_same(spark_session, tmp_path, "a.csv", content)
    assert {row["_damage"] for row in rows} == {None, "row.undecodable", "row.ragged"}
    assert rows[1]["_undecodable"] == b"M,x\xff\xff,2,3,4".hex()


def test_utf8_lines_in_a_gb18030_file(spark_session: SparkSession, tmp_path: Path) -> None:
    lines = [f"M{row},离婚,呼和浩特市,{chr(0x3400 + row)},{chr(0x4E00 + 7 * row)}\n" for row in range(60)]
    body = [line.encode("utf-8" if row % 7 == 3 else "gb18030") for row, line in enumerate(lines)]
    # Rare names and short cells that are valid UTF-8 by chance, and are not taken for it.
    body += [f"M{at},,,{name},\n".encode("gb18030") for at, name in enumerate(["联通", "婕", "鑫鑫"])]
    rows = assert_same(spark_session, tmp_path, "a.csv", f"{LINE}\n".encode("gb18030") + b"".join(body))
    assert sum(row["_damage"] == "row.undecodable" for row in rows) == 9


def test_characters_that_the_editions_of_gb18030_have_moved(spark_session: SparkSession, tmp_path: Path) -> None:
    moved = [*range(0xE780, 0xE870), 0x1E3F, *range(0x9FB0, 0x9FC0), *range(0xFE10, 0xFE1A), 0xFFFD]
    text = "".join(f"M,{chr(point)},1,2,3\n" for point in moved)
    content = f"{LINE}\n{text}".encode("gb18030") + b"M,\xff" + "".join(map(chr, moved)).encode("gb18030") + b",1,2,3\n"
    rows = assert_same(spark_session, tmp_path, "a.csv", content, parts=9)
    assert [row["marriage_event"] for row in rows[:-1]] == [chr(point).translate(MOVED) for point in moved]
    assert bytes.fromhex(rows[-1]["_undecodable"]) in content


ALPHABET = st.characters(max_codepoint=0x10EFFF, blacklist_categories=["Cs"], blacklist_characters="\0\r\n")
CELL = st.text(ALPHABET, max_size=6) | st.text(st.sampled_from('",;|\t，"a中𠮷\u3000\\'), max_size=5)


@FEW_EXAMPLES
@given(sent=st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=8, max_size=30), style=st.integers(0, 3))
def test_any_cells_of_one_line(spark_session: SparkSession, tmp_path: Path, sent: list[list[str]], style: int) -> None:
    written = io.StringIO(newline="")
    dialect = csv.unix_dialect if style % 2 else csv.excel
    csv.writer(written, dialect, lineterminator="\r\n").writerows([HEADER, *sent])
    content = written.getvalue().encode("gb18030" if style > 1 else "utf-8")
    rows = assert_same(spark_session, tmp_path, "a.csv", content)
    kept = [[cell.translate(MOVED if style > 1 else {}) for cell in (row[0], row[4])] for row in sent]
    assert [[row["registration_number"], row["wife_id"]] for row in rows] == kept


RUBBISH = st.lists(
    st.sampled_from(
        [b",", b",,", b'"', b'""', b" ", b"a", b"0", b"1", "婚".encode(), "婚".encode("gb18030"), "𠮷".encode()]
    )
    | st.binary(min_size=1, max_size=3),
    max_size=12,
).map(b"".join)


@FEW_EXAMPLES
@given(lines=st.lists(RUBBISH, min_size=10, max_size=60), encoding=st.sampled_from(["utf-8", "gb18030"]))
def test_any_bytes(spark_session: SparkSession, tmp_path: Path, lines: list[bytes], encoding: str) -> None:
    """What has no quotes left open, line ends or NUL within a line can be split, and comes out the same."""
    whole = [line for line in lines if not re.search(rb"[\0\r\n\xf4\xe3]", line) and not open_quote(line)]
    good = "M1,结婚,包头市,3,4\n".encode(encoding) * 5
    content = f"{LINE}\n".encode(encoding) + good + b"".join(line + b"\n" for line in whole) + good
    assert_same(spark_session, tmp_path, "a.csv", content)


def open_quote(line: bytes) -> bool:
    return re.fullmatch(rb'(?:(?:"[^"]*+(?:""[^"]*+)*+"[^,]*+|(?!")[^,]*+)(?:,|$))++', line) is None


CSV_FILES = [bad for bad in BAD if bad.file.endswith(".csv") and bad.readable]


@pytest.mark.parametrize("bad", CSV_FILES, ids=[str(at) for at in range(len(CSV_FILES))])
def test_bad_files_come_out_the_same(spark_session: SparkSession, tmp_path: Path, bad: Bad) -> None:
    assert_same(spark_session, tmp_path, bad.file, bad.content)


MANY_LINES = f"{LINE}\n" + "M1,1,2,3,4\n" * 7_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{LINE}\nM1,1,2,3,4\n".encode("utf-16"), "UTF-16"),
        (f'{LINE}\nM1,"a\nb",2,3,4\n', "runs over several lines, or its quote is not closed (1 line)"),
        (f'{LINE}\nM1,"a,2,3,4\n', "runs over several lines"),
        (f"{LINE}\nM1,1,2,3,4\rM2,1,2,3,4\n", "carriage returns stand within lines (1 line)"),
        (MANY_LINES + "M2,\0,2,3,4\n", "NUL bytes"),
        (f"{LINE}\nM1,\U0010fe80,2,3,4\n", "private characters"),
        (f"{LINE}\nM1,\U0010fdff,2,3,4\n".encode("gb18030"), "private characters"),
        (f"{LINE}\n" + "M1\n" * 60_000 + "\n" * 50_000, "another number of cells"),
        (f"{LINE}\nM1,1,2,3," + "4" * 5_000_000, "longer than 4 MB"),
        (f"{LINE}\nM1,1,2,3," + "4" * 18_000_000 + "\nM1,1,2,3,4\n", "too long for parallel reading"),
    ],
    ids=["utf-16", "over lines", "open quote", "return", "nul", "marks", "gb18030 marks", "ragged", "long", "endless"],
)
def test_what_cannot_be_read_by_lines_says_why(
    spark_session: SparkSession, tmp_path: Path, content: bytes | str, message: str
) -> None:
    assert message in reason(spark_session, tmp_path, "a.csv", content)


def test_a_suffix_by_which_spark_would_unpack_the_file(spark_session: SparkSession, tmp_path: Path) -> None:
    assert "unpack" in reason(spark_session, tmp_path, "a.csv.gz", f"{LINE}\nM1,1,2,3,4\n")


def test_other_formats(spark_session: SparkSession, tmp_path: Path) -> None:
    line = "{" + ", ".join(f'"{header}": "1"' for header in HEADER) + "}\n"
    assert "jsonl" in reason(spark_session, tmp_path, "a.jsonl", line)


def test_another_file_than_the_opened_one(spark_session: SparkSession, tmp_path: Path) -> None:
    delivery = opened(tmp_path, "a.csv", f"{LINE}\nM1,1,2,3,4\n")
    (tmp_path / "b.csv").write_text(f"{LINE}\nM1,1,2,3,4\nM2,1,2,3,4\n", encoding="utf-8")
    found = split_read(spark_session, str(tmp_path / "b.csv"), delivery)
    assert isinstance(found, NotSplittable)
    assert "another file" in found.reason


def test_strange_paths_mean_one_file(spark_session: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "a [b]*{c,d} 中"
    folder.mkdir()
    assert len(assert_same(spark_session, folder, "户 籍.csv", f"{LINE}\nM1,1,2,3,4")) == 1


def test_rows_are_never_numbered_by_splits_that_have_changed(spark_session: SparkSession, tmp_path: Path) -> None:
    _, found = split(spark_session, tmp_path, "a.csv", f"{LINE}\n" + "M1,1,2,3,4\n" * 50)
    assert isinstance(found, SplitRows)
    found.frame.sparkSession.conf.set("spark.sql.files.maxPartitionBytes", "300")
    with pytest.raises(Exception, match="the splits of the file changed"):
        found.frame.toArrow()


def test_the_plan_is_native_and_parallel(spark_session: SparkSession, tmp_path: Path) -> None:
    content = f"{LINE},备注\n".encode("gb18030") + "M1,结婚,2,3,4,五\n".encode("gb18030") * 100 + b"M2,\xff\n"
    _, found = split(spark_session, tmp_path, "a.csv", content)
    assert isinstance(found, SplitRows)
    plan = found.frame._jdf.queryExecution().executedPlan().toString()
    assert "FileScan text" in plan
    assert not re.search(r"Python|Pandas|ExistingRDD|MapInArrow", plan)
    assert found.frame.rdd.getNumPartitions() == 5


def test_the_callers_session_can_write_the_plan(spark_session: SparkSession, tmp_path: Path) -> None:
    content = f"{LINE}\n".encode("gb18030") + "M1,结婚,2,3,4\n".encode("gb18030") * 40
    _, found = split(spark_session, tmp_path, "a.csv", content)
    assert isinstance(found, SplitRows)
    found.frame.createOrReplaceGlobalTempView("seen_by_all")
    rows = spark_session.table("global_temp.seen_by_all").toArrow().to_pylist()
    assert sorted(row["_row"] for row in rows) == list(range(2, 42))
    assert {row["marriage_event"] for row in rows} == {"结婚"}


def test_the_callers_settings_stay_as_they_are(spark_session: SparkSession, tmp_path: Path) -> None:
    before = spark_session.conf.getAll
    split(spark_session, tmp_path, "a.csv", f"{LINE}\nM1,1,2,3,4\n")
    assert spark_session.conf.getAll == before


def test_only_large_csv_and_parquet_files_are_worth_it(tmp_path: Path) -> None:
    delivery = opened(tmp_path, "a.csv", f"{LINE}\nM1,1,2,3,4\n")
    size = delivery.path.stat().st_size
    assert worth_splitting(delivery, smallest=size)
    assert not worth_splitting(delivery, smallest=size + 1)
    assert not worth_splitting(delivery)
    line = "{" + ", ".join(f'"{header}": "1"' for header in HEADER) + "}\n"
    assert not worth_splitting(opened(tmp_path, "a.jsonl", line), smallest=1)
