"""Files as agencies would deliver them, in every format, about simulated people who have numbers of their own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

Row = dict[str, str]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


def person_id(number: int) -> str:
    """The valid 18-character number (GB 11643) of an adult; odd numbers are men. Distinct for 0 ≤ number < 10,000."""
    decade, sequence = divmod(number, 1000)
    body = f"150102{1960 + decade}0{1 + number % 9}1{number % 10}{sequence:03d}"
    return body + CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def name_of(number: int) -> str:
    """A name whose first character stands in no message and no declaration, so that any leak of it is found."""
    return chr(0x9F02 + number % 150) + chr(0x4E00 + number)


def marriage(number: int, **cells: str) -> Row:
    """A registration of the couple `number`: the people 2·number + 1 and 2·number."""
    husband, wife = 2 * number + 1, 2 * number
    return {
        "登记证号": f"J150102-2020-{number:06d}",
        "登记类型": "结婚",
        "登记日期": "2020-05-20",
        "男方姓名": name_of(husband),
        "男方身份证件号": person_id(husband),
        "女方姓名": name_of(wife),
        "女方身份证件号": person_id(wife),
        "登记机关": "新城区民政局",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def registration_number(number: int) -> str:
    return marriage(number)["登记证号"]


def household(number: int, **cells: str) -> Row:
    """The household registration of the person `number`."""
    identity = person_id(number)
    return {
        "公民身份号码": identity,
        "姓名": name_of(number),
        "性别": "男" if number % 2 else "女",
        "出生日期": f"{identity[6:10]}-{identity[10:12]}-{identity[12:14]}",
        "户籍地区划代码": "150102",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def permit(number: int, **cells: str) -> Row:
    """The residence permit of the person `number`, who lives in the other of the two cities."""
    return {
        "居住证编号": f"P150402{number:08d}",
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "性别": household(number)["性别"],
        "现居住地区划代码": "150402",
        "现居住地址": f"红山区{number}号",
        "签发日期": "2025-06-01",
        "有效期起": "2025-06-01",
        "有效期止": "2027-05-31",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def death(number: int, **cells: str) -> Row:
    """The death certificate of the person `number`."""
    return {
        "死亡证编号": f"D150102{number:08d}",
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "性别": household(number)["性别"],
        "死亡日期": "2026-02-01",
        "死亡地点": "医院",
        "签发日期": "2026-02-02",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


def cells_of(rows: Sequence[Row], header: Sequence[str] | None = None) -> list[list[str]]:
    """The header and the rows under it; by default the first row's keys."""
    header = list(header or rows[0])
    return [header, *([row.get(name, "") for name in header] for row in rows)]


def csv_text(cells: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(cells)
    return written.getvalue()


def json_lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def parquet(cells: Sequence[Sequence[str]]) -> bytes:
    header, *rows = cells
    written = io.BytesIO()
    columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(header))]
    pq.write_table(pa.table(columns, names=list(header)), written)
    return written.getvalue()


def parquet_table(columns: Mapping[str, Any]) -> bytes:
    """A Parquet file of Arrow arrays or lists."""
    written = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), written)
    return written.getvalue()


def workbook(cells: Iterable[Sequence[str]]) -> bytes:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(cells):
            sheet.write_row(at, 0, row)
    return written.getvalue()


def locked(content: bytes, password: str = "simulated") -> bytes:
    """A workbook under a password, as Excel encrypts it."""
    written = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt(password, written)
    return written.getvalue()


def deliver(landing: Path, source: str, file: str, content: bytes | str) -> Path:
    """Put a file into a source's landing folder."""
    path = landing / source / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@dataclass(frozen=True)
class Delivered:
    """Rows of one source under a file's name, whose suffix says how they are written.

    `.jsonl`, `.xlsx` and `.parquet`, else CSV.

    `header` is for a file without rows, `encoding` for text.
    """

    source: str
    file: str
    rows: Sequence[Row]
    encoding: str = "utf-8"
    header: Sequence[str] = ()

    def write(self, landing: Path) -> Path:
        """Put the file into `landing/<source>`; rows may say different columns."""
        header = list(dict.fromkeys([*self.header, *(name for row in self.rows for name in row)]))
        cells = cells_of(self.rows, header)
        match Path(self.file).suffix:
            case ".jsonl":
                content: bytes | str = json_lines(self.rows)
            case ".xlsx":
                content = workbook(cells)
            case ".parquet":
                content = parquet(cells)
            case _:
                content = csv_text(cells)
        written = content.encode(self.encoding) if isinstance(content, str) else content
        return deliver(landing, self.source, self.file, written)
