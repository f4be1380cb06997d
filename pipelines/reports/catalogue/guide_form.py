"""The form of the guide to catalogues of government information resources (政务信息资源目录编制指南), as an XLSX file.

A row for each data item; what is of the entry stands once, in cells that reach over the rows of its items. Cells are
text: nothing in them is a formula, whatever it begins with.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.project.catalogue_entry import CatalogueEntry
from pipelines.reports.catalogue.described import Described

SHEET = "政务信息资源目录"
ENTRY_BEFORE = (
    "信息资源分类",
    "信息资源名称",
    "信息资源代码",
    "信息资源提供方",
    "提供方代码",
    "信息资源摘要",
    "信息资源格式",
)
ITEM = ("信息项名称", "数据类型", "长度")
ENTRY_AFTER = (
    "共享类型",
    "共享条件",
    "共享方式",
    "是否向社会开放",
    "开放条件",
    "更新周期",
    "发布日期",
    "关联资源代码",
)
HEADER = (*ENTRY_BEFORE, *ITEM, *ENTRY_AFTER)
WIDTHS = {"信息资源摘要": 40, "信息项名称": 24, "共享方式": 24, "信息资源名称": 24, "信息资源分类": 30}
# A file says when it was made: always the same moment, so that the same catalogue is the same file.
MADE_AT = datetime.datetime(2000, 1, 1)


def write_guide_form(described: Described, path: Path) -> None:
    """Write the form with the entries of all sources."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": SHEET, "created": MADE_AT})
        sheet, wrapped = book.add_worksheet(SHEET), book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1})
        for place, title in enumerate(HEADER):
            sheet.write_string(0, place, title, head)
            sheet.set_column(place, place, WIDTHS.get(title, 14))
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        row = 1
        for entry in described.entries:
            row = _write_entry(sheet, row, entry, described, wrapped)


def _write_entry(sheet: Worksheet, row: int, entry: CatalogueEntry, described: Described, form: Format) -> int:
    """Write an entry from a row on; the row after it."""
    last = row + len(entry.items) - 1
    of_entry = _cells(entry, described)
    for place, title in enumerate(HEADER):
        if title in ITEM:
            continue
        if last > row:
            sheet.merge_range(row, place, last, place, "", form)
        sheet.write_string(row, place, of_entry[title], form)
    for below, item in enumerate(entry.items):
        for title, cell in zip(ITEM, (item.title, item.type, item.length or ""), strict=True):
            sheet.write_string(row + below, HEADER.index(title), cell, form)
    return last + 1


def _cells(entry: CatalogueEntry, described: Described) -> dict[str, str]:
    """What the form asks for of an entry, by its titles; nothing where nobody has assigned a code."""
    contract, declared = entry.contract, entry.contract.entry
    agency = described.catalog.agencies[contract.responsible]
    issued = declared.issued_on or described.moments.released_on
    related = [
        other.contract.entry.code
        for other in described.entries
        if other is not entry and _is_related(entry, other) and other.contract.entry.code
    ]
    return {
        "信息资源分类": "/".join(entry.classification),
        "信息资源名称": contract.title,
        "信息资源代码": declared.code or "",
        "信息资源提供方": agency.title,
        "提供方代码": agency.credit_code or "",
        "信息资源摘要": entry.summary,
        "信息资源格式": f"{entry.form}：{entry.format}",
        "共享类型": entry.sharing,
        "共享条件": entry.condition or "",
        "共享方式": entry.mode,
        "是否向社会开放": entry.openness,
        "开放条件": declared.open_condition or "",
        "更新周期": entry.update,
        "发布日期": issued.isoformat() if issued else "",
        "关联资源代码": "、".join(related),
    }


def _is_related(entry: CatalogueEntry, other: CatalogueEntry) -> bool:
    """Whether both feed one golden record."""
    own, others = entry.contract.feeds, other.contract.feeds
    return bool(own and others and own.record == others.record)
