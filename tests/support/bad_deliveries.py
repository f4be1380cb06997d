"""Bad files of marriage registrations, one of each kind, and what is due of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.deliveries import Row, cells_of, csv_text, json_lines, locked, marriage, name_of, parquet, workbook

SOURCE = "marriage_registration"
ROWS = 8
HEADER = list(marriage(0))


@dataclass(frozen=True)
class Bad:
    """A bad file and what is due: the message, which of its couples stand, which rows are quarantined by which rule."""

    file: str
    content: bytes
    phrases: tuple[str, ...]
    row: int | None = None
    column: str | None = None
    readable: bool = True
    standing: tuple[int, ...] = ()
    rejected: tuple[tuple[int, str], ...] = ()
    held: str | None = None

    @property
    def where(self) -> str:
        place = f"{SOURCE}/{self.file}"
        place += f", row {self.row}" if self.row is not None else ""
        return place + (f", column {self.column}" if self.column else "")


def couples(block: int) -> tuple[int, ...]:
    return tuple(range(block * 100, block * 100 + ROWS))


def rows(block: int) -> list[Row]:
    return [marriage(number) for number in couples(block)]


def lines(block: int) -> list[str]:
    """Header and rows as lines of a CSV file: line n has index n - 1."""
    return csv_text(cells_of(rows(block))).splitlines()


def without(block: int, *damaged: int) -> tuple[int, ...]:
    """The couples of a block but those in the damaged rows of a file with a header (the first is row 2)."""
    return tuple(number for at, number in enumerate(couples(block)) if at + 2 not in damaged)


def joined(changed: list[str]) -> bytes:
    return ("\n".join(changed) + "\n").encode()


def unreadable(
    file: str, content: bytes | str, *phrases: str, row: int | None = None, column: str | None = None
) -> Bad:
    content = content.encode() if isinstance(content, str) else content
    return Bad(file, content, phrases, row, column, readable=False, held="file.readable")


def wrong_columns() -> Iterator[Bad]:
    without_key = [name for name in HEADER if name != "登记证号"]
    yield unreadable(
        "缺主键列.csv", csv_text(cells_of(rows(1), without_key)),
        "required columns 登记证号 are missing", "结婚证字号", f"/{SOURCE}/缺主键列.csv",
        column="登记证号",
    )  # fmt: skip
    yield unreadable(
        "主键列重复.csv", "\n".join(["登记证号," + lines(2)[0], *("J1," + line for line in lines(2)[1:])]),
        "登记证号 and 登记证号 both stand for", "keep one of them", column="登记证号",
    )  # fmt: skip
    yield unreadable(
        "主键列与别名.csv", "\n".join(["结婚证字号," + lines(3)[0], *("J1," + line for line in lines(3)[1:])]),
        "结婚证字号 and 登记证号 both stand for", "keep one of them", column="登记证号",
    )  # fmt: skip
    added = [row | {"备注": name_of(9), "[/] :smile:": "x", "说\n明": ""} for row in rows(4)]
    yield Bad(
        "未知列.xlsx", workbook(cells_of(added)),
        ("has no such columns: 备注, [/] :smile:, 说 明;", "kept aside", "columns or aliases"),
        column="备注", standing=couples(4),
    )  # fmt: skip


def empty_or_strange() -> Iterator[Bad]:
    yield unreadable("空.csv", b"", "the file is empty", "export it again")
    yield Bad(
        "只有表头.csv", joined(lines(6)[:1]), ("a header and no rows", "export it again"), held="batch.row_count"
    )  # fmt: skip
    yield unreadable(
        "分隔符.csv", csv_text(cells_of(rows(7)), "#"),
        "in the first line with any delimiter", "登记证号#登记类型", "semicolon", row=1,
    )  # fmt: skip
    yield unreadable(
        "无表头.csv", joined(lines(8)[1:]), "the first row looks like data", "begin the file with the header", row=1
    )  # fmt: skip
    traditional = "登記證號,登記類型,登記日期,男方身份證件號,女方身份證件號\n"
    yield unreadable(
        "大五码.csv", (traditional + "\n".join(lines(9)[1:])).encode("big5", "replace"), "in UTF-8 or GB18030", row=1
    )
    yield unreadable("无标记.csv", "\n".join(lines(10)).encode("utf-16-le"), "NUL bytes", "save it as CSV in UTF-8")
    yield unreadable("不明.csv", bytes(range(0xF5, 0x100)) * 40, "the encoding is unknown", "save it as CSV", row=1)


def damaged_rows() -> Iterator[Bad]:
    ragged = lines(11)
    ragged[2] = ragged[2].rsplit(",", 2)[0]
    ragged[5] += f",{name_of(5)},surplus"
    yield Bad(
        "缺格多格.csv", joined(ragged),
        ("has 7 or 11 cells, the header 9", "2 rows, the first one here", "send every cell, empty ones too"),
        row=3, standing=without(11, 3, 6), rejected=((3, "row.ragged"), (6, "row.ragged")),
    )  # fmt: skip
    quoted = lines(12)
    quoted[3] = quoted[3].replace("新城区", '"新城区"')
    yield Bad(
        "引号之后.csv", joined(quoted), ("text follows a closing quote", "double a quote"), row=4,
        standing=without(12, 4), rejected=((4, "row.unreadable"),),
    )  # fmt: skip
    opened = lines(13)
    opened[4] = opened[4].replace("新城区", '"新城区')
    yield unreadable("引号未闭.csv", joined(opened), "a quote opens in this row", "close the quote", row=5)
    mixed = [line.encode("gb18030") for line in lines(14)]
    mixed[6] = lines(14)[6].encode("utf-8")
    yield Bad(
        "编码混杂.csv", b"\n".join(mixed) + b"\n",
        ("not GB18030", "the encodings are mixed", "the whole file in one encoding"), row=7,
        standing=without(14, 7), rejected=((7, "row.undecodable"),),
    )  # fmt: skip
    broken = json_lines(rows(16)).splitlines()
    broken[4] = broken[4][:-20]
    yield Bad(
        "断行.jsonl", joined(broken), ("not one JSON object", "one object per line"), row=5,
        standing=without(16, 6), rejected=((5, "row.unreadable"),),
    )  # fmt: skip


def damaged_files() -> Iterator[Bad]:
    whole = parquet(cells_of(rows(17)))
    yield unreadable("截断.parquet", whole[:-100], "was cut off", "send it again")
    book = workbook(cells_of(rows(18)))
    yield unreadable("截断.xlsx", book[: len(book) // 2], "damaged or truncated", "send it again")
    yield unreadable("加密.xlsx", locked(book), "protected by a password", "remove the password")
    endless = joined(lines(19)[:3]) + name_of(3).encode() * 2_000_000
    yield unreadable("无尽行.csv", endless, "longer than 4 MB", "check the line ends", row=4)
    endless = json_lines(rows(20)[:2]).encode() + b'{"x": "' + b"x" * 9_000_000
    yield unreadable("无尽行.jsonl", endless, "longer than 4 MB", "one object per line", row=3)


BAD = [*wrong_columns(), *empty_or_strange(), *damaged_rows(), *damaged_files()]
