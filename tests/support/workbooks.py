"""Workbooks written by hand, XML and all: what Excel, other programs and faulty ones store."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def column_name(place: int) -> str:
    """The letters of a column, counted from 0."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        name = chr(65 + letter) + name
    return name


def text(value: str, **attributes: Any) -> str:
    """A cell with its own text."""
    return cell(f'<is><t xml:space="preserve">{escape(value)}</t></is>', t="inlineStr", **attributes)


def number(value: str, **attributes: Any) -> str:
    return cell(f"<v>{value}</v>", **attributes)


def cell(inner: str, **attributes: Any) -> str:
    written = "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"<c{written}>{inner}</c>"


def row(number: int, cells: Sequence[str]) -> str:
    """A row of cells from column A on, each of them given its place; an empty string leaves a place out."""
    placed = (
        cell.replace("<c", f'<c r="{column_name(at)}{number}"', 1) if " r=" not in cell[:20] else cell
        for at, cell in enumerate(cells)
        if cell
    )
    return f'<row r="{number}">{"".join(placed)}</row>'


def sheet_xml(rows: Iterable[str], after: str = "") -> str:
    return f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData>{after}</worksheet>'


def merges(*ranges: str) -> str:
    return f"<mergeCells>{''.join(f'<mergeCell ref={quoteattr(merged)}/>' for merged in ranges)}</mergeCells>"


def styles_xml(*formats: int | str) -> str:
    """Cell styles 1, 2 … of these formats: built-in numbers or codes; style 0 is general."""
    codes = [code for code in formats if isinstance(code, str)]
    custom = "".join(f'<numFmt numFmtId="{200 + at}" formatCode={quoteattr(code)}/>' for at, code in enumerate(codes))
    numbers = [look if isinstance(look, int) else 200 + codes.index(look) for look in formats]
    looks = "".join(f'<xf numFmtId="{number}"/>' for number in (0, *numbers))
    return (
        f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{looks}</cellXfs></styleSheet>'
    )


def shared_xml(*items: str) -> str:
    """Shared texts; an item is what stands within `<si>`."""
    return f'{DECLARATION}<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


@dataclass(frozen=True)
class SheetXml:
    """A sheet of a workbook: its name, its XML and how it stands in the workbook."""

    name: str
    xml: str
    state: str = "visible"
    kind: str = "worksheet"


def parts(
    sheets: Sequence[SheetXml], styles: str | None = None, shared: str | None = None, properties: str = ""
) -> dict[str, str]:
    """A workbook's parts by name; `properties` are attributes of `<workbookPr>`."""
    listed, relations, found = "", "", {}
    for at, sheet in enumerate(sheets, 1):
        state = f' state="{sheet.state}"' if sheet.state != "visible" else ""
        listed += f'<sheet name={quoteattr(sheet.name)} sheetId="{at}"{state} r:id="rId{at}"/>'
        target = f"{sheet.kind}s/sheet{at}.xml"
        relations += f'<Relationship Id="rId{at}" Type="{OFFICE}/{sheet.kind}" Target="{target}"/>'
        found[f"xl/{target}"] = sheet.xml
    for kind, content in (("styles", styles), ("sharedStrings", shared)):
        if content is not None:
            relations += f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>'
            found[f"xl/{kind}.xml"] = content
    book = f"<workbookPr {properties}/><sheets>{listed}</sheets>"
    main = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        "[Content_Types].xml": f"{DECLARATION}<Types/>",
        "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{RELATIONS}">{main}</Relationships>',
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{book}</workbook>',
        "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{RELATIONS}">{relations}</Relationships>',
        **found,
    }


def packed(content: dict[str, str] | dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in content.items():
            package.writestr(name, part)
    return written.getvalue()


def book(rows: Iterable[str], after: str = "", **others: Any) -> bytes:
    """A workbook of one sheet."""
    return packed(parts([SheetXml("Sheet1", sheet_xml(rows, after))], **others))
