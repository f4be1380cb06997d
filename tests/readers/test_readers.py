"""Delivered files of every format as Arrow batches: each cell as it was sent, and everything broken noticed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.readers import open_delivery
from pipelines.readers.encoding import MOVED
from tests.support.opened_files import (
    ENTITY,
    HEADER,
    LINE,
    REAL,
    TEXT,
    TRICKY,
    cells,
    damaged,
    numbers,
    read,
    refusal,
)


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


def today(cell: str, encoding: str) -> str:
    """GB18030 has one code for a character of the private plane and the one that stands for it since 2022."""
    return cell.translate(MOVED) if encoding == "gb18030" else cell


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
    assert cells(rows) == [[today(cell, encoding) for cell in row] for row in sent]
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
    ("first", "message"),
    [(LINE.replace("登记日期", "日"), "登记日期"), (f"{LINE},女方身份证号", "女方身份证件号")],
)
def test_csv_missing_or_doubled_column_is_refused(tmp_path: Path, first: str, message: str) -> None:
    problem = refusal(tmp_path, "a.csv", f"{first}\n1,2,3,4,5,6\n")
    assert problem.column == message
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


def test_characters_that_look_like_overlong_utf8_are_read(tmp_path: Path) -> None:
    """In GB18030 they are E0 85 85 and so on, which UTF-8 forbids."""
    body = "".join(f"M{n},鄥呧厖,呼和浩特市,3,4\n" for n in range(3))
    delivery, rows = read(tmp_path, "a.csv", f"{LINE}\n{body}".encode("gb18030"))
    assert delivery.problems == []
    assert cells(rows) == [[f"M{n}", "鄥呧厖", "呼和浩特市", "3", "4"] for n in range(3)]


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


# GB 18030-2022, table D.1 and annex: the code in the file, the character that it stands for.
OF_2022 = {
    "fe59": "龴", "fe61": "龵", "fe66": "龶", "fe67": "龷", "fe6d": "龸", "fe7e": "龹", "fe90": "龺", "fea0": "龻",
    "a6d9": "︐", "a6da": "︒", "a6db": "︑", "a6dc": "︓", "a6dd": "︔", "a6de": "︕", "a6df": "︖",
    "a6ec": "︗", "a6ed": "︘", "a6f3": "︙", "a8bc": "ḿ",
    "fe51": "𠂇", "fe52": "𠂉", "fe53": "𠃌", "fe6c": "𡗗", "fe76": "𢦏", "fe91": "𤇾",
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_characters_that_gb18030_moved_in_2022_equal_their_utf8(tmp_path: Path, suffix: str) -> None:
    codes, characters = bytes.fromhex("".join(OF_2022)), "".join(OF_2022.values())
    row = ["M1", "x\0", "3", "4", "5"]

    def text(cells: list[str]) -> str:
        if suffix == "csv":
            return f"{LINE}\n{','.join(cells)}\n"
        return json.dumps(dict(zip(HEADER, cells, strict=True)), ensure_ascii=False) + "\n"

    sent = text([cell.replace("\0", "@@") for cell in row]).encode("gb18030").replace(b"@@", codes)
    _, rows = read(tmp_path, f"a.{suffix}", sent)
    _, same = read(tmp_path, f"b.{suffix}", text([cell.replace("\0", characters) for cell in row]))
    assert cells(rows) == cells(same) == [["M1", "x" + characters, "3", "4", "5"]]
    assert not damaged(rows)


def test_private_characters_of_a_utf8_file_stay(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "a.csv", f"{LINE}\nM1,\ue81e,3,4,5\n")
    assert cells(rows) == [["M1", "\ue81e", "3", "4", "5"]]


def test_the_byte_0x80_is_the_euro_of_code_page_936(tmp_path: Path) -> None:
    """Alone it is; as half of a character it is not, and beside bytes that are undecodable the row is kept as hex."""
    euro, half, bad = b"\x80 5,\x80", b"\x81\x80", b"\x80\xff"
    content = LINE.encode("gb18030") + b"\nM1," + euro + b"," + half + b",5\nM2," + bad + b",3,4,5\n\x80,2,3,4\n"
    _, rows = read(tmp_path, "a.csv", content)
    assert cells(rows)[0] == ["M1", "€ 5", "€", half.decode("gb18030"), "5"]
    assert cells(rows)[2] == ["€", "2", "3", "4", None]
    assert damaged(rows) == {3: "row.undecodable", 4: "row.ragged"}
    assert bytes.fromhex(rows[1]["_undecodable"]) == b"M2," + bad + b",3,4,5"
    assert rows[2]["_undecodable"] is None
    line = json.dumps(dict(zip(HEADER, ["M1", "@", "乌", "4", "5"], strict=True)), ensure_ascii=False)
    _, rows = read(tmp_path, "a.jsonl", line.encode("gb18030").replace(b"@", b"\x80"))
    assert cells(rows) == [["M1", "€", "乌", "4", "5"]]
    assert not damaged(rows)


def test_a_row_as_wide_as_it_is_long(tmp_path: Path) -> None:
    """Beside thousands of others that are ragged, too."""
    _, rows = read(tmp_path, "a.csv", LINE + "\n" + "1,2,3,4,5" + ',"x"""' * 100_000 + "\n" + "1,2,3,4,5,6\n" * 20_000)
    wide = json.loads(rows[0]["_extra"])
    assert len(wide) == 100_000
    assert {*wide.values()} == {'x"'}
    assert json.loads(rows[-1]["_extra"]) == {"+1": "6"}


def test_more_columns_than_any_table_has_are_refused(tmp_path: Path) -> None:
    names = "".join(f",c{number}" for number in range(20_000))
    assert "4,096 columns" in refusal(tmp_path, "a.csv", f"{LINE}{names}\n").what
    lines = (json.dumps({**dict.fromkeys(HEADER, "1"), f"c{number}": "1"}) for number in range(20_000))
    refused = refusal(tmp_path, "a.jsonl", "\n".join(lines))
    assert refused.row == 4_096 - len(HEADER) + 1
    assert "4,096 columns" in refused.what
