"""Matching the headers that an agency sent with those that the contract declares."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.declarations.contract import DELETE_FLAG, Column, Contract
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile

SHOWN = 200
_DELIMITERS = ",;|\t，"
_CAPTION = re.compile("[^：:]+[：:].*", re.DOTALL)
MOST = 4_096  # columns, as many as a table of a large database has


@dataclass(frozen=True)
class Matched:
    """Which position of the header feeds which physical column, and under which key an unknown one goes to `_extra`."""

    columns: dict[str, int]
    unknown: dict[int, str]


def same(header: str) -> str:
    """A header's form for comparison: NFKC, without spaces around it or zero-width characters."""
    plain = unicodedata.normalize("NFKC", header)
    return plain.translate(dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))).strip()


def known_headers(contract: Contract) -> dict[str, str]:
    """Comparable header or alias → physical column; a declared header wins over an alias of the same spelling."""
    cells = contract.cells
    known = {same(alias): cells[header] for alias, header in contract.aliases.items()}
    return known | {same(header): name for header, name in cells.items()}


def recognised(header: Sequence[str], contract: Contract) -> int:
    """How many of the contract's columns the header holds."""
    known = known_headers(contract)
    return len({known[same(name)] for name in header if same(name) in known})


def match(file: str, header: Sequence[str], contract: Contract) -> Matched:
    """Match a header; raises UnreadableFile for a doubled declared column or a missing required one."""
    known = known_headers(contract)
    columns: dict[str, int] = {}
    unknown: dict[int, str] = {}
    for position, sent in enumerate(header):
        name = known.get(same(sent))
        if name is None:
            unknown[position] = sent
        elif name in columns:
            raise _doubled(file, header[columns[name]], sent, contract, name)
        else:
            columns[name] = position
    if missing := missing_headers(columns, contract):
        raise missing_columns(file, missing, header, contract)
    return Matched(columns, _distinct(unknown))


def missing_headers(columns: Collection[str], contract: Contract) -> list[str]:
    """The declared headers of columns without which a file with the physical `columns` cannot be taken.

    They are the required ones; where a flag can say that rows delete their key, those of the key.
    """
    asked = [column for column in contract.columns if column.name in contract.key] if DELETE_FLAG in columns else None
    return _missing(columns, contract, asked)


def _missing(columns: Collection[str], contract: Contract, asked: Sequence[Column] | None = None) -> list[str]:
    required = [column for column in contract.columns if column.required] if asked is None else asked
    return [
        header
        for header in dict.fromkeys(column.header for column in required)
        if contract.cells[header] not in columns
    ]


def missing_columns(file: str, missing: list[str], header: Sequence[str], contract: Contract) -> UnreadableFile:
    """The refusal of a file without required columns."""
    accepted = "; ".join(f"{header}{_aliases(header, contract)}" for header in missing)
    stands = shown(header, contract)
    return UnreadableFile(
        Problem(
            file,
            f"the required columns {', '.join(missing)} are missing; the header {stands.en}",
            f"name the columns as the contract {contract.name} does: {accepted}; then try `huiliu check {file}`",
            column=missing[0],
            zh=(
                f"缺少必填列 {'、'.join(missing)}；{stands.zh}",
                f"请按契约 {contract.name} 命名列：{'、'.join(missing)}；再用 `huiliu check {file}` 检查",
            ),
        )
    )


def check_number(file: str, columns: int, row: int | None = None) -> None:
    """Raises UnreadableFile where a file has more columns than any table: its cells are names, or it is damaged."""
    if columns > MOST:
        what = f"the file names more than {MOST:,} columns"
        todo = "write what differs from row to row into cells and not into names of columns, and export the file again"
        zh = (f"文件的列超过 {MOST:,} 个", "逐行不同的内容请写进单元格，不要写进列名，再重新导出")
        raise UnreadableFile(Problem(file, what, todo, row, zh=zh))


def note_unknown(delivery: Delivery, headers: Sequence[str]) -> None:
    """Say which columns the contract does not know."""
    if headers:
        named = ", ".join(header or "(without a name)" for header in headers)
        chinese = "、".join(header or "（无列名）" for header in headers)
        delivery.note(
            f"the contract {delivery.contract.name} has no such columns: {cut(named)}; their cells are kept aside",
            "add them to the contract's columns or aliases, or leave them out of the file",
            (
                f"契约 {delivery.contract.name} 没有这些列：{cut(chinese)}；其单元格另行保存",
                "请把它们加进契约的列或别名，或不再报送",
            ),
            column=headers[0] or None,
        )


def note_missing(delivery: Delivery) -> None:
    """Say which columns a file that can be taken lacks all the same: required ones, and the version."""
    contract, known = delivery.contract, known_headers(delivery.contract)
    columns = {known[same(name)] for name in delivery.header if same(name) in known}
    if missing := _missing(columns, contract):
        delivery.note(
            f"the required columns {', '.join(missing)} are missing, so that only rows that delete their key can be "
            "accepted",
            f"send {', '.join(missing)} with all other rows",
            (f"缺少必填列 {'、'.join(missing)}，只能接收删除记录的行", f"其余各行请报送 {'、'.join(missing)}"),
            column=missing[0],
        )
    if contract.version is None:
        return
    version = contract.column(contract.version).header
    if contract.cells[version] in columns:
        return
    held = contract.unversioned == "held"
    delivery.note(
        f"the column {version} is missing, which says how old each row is; "
        + ("the batch is held" if held else "the time of receipt stands for it"),
        f"send the column {version} too, or rows that come in another order than they were written replace newer ones",
        (
            f"缺少表示每行新旧的列 {version}；{'本批待决' if held else '以收到时间代替'}",
            f"请一并报送列 {version}，否则次序颠倒的旧行会盖掉新行",
        ),
        column=version,
    )


class Shown(NamedTuple):
    """What is said of a header, in English behind "the header", and in Chinese by itself."""

    en: str
    zh: str


def shown(header: Sequence[str], contract: Contract) -> Shown:
    """What stands where the header should, for a message. Strange cells with digits may be data and are not shown."""
    if is_title(header) and not recognised(header, contract) and len(contract.cells) > 1:
        titled = "the first row seems to be a title above the header: remove it"
        is_plain = not any(character.isdigit() for cell in header for character in cell)
        chinese = "第一行像是表头之上的标题：请去掉"
        if is_plain:
            return Shown(f"is {cut(' | '.join(header))}; {titled}", f"表头是 {cut(' | '.join(header))}；{chinese}")
        return Shown(f"is missing: {titled}", f"没有表头：{chinese}")
    if not recognised(header, contract) and any(character.isdigit() for cell in header for character in cell):
        return Shown("is missing: the first row looks like data and is not shown", "没有表头：第一行像是数据，不予显示")
    return Shown(f"is {cut(' | '.join(header))}", f"表头是 {cut(' | '.join(header))}")


def is_title(cells: Sequence[str]) -> bool:
    """Whether a row names no columns: it holds one text alone (merged cells repeat it), or `单位：…` and the like.

    A line of a text file may come as one cell, with its delimiters.
    """
    filled = {text for cell in cells if (text := cell.strip(" \t\r\n" + _DELIMITERS))}
    if any(delimiter in text for text in filled for delimiter in _DELIMITERS):
        return False
    return len(filled) == 1 or (len(filled) > 1 and all(_CAPTION.fullmatch(text) for text in filled))


def cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _doubled(file: str, first: str, again: str, contract: Contract, name: str) -> UnreadableFile:
    header = next(header for header, physical in contract.cells.items() if physical == name)
    return UnreadableFile(
        Problem(
            file,
            f"the columns {first.strip()} and {again.strip()} both stand for {header}, and which one counts is unclear",
            f"keep one of them, then try `huiliu check {file}`",
            column=header,
            zh=(
                f"列 {first.strip()} 和 {again.strip()} 都对应 {header}，以哪一列为准不明确",
                f"请只留一列，再用 `huiliu check {file}` 检查",
            ),
        )
    )


def _aliases(header: str, contract: Contract) -> str:
    also = [alias for alias, stands_for in contract.aliases.items() if stands_for == header]
    return f" (or {', '.join(also)})" if also else ""


def _distinct(unknown: dict[int, str]) -> dict[int, str]:
    """Keys of `_extra`: the header as sent; a doubled or empty one gets its column number (1-based)."""
    times = Counter(unknown.values())
    return {
        position: sent if sent.strip() and times[sent] == 1 else f"{sent}#{position + 1}"
        for position, sent in unknown.items()
    }
