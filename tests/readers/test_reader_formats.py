"""XLSX, JSONL and Parquet through `open_delivery`: every cell as text, and every kind of damage told."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from pipelines.readers import UnreadableFile, looks_temporary
from tests.support.deliveries import parquet_table as parquet
from tests.support.opened_files import (
    HEADER,
    LINE,
    MARRIAGE,
    SENDABLE,
    TEXT,
    TRICKY,
    cells,
    damaged,
    numbers,
    opened,
    read,
    refusal,
)


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
    assert rows[0]["registration_number"] == "1.501021980010112E+17"
    assert rows[0]["marriage_event"] == "#N/A"
    assert damaged(rows) == {2: "row.cell_error"}


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
    return "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in objects) + "\n"


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
    text += lines(record(**{"备\0注": "x"}), record(**{r"备\u0000注": "x"}))
    delivery, rows = read(tmp_path, "a.jsonl", text)
    assert damaged(rows) == dict.fromkeys([2, 3, 4, 5, 7], "row.unreadable")
    assert json.loads(rows[1]["_extra"]) == {"line": '{"登记证号": "M2"'}
    assert json.loads(rows[3]["_extra"]) == {"line": doubled}
    assert json.loads(rows[5]["_extra"]) == {"line": "x"}
    assert json.loads(rows[7]["_extra"]) == {r"备\u0000注": "x"}
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


NESTED = '[1.50,1E5,-0,-0.0,12345678901234567890123,{"b":1.0,"b":2.50,"a":"1.50 -0"},true,null,NaN,-Infinity]'


def test_jsonl_numbers_within_values_keep_their_digits(tmp_path: Path) -> None:
    tricky = '"s": "a \\" 1.5 \\\\", "t": -0, "u": null, "v": -Infinity, "w": [], "x": "[1.50]", "y": "\U0010fd00 1.5"'
    line = lines(record()).strip()[:-1] + f', "n": {NESTED}, {tricky}}}\n'
    _, rows = read(tmp_path, "a.jsonl", line)
    assert json.loads(rows[0]["_extra"]) == {
        "n": NESTED, "s": 'a " 1.5 \\', "t": "-0", "v": "-Infinity", "w": "[]", "x": "[1.50]", "y": "\U0010fd00 1.5",
    }  # fmt: skip
    assert not damaged(rows)


def test_jsonl_escapes_and_depth(tmp_path: Path) -> None:
    deep = "[" * 10_000 + "1.50" + "]" * 10_000
    sent = [r'"\u0000"', r'["\u0000"]', r'"\ud800"', r'["\ud83d"]', r'"\uDBFF\uDD00 1.5"', deep, "[" * 100_000]
    text = "".join(lines(record()).strip()[:-1] + f', "n": {number}, "m": 1.50}}\n' for number in sent)
    _, rows = read(tmp_path, "a.jsonl", text)
    assert damaged(rows) == dict.fromkeys([3, 4, 7], "row.unreadable")
    kept = [json.loads(row["_extra"])["n"] for row in rows if row["_damage"] is None]
    assert kept == ["\0", r'["\u0000"]', "\U0010fd00 1.5", deep]


def test_a_json_array_is_refused_for_what_it_is(tmp_path: Path) -> None:
    for name, content in {"a.json": json.dumps([record()]), "b.csv": f"[\n{lines(record())}]\n"}.items():
        assert "one JSON array" in refusal(tmp_path, name, content).what


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
    assert opened(tmp_path, "a.dat", parquet({header: ["1"] for header in HEADER})).format == "parquet"


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", "a.crdownload", "a.filepart", "~$a.xlsx", ".a.csv.swp", ".x"])
def test_temporary_names(name: str) -> None:
    assert looks_temporary(Path("landing") / name)


@pytest.mark.parametrize("name", ["户籍 2024.csv", "part.csv", "a.tmp.csv", "a"])
def test_delivered_names_are_not_temporary(name: str) -> None:
    assert not looks_temporary(Path("landing.part") / name)
