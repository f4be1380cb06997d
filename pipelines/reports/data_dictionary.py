"""What an analyst's file says of itself: a table of its tables, one of their columns, and the code lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.declarations.element import Element
from pipelines.engines.duckdb.file import ListedTable
from pipelines.tables.shown import ShownColumn
from pipelines.tables.table import TableSpec

ABOUT, CODES = "about", "code"
TABLE = {
    "schema": "库",
    "table": "表",
    "title": "表的中文名",
    "description": "说明",
    "key": "主键列",
    "place": "在湖中的位置",
}
COLUMN = {
    "schema": "库",
    "table": "表",
    "column": "列",
    "position": "列的顺序",
    "type": "类型",
    "title": "列的中文名",
    "of_column": "来自湖中的哪一列",
    "treatment": "处理方式：原值、假名、已脱敏、年份、年龄段",
    "element": "数据元",
    "element_title": "数据元的中文名",
    "standard": "数据元依据的标准",
    "grade": "敏感级别",
    "codes": "取值的代码表（code 库中的表）",
}
CODE = {"code": "代码", "title": "名称"}

Described = Mapping[tuple[str, str], tuple[TableSpec, Sequence[ShownColumn]]]
CodeLists = Mapping[str, Mapping[str, str]]


def dictionary(tables: Described, elements: Mapping[str, Element], codes: CodeLists) -> list[ListedTable]:
    """The tables `about.table`, `about.column` and, for each code list (code → title), `code.<list>`.

    `tables` are those that the file has: (schema, name) → spec and columns as they are shown.
    """
    table_entries = [_said_of_table(place, spec, columns) for place, (spec, columns) in tables.items()]
    column_entries = [
        _said_of_column(place, at, column, elements, codes)
        for place, (_, columns) in tables.items()
        for at, column in enumerate(columns, 1)
    ]
    return [
        _listed((ABOUT, "table"), "本文件有哪些表", TABLE, table_entries),
        _listed((ABOUT, "column"), "各表有哪些列", COLUMN, column_entries),
        *(_code_list(name, titles) for name, titles in codes.items()),
    ]


def _code_list(name: str, titles: Mapping[str, str]) -> ListedTable:
    entries = [{"code": code, "title": title} for code, title in titles.items()]
    return _listed((CODES, name), f"代码表 {name}", CODE, entries)


def _said_of_table(place: tuple[str, str], spec: TableSpec, columns: Sequence[ShownColumn]) -> dict[str, Any]:
    shown_names = {column.of.name: column.name for column in reversed(columns)}
    return {
        "schema": place[0],
        "table": place[1],
        "title": spec.title,
        "description": spec.description,
        "key": ", ".join(shown_names[name] for name in spec.key),
        "place": spec.id.path,
    }


def _said_of_column(
    place: tuple[str, str], position: int, column: ShownColumn, elements: Mapping[str, Element], codes: CodeLists
) -> dict[str, Any]:
    element = elements.get(column.of.element or "")
    return {
        "schema": place[0],
        "table": place[1],
        "column": column.name,
        "position": position,
        "type": str(column.value.type()),
        "title": column.title,
        "of_column": column.of.name,
        "treatment": column.treatment,
        "element": element and element.name,
        "element_title": element and element.title,
        "standard": element and element.standard,
        "grade": column.of.grade,
        "codes": element and element.code_list if element and element.code_list in codes else None,
    }


def _listed(
    place: tuple[str, str], title: str, columns: Mapping[str, str], entries: Iterable[Mapping[str, Any]]
) -> ListedTable:
    kinds = pa.schema([(column, pa.int64() if column == "position" else pa.string()) for column in columns])
    return ListedTable(place, title, columns, pa.Table.from_pylist(list(entries), schema=kinds))
