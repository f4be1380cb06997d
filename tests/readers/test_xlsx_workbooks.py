"""Which sheet of a workbook is read, and what becomes of faulty, hostile and merely odd packages."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.readers import UnreadableFile
from pipelines.readers.xlsx import shared
from tests.support.deliveries import deliver, marriage
from tests.support.opened_files import HEADER, cells, numbers, read, refusal
from tests.support.place import PROJECT, Place
from tests.support.workbooks import (
    SheetXml,
    book,
    cell,
    column_name,
    merges,
    number,
    packed,
    parts,
    row,
    shared_xml,
    sheet_xml,
    styles_xml,
    text,
)

HEAD = row(1, [text(name) for name in HEADER])
SHEET = sheet_xml([HEAD, row(2, [text("M1"), text("结婚")])])
OTHER = sheet_xml([HEAD, row(2, [text("旧"), text("结婚")])])
SOURCE = "marriage_registration"


def read_numbers(folder: Path, content: bytes) -> list[str | None]:
    return [line["registration_number"] for line in read(folder, "a.xlsx", content)[1]]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_read_and_told(tmp_path: Path, state: str) -> None:
    content = packed(parts([SheetXml("旧", OTHER, state), SheetXml("新", SHEET)]))
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert [line["registration_number"] for line in rows] == ["M1"]
    assert "旧 (hidden)" in delivery.problems[0].what


def test_a_visible_sheet_without_the_header_is_not_passed_over_for_a_hidden_one(tmp_path: Path) -> None:
    content = packed(parts([SheetXml("旧", OTHER, "hidden"), SheetXml("说明", sheet_xml([row(1, [text("说明")])]))]))
    assert "登记证号" in refusal(tmp_path, "a.xlsx", content).what


def test_an_empty_form_in_front_is_passed_over_for_the_sheet_with_rows(tmp_path: Path) -> None:
    sheets = [SheetXml("模板", sheet_xml([HEAD])), SheetXml("数据", sheet_xml([HEAD, row(2, [text("M1")])]))]
    for given in (sheets, sheets[::-1]):
        delivery, found = read(tmp_path, "a.xlsx", packed(parts(given)))
        assert [line["registration_number"] for line in found] == ["M1"]
        assert any("模板" in problem.what for problem in delivery.problems)
    _, found = read(tmp_path, "a.xlsx", packed(parts([SheetXml(name, sheet_xml([HEAD])) for name in "甲乙"])))
    assert found == []


def test_a_cell_of_an_unknown_type_is_told_with_its_row(tmp_path: Path) -> None:
    problem = refusal(tmp_path, "a.xlsx", book([HEAD, row(2, [text("M1"), number("5", t="zzz")])]))
    assert problem.row == 2
    assert "type" in problem.what


def test_rows_in_hidden_sheets_alone(tmp_path: Path) -> None:
    content = packed(parts([SheetXml("旧", OTHER, "hidden"), SheetXml("空", sheet_xml([]))]))
    assert "hidden sheets" in refusal(tmp_path, "a.xlsx", content).what


def test_chart_and_dialog_sheets_are_no_tables(tmp_path: Path) -> None:
    sheets = [
        SheetXml("图", "<chartsheet/>", kind="chartsheet"),
        SheetXml("框", "<x/>", kind="dialogsheet"),
        SheetXml("数", SHEET),
    ]
    delivery, rows = read(tmp_path, "a.xlsx", packed(parts(sheets)))
    assert numbers(rows) == [2]
    assert delivery.problems == []


def test_a_cell_in_the_far_corner_costs_nothing_and_is_told(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    delivery, rows = read(tmp_path, "a.xlsx", book([HEAD, row(2, [text("M1")]), far]))
    assert numbers(rows) == [2, 1_048_576]
    assert json.loads(rows[1]["_extra"]) == {"#16384": "x"}
    assert [problem.row for problem in delivery.problems] == [1_048_576]


def test_cells_in_as_many_columns_as_there_are_rows(tmp_path: Path) -> None:
    """Memory goes with the cells, not with the rectangle that they span (1.6 thousand million places here)."""
    places = ((at, f"{column_name(at % 16_000 + 6)}{at}") for at in range(2, 40_000))
    rows = [f'<row r="{at}">{text("x", r=place)}</row>' for at, place in places]
    delivery, found = read(tmp_path, "a.xlsx", book([HEAD, *rows]))
    assert len(found) == 39_998
    assert json.loads(found[0]["_extra"]) == {"#9": "x"}
    assert "39998 rows" in str(delivery.problems[-1])


def test_rows_and_cells_without_their_places(tmp_path: Path) -> None:
    bare = ["".join(text(name) for name in HEADER), f"{text('M1')}{cell('')}{number('5')}", text("M2")]
    inner = "".join(f"<row>{cells}</row>" for cells in bare) + f'<row r="7">{text("M3")}</row><row>{text("M4")}</row>'
    _, rows = read(tmp_path, "a.xlsx", book([inner]))
    assert {line["_row"]: line["registration_number"] for line in rows} == {2: "M1", 3: "M2", 7: "M3", 8: "M4"}
    assert cells(rows)[0][:3] == ["M1", None, "5"]


def test_cells_of_a_row_in_any_order(tmp_path: Path) -> None:
    mixed = f'<row r="2">{text("结婚", r="B2")}{text("M1", r="A2")}{text("x", r="XFD2")}{number("1", r="c2")}</row>'
    _, rows = read(tmp_path, "a.xlsx", book([HEAD, mixed]))
    assert cells(rows)[0][:3] == ["M1", "结婚", "1"]


def test_many_empty_rows_are_no_rows(tmp_path: Path) -> None:
    empty = (f'<row r="{at}" s="1"><c r="A{at}" s="1"/><c r="B{at}" s="1"><v/></c></row>' for at in range(3, 200_000))
    _, rows = read(tmp_path, "a.xlsx", book([HEAD, row(2, [text("M1")]), *empty], styles=styles_xml(14)))
    assert numbers(rows) == [2]


FAULTY = {
    "rows that do not ascend": [HEAD, row(5, [text("M1")]), row(3, [text("M2")])],
    "a row twice": [HEAD, row(5, [text("M1")]), row(5, [text("M2")])],
    "a cell twice": [HEAD, f'<row r="2">{text("M1", r="A2")}{text("M2", r="A2")}</row>'],
    "a cell of another row": [HEAD, f'<row r="2">{text("M1", r="A3")}</row>'],
    "no such column": [HEAD, f'<row r="2">{text("M1", r="XFE2")}</row>'],
    "no such row": [HEAD, f'<row r="1048577">{text("M1", r="A1048577")}</row>'],
    "row 0": [HEAD, '<row r="0"></row>'],
    "no row number": [HEAD, '<row r="二"></row>'],
    "a missing shared text": [HEAD, row(2, [cell("<v>0</v>", t="s")])],
    "a negative shared text": [HEAD, row(2, [cell("<v>-1</v>", t="s")])],
    "an unknown type": [HEAD, row(2, [cell("<v>0</v>", t="x")])],
    "a cell in a cell": [HEAD, row(2, [cell(cell("<v>0</v>"))])],
    "no XML": [HEAD, "<row"],
    "elements without end": [HEAD, "<a>" * 5_000 + "</a>" * 5_000],
    "values without end": [HEAD, f'<row r="2"><c r="A2">{"<v>" * 5_000}{"</v>" * 5_000}</c></row>'],
    "a text of 8 MB": [HEAD, row(2, [text("长" * 8 * 1024 * 1024)])],
}


@pytest.mark.parametrize("rows", FAULTY.values(), ids=FAULTY)
def test_faulty_sheets_are_refused_by_name(tmp_path: Path, rows: list[str]) -> None:
    assert "damaged" in refusal(tmp_path, "a.xlsx", book(rows)).what


def test_a_row_of_very_much_text_is_refused(tmp_path: Path) -> None:
    rows = [HEAD, row(2, [text("M1"), "", "", "", "", *[cell("<v>0</v>", t="s")] * 300])]
    content = book(rows, shared=shared_xml(f"<t>{'x' * 1_000_000}</t>"))
    problem = refusal(tmp_path, "a.xlsx", content)
    assert problem.row == 2
    assert "256 MB" in problem.what


def test_merged_ranges_above_each_other_take_no_time(tmp_path: Path) -> None:
    ranges = [f"A{at}:E1048576" for at in range(2, 30_000)]
    rows = [row(at, [text("x")]) for at in range(2, 30_000)]
    assert "merged ranges" in refusal(tmp_path, "a.xlsx", book([HEAD, *rows], merges(*ranges))).what


def rezipped(content: dict[str, str], rename: Callable[[str], str]) -> bytes:
    return packed({rename(part): text for part, text in content.items()})


@pytest.mark.parametrize(
    "rename",
    [lambda name: name.replace("/", "\\"), str.upper, lambda name: "/" + name, lambda name: "./" + name],
    ids=["backslashes", "upper case", "leading slash", "leading dot"],
)
def test_names_of_parts_as_other_programs_write_them(tmp_path: Path, rename: Callable[[str], str]) -> None:
    assert read_numbers(tmp_path, rezipped(parts([SheetXml("a", SHEET)]), rename)) == ["M1"]


def test_prefixed_and_utf_16_xml(tmp_path: Path) -> None:
    prefixed = SHEET.replace("<worksheet xmlns=", "<x:worksheet xmlns:x=")
    for name in ("worksheet", "sheetData", "row", "c", "is", "t"):
        prefixed = prefixed.replace(f"</{name}>", f"</x:{name}>").replace(f"<{name}>", f"<x:{name}>")
        prefixed = prefixed.replace(f"<{name} ", f"<x:{name} ")
    content = parts([SheetXml("a", prefixed)])
    assert read_numbers(tmp_path, packed(content)) == ["M1"]
    body = sheet_xml([HEAD, row(2, [text("M1"), text("a")]), row(3, ["", text("b")])], merges("A2:A3"))
    wide = {name: text.encode() for name, text in content.items()}
    wide["xl/worksheets/sheet1.xml"] = body.replace("UTF-8", "UTF-16").encode("utf-16")
    assert read_numbers(tmp_path, packed(wide)) == ["M1", "M1"]


def with_headers(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """A ZIP archive in whose every header of a kind some bytes are others."""
    changed, at = bytearray(content), content.find(signature)
    while at >= 0:
        changed[at + offset : at + offset + len(value)] = value
        at = content.find(signature, at + 4)
    return bytes(changed)


CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
ODD = {
    "version 8.6": (CENTRAL, 6, struct.pack("<H", 86)),
    "version 25.5": (CENTRAL, 6, struct.pack("<H", 255)),
    "unknown compression": (CENTRAL, 10, struct.pack("<H", 98)),
    "no such compression": (CENTRAL, 10, struct.pack("<H", 77)),
    "encrypted": (CENTRAL, 8, struct.pack("<H", 1)),
    "patched": (CENTRAL, 8, struct.pack("<H", 0x20)),
    "strongly encrypted": (CENTRAL, 8, struct.pack("<H", 0x41)),
    "another checksum": (CENTRAL, 16, b"\1\2\3\4"),
    "shorter than it is": (CENTRAL, 24, struct.pack("<I", 7)),
    "a bomb by its own word": (CENTRAL, 24, struct.pack("<I", 0xFFFFFFFE)),
    "packed size of nothing": (CENTRAL, 20, struct.pack("<I", 0)),
    "name of another length": (CENTRAL, 28, struct.pack("<H", 500)),
    "elsewhere": (CENTRAL, 42, struct.pack("<I", 0xFFFFFF)),
    "another name inside": (LOCAL, 30, b"zz"),
    "local header gone": (LOCAL, 0, b"XXXX"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_zip_headers_end_in_a_problem_of_the_file(tmp_path: Path, odd: tuple[bytes, int, bytes]) -> None:
    content = with_headers(packed(parts([SheetXml("a", SHEET)])), *odd)
    assert refusal(tmp_path, "a.xlsx", content if content.startswith(b"PK") else b"PK" + content).todo


def test_parts_that_are_shorter_than_they_say_are_read_by_their_checksum(tmp_path: Path) -> None:
    content = with_headers(packed(parts([SheetXml("a", SHEET)])), CENTRAL, 24, struct.pack("<I", 10_000_000))
    assert read_numbers(tmp_path, content) == ["M1"]


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_a_document_type_is_refused(tmp_path: Path, part: str) -> None:
    content = parts([SheetXml("a", SHEET)], styles=styles_xml(14), shared=shared_xml("<t>a</t>"))
    laughs = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    content[part] = content[part].replace("?>", f"?>{laughs}", 1)
    assert "document type" in refusal(tmp_path, "a.xlsx", packed(content)).what


@pytest.mark.parametrize("part", ["xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_a_missing_part_is_told(tmp_path: Path, part: str) -> None:
    content = parts([SheetXml("a", SHEET)])
    del content[part]
    assert part in refusal(tmp_path, "a.xlsx", packed(content)).what


def test_other_office_files(tmp_path: Path) -> None:
    binary = {"xl/workbook.bin": "", "_rels/.rels": parts([])["_rels/.rels"].replace('.xml"/>', '.bin"/>')}
    assert ".xlsb" in refusal(tmp_path, "a.xlsx", packed(binary)).what
    document = {
        "word/document.xml": "<a/>",
        "_rels/.rels": parts([])["_rels/.rels"].replace("xl/workbook", "word/document"),
    }
    assert "no Excel workbook" in refusal(tmp_path, "b.xlsx", packed(document)).what


def test_many_shared_texts_wait_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_IN_MEMORY", 1024)
    monkeypatch.setattr(shared, "_AT_ONCE", 1024)
    texts = [f"M{at}" for at in range(60_000)]
    rows = [row(at + 2, [cell(f"<v>{at}</v>", t="s")]) for at in range(0, 60_000, 7)]
    content = book([HEAD, *rows], shared=shared_xml(*(f"<t>{text}</t>" for text in texts)))
    assert read_numbers(tmp_path, content) == texts[::7]


BOMB = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (3 * 1024**3, 3 * 1024**3))
from pipelines.readers import UnreadableFile, open_delivery
from tests.support.opened_files import MARRIAGE
try:
    print(sum(batch.num_rows for batch in open_delivery(Path(sys.argv[1]), MARRIAGE).batches()))
except UnreadableFile as refused:
    print(refused)
"""


def test_one_long_text_in_very_many_cells_stays_within_memory(tmp_path: Path) -> None:
    """2.6 GB of text in a file of 1 MB: it streams."""
    rows = [row(at, [text("M"), "", "", "", "", *[cell("<v>0</v>", t="s")] * 4]) for at in range(2, 20_002)]
    head = row(1, [text(name) for name in HEADER])
    (tmp_path / "a.xlsx").write_bytes(book([head, *rows], shared=shared_xml(f"<t>{'x' * 32_767}</t>")))
    command: list[str | Path] = [sys.executable, "-c", BOMB, tmp_path / "a.xlsx"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False, timeout=300)
    assert done.stdout.strip() == "20000", done.stderr[-2000:]


RICH = parts(
    [
        SheetXml(
            "数",
            sheet_xml(
                [
                    HEAD,
                    row(
                        2,
                        [
                            text("M1"),
                            cell("<v>0</v>", t="s"),
                            number("45293", s=1),
                            number("5"),
                            cell("<v>1</v>", t="b"),
                        ],
                    ),
                    row(
                        3,
                        ["", cell("<v>1</v>", t="s"), number("1.5E-3"), cell("<f>A1</f>"), cell("<v>#N/A</v>", t="e")],
                    ),
                ],
                merges("A2:A3"),
            ),
        ),
        SheetXml("旧", OTHER, "hidden"),
    ],
    styles=styles_xml("yyyy-mm-dd"),
    shared=shared_xml("<t>结婚</t>", "<r><t>离</t></r><r><t>婚</t></r>"),
)


def changed(content: bytes, chance: random.Random, changes: int) -> bytes:
    spoilt = bytearray(content)
    for _ in range(changes):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def outcome(folder: Path, content: bytes) -> list[dict[str, Any]] | str:
    """The rows of a delivery, or why it is refused; any other error is one of ours."""
    try:
        return read(folder, "a.xlsx", content)[1]
    except UnreadableFile as refused:
        return refused.problem.todo


@pytest.mark.parametrize("block", range(8))
def test_changed_bytes_alter_no_cell_unnoticed(tmp_path: Path, block: int) -> None:
    """The package has a checksum of each part: what is changed is found, or it is nothing that anybody reads."""
    whole = packed(RICH)
    expected = outcome(tmp_path, whole)
    assert isinstance(expected, list)
    for seed in range(50):
        chance = random.Random(50 * block + seed)
        found = outcome(tmp_path, changed(whole, chance, chance.choice((1, 2, 8))))
        assert found == expected if isinstance(found, list) else found, seed


@pytest.mark.parametrize("block", range(8))
def test_changed_xml_is_refused_or_read(tmp_path: Path, block: int) -> None:
    for seed in range(50):
        chance = random.Random(50 * block + seed)
        spoilt = {name: text.encode() for name, text in RICH.items()}
        name = chance.choice(sorted(spoilt))
        spoilt[name] = changed(spoilt[name], chance, chance.choice((1, 1, 4)))
        found = outcome(tmp_path, packed(spoilt))
        assert found, seed
        assert isinstance(found, str) or len(set(numbers(found))) == len(found), seed


@pytest.mark.whole_lake
def test_damaged_cells_end_in_quarantine_and_the_file_goes_on(tmp_path: Path) -> None:
    sent = [marriage(number) for number in range(40)]
    header = list(sent[0])
    lines = [[text(value) for value in row_sent.values()] for row_sent in sent]
    at = {name: place for place, name in enumerate(header)}
    lines[0][at["男方姓名"]] = cell("<v>#N/A</v>", t="e")
    lines[1][at["登记日期"]] = cell("<f>TODAY()</f>")
    lines[2][at["女方身份证件号"]] = number("1.50102196202140E+17")
    lines[3][at["登记日期"]] = number("42413", s=1)
    rows = [row(1, [text(name) for name in header]), *(row(place, cells) for place, cells in enumerate(lines, 2))]
    place = Place(tmp_path)
    deliver(place.landing, SOURCE, "a.xlsx", book(rows, styles=styles_xml(31), properties='date1904="1"'))
    deliver(place.landing, SOURCE, "b.xlsx", with_headers(book(rows), *ODD["version 8.6"]))
    done = place.run()
    with place.opened() as lake:
        quarantined = {line["_row"]: line["_rules"] for line in lake.quarantine(SOURCE)}
        standing = {line["_row"]: line for line in lake.standard(SOURCE)}
    assert quarantined == {2: ["row.cell_error"], 3: ["row.cell_error"], 4: ["row.digits_lost"]}
    assert len(standing) == 37
    assert standing[5]["registered_on"].isoformat() == "2020-02-14"
    problems = [str(problem) for problem in done.problems]
    assert sum("a.xlsx" in problem for problem in problems) == 3
    assert sum("b.xlsx" in problem and "8.6" in problem for problem in problems) == 1
