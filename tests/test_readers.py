"""Delivered files of every format as Arrow batches: each cell as it was sent, and everything broken noticed."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from pipelines.declarations.loading import read_catalog
from pipelines.readers import Delivery, Problem, UnreadableFile, looks_temporary, open_delivery

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared/data/market_entity_real_sample.csv"
CATALOG = read_catalog(ROOT)
MARRIAGE = CATALOG.contracts["marriage_registration"]
ENTITY = CATALOG.contracts["market_entity"]

HEADER = ["登记证号", "登记类型", "登记日期", "男方身份证件号", "女方身份证件号"]
COLUMNS = [MARRIAGE.cells[header] for header in HEADER]
LINE = ",".join(HEADER)


def opened(folder: Path, name: str, content: bytes | str) -> Delivery:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_delivery(path, MARRIAGE)


def read(folder: Path, name: str, content: bytes | str) -> tuple[Delivery, list[dict[str, Any]]]:
    """The delivery and its rows in the order of their numbers."""
    delivery = opened(folder, name, content)
    rows = delivery.batches().read_all().to_pylist()
    return delivery, sorted(rows, key=lambda row: row["_row"])


def cells(rows: list[dict[str, Any]]) -> list[list[str | None]]:
    return [[row[name] for name in COLUMNS] for row in rows]


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["_row"] for row in rows]


def damaged(rows: list[dict[str, Any]]) -> dict[int, str]:
    return {row["_row"]: row["_damage"] for row in rows if row["_damage"]}


def refusal(folder: Path, name: str, content: bytes | str) -> Problem:
    with pytest.raises(UnreadableFile) as refused:
        read(folder, name, content)
    problem = refused.value.problem
    assert problem.file == name
    assert name in str(refused.value)
    assert problem.todo
    assert "\n" not in str(problem)
    return problem


# --- CSV ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_any_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    sent = [["M1", "结婚", "2010-05-01", "䶮𠮷𫖯", " x "], ["M2", "a,b;c|d\te，f", "", '说"', "两\n行"]]
    text = delimiter.join(HEADER) + "\r\n"
    text += "\r\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in sent)
    delivery, rows = read(tmp_path, "a.csv", text.encode(encoding))
    assert cells(rows) == sent
    assert numbers(rows) == [2, 3]
    assert (delivery.format, delivery.encoding, delivery.delimiter) == ("csv", encoding, delimiter)
    assert delivery.header == HEADER
    assert delivery.problems == []
    assert not damaged(rows)


# Private-use characters stand in real names; the readers use the last of the last plane for themselves.
SENDABLE = st.characters(max_codepoint=0x10FDFD, blacklist_categories=["Cs"], blacklist_characters="\0")
TEXT = st.text(SENDABLE, max_size=8)
TRICKY = st.text(st.sampled_from('",\n\r;| \t，"a中𠮷\u3000'), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.lists(st.lists(TEXT | TRICKY, min_size=5, max_size=5), max_size=6),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
    # The csv module quotes a lone carriage return only where line ends have one.
    style=st.sampled_from(
        [(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\r")]
    ),
)
def test_csv_of_any_cells_comes_back_exactly(
    tmp_path: Path, sent: list[list[str]], encoding: str, style: tuple[Any, str]
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=style[0], lineterminator=style[1])
    writer.writerows([HEADER, *sent])
    delivery, rows = read(tmp_path, "a.csv", written.getvalue().encode(encoding))
    assert cells(rows) == sent
    assert numbers(rows) == list(range(2, len(sent) + 2))
    assert delivery.problems == []


def test_csv_columns_in_any_order_under_aliases_and_other_widths(tmp_path: Path) -> None:
    text = "女方身份证号, 登记日期 ,登记证号,\u3000男方身份证号,登记类型\nW,D,N,H,T\n"
    delivery, rows = read(tmp_path, "a.csv", text)
    assert cells(rows) == [["N", "T", "D", "H", "W"]]
    assert delivery.header[1] == " 登记日期 "
    assert rows[0]["husband_name"] is None
    assert rows[0]["_extra"] is None


def test_csv_unknown_columns_are_kept_aside_and_named(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "a.csv", f'{LINE},备注,,备注\nM1,1,2,3,4,"说""\n\\",,z\n')
    assert json.loads(rows[0]["_extra"]) == {"备注#6": '说"\n\\', "#7": "", "备注#8": "z"}
    assert "备注" in str(delivery.problems[0])
    assert "M1" not in str(delivery.problems[0])


@pytest.mark.parametrize(
    ("first", "said"),
    [(LINE.replace("登记日期", "日"), "登记日期"), (f"{LINE},女方身份证号", "女方身份证件号")],
)
def test_csv_missing_or_doubled_column_is_refused(tmp_path: Path, first: str, said: str) -> None:
    problem = refusal(tmp_path, "a.csv", f"{first}\n1,2,3,4,5,6\n")
    assert problem.column == said
    assert "huiliu check a.csv" in problem.todo


def test_csv_without_a_known_delimiter_says_what_stands_there(tmp_path: Path) -> None:
    problem = refusal(tmp_path, "a.csv", LINE.replace(",", "#") + "\n1#2\n")
    assert "登记证号#登记类型" in problem.what
    assert "semicolon" in problem.what


def test_csv_without_a_header_shows_no_data(tmp_path: Path) -> None:
    problem = refusal(tmp_path, "a.csv", "150102198001010014,某某,男\n")
    assert "1501021980" not in str(problem)
    assert "某某" not in str(problem)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\n", b"\xff\xfe"])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "empty" in refusal(tmp_path, "a.csv", content).what


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_header_only_is_a_delivery_of_no_rows(tmp_path: Path, end: str) -> None:
    delivery, rows = read(tmp_path, "a.csv", LINE + end)
    assert rows == []
    assert delivery.header == HEADER


def test_csv_mixed_line_ends_and_blank_lines_keep_cells_and_numbers(tmp_path: Path) -> None:
    text = f'\n{LINE}\r\nM1,1,2,3,10\rM2,1,2,3,10\n\n\r\nM3,1,2,"a\n\nb",10\n,,,,\nM4,1,2,3,10'
    delivery, rows = read(tmp_path, "a.csv", text)
    assert numbers(rows) == [3, 4, 7, 8, 9]
    assert [row["wife_id"] for row in rows] == ["10", "10", "10", "", "10"]
    assert rows[2]["husband_id"] == "a\n\nb"
    assert not delivery.problems


def test_csv_ragged_rows_are_kept_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    text = f'{LINE}\nM1,1,2,3,4\nM2,"1\n1"\nM3,1,2,3,4,五,"6,"\nM4,1,2,3,4\n'
    delivery, rows = read(tmp_path, "a.csv", text)
    assert damaged(rows) == {3: "row.ragged", 4: "row.ragged"}
    assert cells(rows)[1] == ["M2", "1\n1", None, None, None]
    assert json.loads(rows[2]["_extra"]) == {"+1": "五", "+2": "6,"}
    assert cells(rows)[3] == ["M4", "1", "2", "3", "4"]
    assert rows[3]["_row"] == 5
    assert [(problem.row, "2 rows" in problem.what) for problem in delivery.problems] == [(3, True)]


def test_csv_where_every_row_is_ragged_keeps_them_all(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "a.csv", f"{LINE}\n" + "M1,1,2,3,4,\n" * 50)
    assert damaged(rows) == dict.fromkeys(range(2, 52), "row.ragged")


def test_csv_ragged_rows_over_many_blocks_do_not_shift_numbers(tmp_path: Path) -> None:
    filler = "长" * 300
    lines = [f"M{row},1,2,{filler},4" + (",surplus" if row % 977 == 0 else "") for row in range(2, 12_002)]
    _, rows = read(tmp_path, "a.csv", "\n".join([LINE, *lines]))
    assert all(row["registration_number"] == f"M{row['_row']}" for row in rows)
    assert numbers(rows) == list(range(2, 12_002))
    assert set(damaged(rows)) == {row for row in range(2, 12_002) if row % 977 == 0}


@pytest.mark.parametrize(
    "body",
    [
        'M1,1,2,3,4\nM2,1,2,"3,4\nM3,1,2,3,4\n',  # never closed
        'M1,1,2,3,4\nM2,1,2,"3,4\nM3,"1",2,3,4\n',  # closed by the next cell's opening quote
        '"M1","1","2","3","4"\n"M2","1","2","3,"4"\n"M3","1","2","3","4\n',
        'M1,1,2,3,4\nM2,1,2,"3,4\n' + "M3,1,2,3,4\n" * 600_000,  # farther than a block
    ],
)
def test_csv_open_quote_is_refused_with_the_row_in_which_it_opens(tmp_path: Path, body: str) -> None:
    problem = refusal(tmp_path, "a.csv", f"{LINE}\n{body}")
    assert "quote" in problem.what
    assert problem.row == (4 if 'M3","1' in body else 3)


def test_csv_text_after_a_closing_quote_is_not_altered(tmp_path: Path) -> None:
    text = f'{LINE}\nM1,"内蒙古"某公司,2,3,4\nM2,5" 管,"a ""b""",3,4"\nM3,"正常",2,3,4\n'
    delivery, rows = read(tmp_path, "a.csv", text)
    assert rows[0]["marriage_event"] == '"内蒙古"某公司'
    assert damaged(rows) == {2: "row.unreadable"}
    assert delivery.problems[0].row == 2
    assert cells(rows)[1] == ["M2", '5" 管', 'a "b"', "3", '4"']
    assert cells(rows)[2] == ["M3", "正常", "2", "3", "4"]


def test_csv_quotes_within_cells_of_a_large_file_stay_where_they_are(tmp_path: Path) -> None:
    sent = [[f"M{row}", f'{row}" 管', "x" * (row % 50), '"', "a\nb"] for row in range(30_000)]
    body = "".join(f'{a},{b},{c},"""","a\nb"\n' for a, b, c, _, _ in sent)
    delivery, rows = read(tmp_path, "a.csv", f"{LINE}\n{body}")
    assert cells(rows) == sent
    assert not delivery.problems


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_that_do_not_decode_damage_their_row_only(tmp_path: Path, encoding: str) -> None:
    broken = "M2,离".encode(encoding) + b"\xff\xff" + "婚,2,3,4\n".encode(encoding)
    content = f"{LINE}\nM1,结婚,2,3,4\n".encode(encoding) + broken + "M3,结婚,2,3,𠮷\n".encode(encoding)
    delivery, rows = read(tmp_path, "a.csv", content)
    assert delivery.encoding == encoding
    assert damaged(rows) == {3: "row.undecodable"}
    assert bytes.fromhex(rows[1]["_undecodable"]) == broken.rstrip(b"\n")
    assert cells(rows)[1] == ["M2", "离\ufffd\ufffd婚", "2", "3", "4"]
    assert cells(rows)[2] == ["M3", "结婚", "2", "3", "𠮷"]
    assert delivery.problems[0].row == 3


def test_utf8_lines_in_a_gb18030_file_are_noticed(tmp_path: Path) -> None:
    mixed = "M2,离婚,呼和浩特市,3,4\n"
    content = f"{LINE}\nM1,结婚,包头市,3,4\n".encode("gb18030") + mixed.encode() + "M3,结婚,2,3,4\n".encode("gb18030")
    delivery, rows = read(tmp_path, "a.csv", content)
    assert damaged(rows) == {3: "row.undecodable"}
    assert bytes.fromhex(rows[1]["_undecodable"]).decode() == mixed.strip()
    assert rows[1]["registration_number"] == "M2"
    assert "mixed" in delivery.problems[0].what
    assert delivery.problems[0].row == 3


def test_gb18030_lines_in_a_utf8_file_are_noticed(tmp_path: Path) -> None:
    content = f"{LINE}\nM1,结婚,包头市,3,4\n".encode() + "M2,离婚,呼和浩特市,3,4\n".encode("gb18030")
    delivery, rows = read(tmp_path, "a.csv", content)
    assert delivery.encoding == "utf-8"
    assert damaged(rows) == {3: "row.undecodable"}


def test_rare_names_in_gb18030_are_not_taken_for_utf8(tmp_path: Path) -> None:
    sent = [[f"M{at}", "婕", chr(0x4E00 + at), chr(0x3400 + at), chr(0x20000 + at)] for at in range(3_000)]
    body = "".join(",".join(row) + "\n" for row in sent)
    delivery, rows = read(tmp_path, "a.csv", f"{LINE}\n{body}".encode("gb18030"))
    assert cells(rows) == sent
    assert not delivery.problems


def test_a_damaged_row_may_be_ragged_too(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "a.csv", LINE.encode() + b"\nM1,\xff\nM2,1,2,3,4\n")
    assert damaged(rows) == {2: "row.ragged"}
    assert rows[0]["_undecodable"] == b"M1,\xff".hex()
    assert len(delivery.problems) == 2


@pytest.mark.parametrize("content", [bytes(range(256)) * 20, LINE.encode() + b"\nM1,\0,2,3,4\n", b"\xff\xfa\xfb" * 50])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    problem = refusal(tmp_path, "a.csv", content)
    assert "no text" in problem.what
    assert problem.what.isascii()


def test_nul_byte_far_in_a_file_is_refused_with_its_row(tmp_path: Path) -> None:
    content = LINE.encode() + b"\n" + b"M1,1,2,3,4\n" * 20_000 + b"M2,\0,2,3,4\n"
    assert refusal(tmp_path, "a.csv", content).row == 20_002


@pytest.mark.parametrize("head", ["", LINE + "\nM1,1,2,3,4\n", f"{LINE}\n"])
def test_one_endless_line_is_refused(tmp_path: Path, head: str) -> None:
    problem = refusal(tmp_path, "a.csv", head.encode() + b"x" * 30_000_000)
    assert problem.row == head.count("\n") + 1


@pytest.mark.skipif(not REAL.exists(), reason="the real sample is not part of the project")
def test_real_sample_reads_as_the_csv_module_does() -> None:
    delivery = open_delivery(REAL, ENTITY)
    table = delivery.batches().read_all()
    with REAL.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    assert table.num_rows == len(rows) == 2_000
    for at, name in enumerate(header):
        assert table[ENTITY.cells[name]].to_pylist() == [row[at] for row in rows]
    assert table["_row"].to_pylist() == list(range(2, 2_002))
    assert delivery.problems == []


# --- XLSX --------------------------------------------------------------------------------------------------------


def workbook(path: Path, sheets: dict[str, dict[tuple[int, int], Any]]) -> bytes:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, filled in sheets.items():
            sheet = book.add_worksheet(name)
            for (row, column), value in filled.items():
                sheet.write(row, column, value)
    return path.read_bytes()


HEAD = {(0, at): header for at, header in enumerate(HEADER)}


def test_xlsx_cells_as_text(tmp_path: Path) -> None:
    filled = HEAD | {
        (1, 0): "00123", (1, 1): 5, (1, 2): datetime.date(2020, 1, 2), (1, 3): 2.5, (1, 4): " 150102198001010014 ",
    }  # fmt: skip
    delivery, rows = read(tmp_path, "a.xlsx", workbook(tmp_path / "b", {"a": filled}))
    (row,) = cells(rows)
    assert row[:2] == ["00123", "5"]
    assert row[3:] == ["2.5", " 150102198001010014 "]
    assert (row[2] or "").startswith("2020-01-02")
    assert delivery.format == "xlsx"
    assert delivery.problems == []
    assert numbers(rows) == [2]


def test_xlsx_row_numbers_are_excels_and_empty_rows_are_skipped(tmp_path: Path) -> None:
    filled = {(row + 3, column): value for (row, column), value in HEAD.items()} | {(5, 0): "M1", (7, 0): "M2"}
    _, rows = read(tmp_path, "a.xlsx", workbook(tmp_path / "b", {"a": filled}))
    assert {row["_row"]: row["registration_number"] for row in rows} == {6: "M1", 8: "M2"}
    assert {row["wife_id"] for row in rows} == {None}


def test_xlsx_long_numbers_are_not_repaired_and_errors_keep_their_text(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "b") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_number(1, 0, 150102198001011232)
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    _, rows = read(tmp_path, "a.xlsx", (tmp_path / "b").read_bytes())
    assert (rows[0]["registration_number"] or "").startswith("150102198001011")
    assert rows[0]["registration_number"] != "150102198001011232"
    assert rows[0]["marriage_event"] == "#N/A"


def test_xlsx_reads_the_sheet_with_the_header_and_names_the_others(tmp_path: Path) -> None:
    sheets = {"说明": {(0, 0): "填表说明"}, "数据": HEAD | {(1, 0): "M1"}, "空": {}}
    delivery, rows = read(tmp_path, "a.xlsx", workbook(tmp_path / "b", sheets))
    assert [row["registration_number"] for row in rows] == ["M1"]
    assert "说明" in delivery.problems[0].what
    assert "空" not in delivery.problems[0].what


def test_xlsx_unknown_columns(tmp_path: Path) -> None:
    filled = HEAD | {(0, 5): "备注", (1, 0): "M1", (1, 5): "x", (2, 0): "M2"}
    delivery, rows = read(tmp_path, "a.xlsx", workbook(tmp_path / "b", {"a": filled}))
    assert [row["_extra"] and json.loads(row["_extra"]) for row in rows] == [{"备注": "x"}, None]
    assert delivery.problems[0].column == "备注"


def test_xlsx_with_a_password_is_refused(tmp_path: Path) -> None:
    plain, locked = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(plain)
    OOXMLFile(plain).encrypt("secret", locked)
    assert "password" in refusal(tmp_path, "a.xlsx", locked.getvalue()).what


def test_broken_workbooks_each_have_their_message(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "b", {"a": HEAD | {(row, 0): f"M{row}" for row in range(1, 2_000)}})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("a.txt", "x")
    assert "truncated" in refusal(tmp_path, "a.xlsx", whole[: len(whole) // 2]).what
    assert "old Excel" in refusal(tmp_path, "a.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)).what
    assert "web page" in refusal(tmp_path, "b.xlsx", "<html><table>").what
    assert "ZIP archive" in refusal(tmp_path, "c.xlsx", archive.getvalue()).what
    assert "no sheet" in refusal(tmp_path, "d.xlsx", workbook(tmp_path / "e", {"a": {}})).what
    assert "登记证号" in refusal(tmp_path, "f.xlsx", workbook(tmp_path / "g", {"a": {(0, 0): "x"}})).what


# --- JSONL -------------------------------------------------------------------------------------------------------


def lines(*objects: dict[str, Any] | str) -> str:
    return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in objects) + "\n"


def record(**more: Any) -> dict[str, Any]:
    return dict(zip(HEADER, ["M1", "结婚", "2010-05-01", "H", "W"], strict=True)) | more


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_jsonl_cells_and_line_numbers(tmp_path: Path, encoding: str) -> None:
    text = lines(record(男方姓名=" 乌 \n"), "", record(男方姓名=None, 女方姓名="")).replace("\n", "\r\n", 1)
    delivery, rows = read(tmp_path, "a.jsonl", text.encode(encoding))
    assert delivery.format == "jsonl"
    assert delivery.encoding == encoding
    assert numbers(rows) == [1, 3]
    assert cells(rows)[0] == ["M1", "结婚", "2010-05-01", "H", "W"]
    assert [row["husband_name"] for row in rows] == [" 乌 \n", None]
    assert [row["wife_name"] for row in rows] == [None, ""]
    assert delivery.problems == []
    assert delivery.header[:5] == HEADER


def test_jsonl_numbers_keep_their_digits(tmp_path: Path) -> None:
    line = lines(record(x="A")).replace('"A"', '"1.50 \\" 2.0", "y": 1.50').replace('"M1"', "150102198001010014")
    line = line.replace('"H"', "1.20e+5").replace('"W"', "true").replace('"2010-05-01"', '[1, {"a": "2.0"}]')
    _, rows = read(tmp_path, "a.jsonl", line)
    assert cells(rows) == [["150102198001010014", "结婚", '[1,{"a":"2.0"}]', "1.20e+5", "true"]]
    assert json.loads(rows[0]["_extra"]) == {"x": '1.50 " 2.0', "y": "1.50"}


KEYS = st.text(SENDABLE, max_size=5)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=st.dictionaries(KEYS, TEXT | TRICKY, max_size=4), value=TEXT, ascii_only=st.booleans())
def test_jsonl_of_any_cells_comes_back_exactly(
    tmp_path: Path, extra: dict[str, str], value: str, ascii_only: bool
) -> None:
    extra = {f"未{key}": cell for key, cell in extra.items()}
    text = json.dumps(record(登记类型=value) | extra | {"未数": 1.25}, ensure_ascii=ascii_only) + "\n"
    _, rows = read(tmp_path, "a.jsonl", text)
    assert rows[0]["marriage_event"] == value
    assert json.loads(rows[0]["_extra"]) == extra | {"未数": "1.25"}


def test_jsonl_broken_lines_are_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    doubled = '{"登记证号": "M3", "登记证号": "M4"}'
    text = lines(record(), '{"登记证号": "M2"', "[1]", doubled, record(男方身份证号="H"), record(line="x"))
    delivery, rows = read(tmp_path, "a.jsonl", text)
    assert damaged(rows) == dict.fromkeys([2, 3, 4, 5], "row.unreadable")
    assert json.loads(rows[1]["_extra"]) == {"line": '{"登记证号": "M2"'}
    assert json.loads(rows[3]["_extra"]) == {"line": doubled}
    assert json.loads(rows[5]["_extra"]) == {"line": "x"}
    assert [problem.row for problem in delivery.problems if "object" in problem.what] == [2]
    assert "M2" not in "".join(map(str, delivery.problems))


def test_jsonl_undecodable_line(tmp_path: Path) -> None:
    content = lines(record()).encode() + lines(record(男方姓名="乌")).encode().replace("乌".encode(), b"\xff")
    _, rows = read(tmp_path, "a.jsonl", content)
    assert damaged(rows) == {2: "row.undecodable"}
    assert rows[1]["husband_name"] == "\ufffd"
    assert bytes.fromhex(rows[1]["_undecodable"]) == content.splitlines()[1]


def test_jsonl_without_required_key_or_object_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.jsonl", lines({"登记证号": "M1"})).column == "登记类型"
    assert "object" in refusal(tmp_path, "b.jsonl", "[1]\n").what
    assert refusal(tmp_path, "c.jsonl", lines(record()) + "{" + "x" * 20_000_000).row == 2


# --- Parquet -----------------------------------------------------------------------------------------------------


def parquet(path: Path, columns: dict[str, Any]) -> bytes:
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


def test_parquet_types_as_text(tmp_path: Path) -> None:
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    values = [
        pa.array(["M1", None]),
        pa.array([150102198001010014, 1]),
        pa.array([datetime.date(2020, 1, 2), None]),
        pa.array([moment, moment.replace(microsecond=120_000)], pa.timestamp("us")),
        pa.array([decimal.Decimal("1.50"), None]),
    ]
    columns = dict(zip(HEADER, values, strict=True)) | {
        "嵌套": pa.array([{"a": [1, 2]}, None]), "布尔": pa.array([True, None]),
        "时刻": pa.array([moment, None], pa.timestamp("ms", "Asia/Shanghai")),
    }  # fmt: skip
    delivery, rows = read(tmp_path, "a.parquet", parquet(tmp_path / "b", columns))
    assert delivery.format == "parquet"
    assert numbers(rows) == [1, 2]
    assert cells(rows)[0] == ["M1", "150102198001010014", "2020-01-02", "2020-01-02 03:04:05", "1.50"]
    assert cells(rows)[1] == [None, "1", None, "2020-01-02 03:04:05.120000", None]
    kept = json.loads(rows[0]["_extra"])
    assert kept == {"嵌套": '{"a":[1,2]}', "布尔": "true", "时刻": "2020-01-02 03:04:05+00:00"}
    assert rows[1]["_extra"] is None


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "b", {header: [str(row) for row in range(5_000)] for header in HEADER})
    assert "damaged" in refusal(tmp_path, "a.parquet", whole[:-50]).what
    assert "no Parquet" in refusal(tmp_path, "c.parquet", LINE).what
    middle = len(whole) // 3
    assert "damaged" in refusal(tmp_path, "d.parquet", whole[:middle] + bytes(2_000) + whole[middle + 2_000 :]).what


# --- what holds for all ------------------------------------------------------------------------------------------


def test_schema_is_the_contracts(tmp_path: Path) -> None:
    delivery = opened(tmp_path, "a.csv", LINE + "\n1,2,3,4,5\n")
    names = ["_row", *MARRIAGE.cells.values(), "_extra", "_damage", "_undecodable"]
    assert delivery.schema.names == names == delivery.batches().schema.names


def test_failure_is_kept_for_those_who_read_through_arrows_interface(tmp_path: Path) -> None:
    delivery = opened(tmp_path, "a.csv", f'{LINE}\nM1,1,2,3,"4\n')
    with pytest.raises(UnreadableFile):
        delivery.batches().read_all()
    assert delivery.failure is not None
    assert delivery.failure.problem.row == 2
    assert delivery.failure.problem.renamed("发来.csv").file == "发来.csv"


def test_format_is_told_by_content_not_by_suffix(tmp_path: Path) -> None:
    content = workbook(tmp_path / "b", {"a": HEAD | {(1, 0): "M1"}})
    assert opened(tmp_path, "a.csv", content).format == "xlsx"
    assert opened(tmp_path, "a.txt", lines(record())).format == "jsonl"
    assert opened(tmp_path, "a.dat", parquet(tmp_path / "c", {header: ["1"] for header in HEADER})).format == "parquet"


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", "a.crdownload", "a.filepart", "~$a.xlsx", ".a.csv.swp", ".x"])
def test_temporary_names(name: str) -> None:
    assert looks_temporary(Path("landing") / name)


@pytest.mark.parametrize("name", ["户籍 2024.csv", "part.csv", "a.tmp.csv", "a"])
def test_delivered_names_are_not_temporary(name: str) -> None:
    assert not looks_temporary(Path("landing.part") / name)
