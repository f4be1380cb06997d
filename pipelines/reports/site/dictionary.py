"""The data dictionary: every table and column, what it means and comes from, how fresh it is; no value of the data."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.element import Element
from pipelines.project.catalogue_entry import GRADE_TITLES, strictest
from pipelines.project.workspace import Workspace
from pipelines.reports.catalogue.described import Moments, read_moments
from pipelines.steps.plan import origins_of_tables, plan
from pipelines.steps.tables import all_tables
from pipelines.steps.task import Origins, Task
from pipelines.tables.layout import Layer, TableId
from pipelines.tables.table import ColumnSpec, TableSpec

# In the order in which people look for something: what is offered, then what it is made of.
LAYERS: dict[Layer, tuple[str, str]] = {
    "foundation": ("基础库", "每人、每个组织一条的基准记录，由它们得出的表，以及来源冲突和核查发现。"),
    "theme": ("主题库", "由基础库得出、面向一个主题的表。"),
    "returns": ("回流", "按盟市分区、流回盟市的记录。"),
    "standard": ("标准层", "每个来源的现行记录：每个主键一条，已转换为数据元的规范形式。"),
    "withdrawn": ("已撤销", "来源已撤销的记录，每个主键留最后一条。"),
    "alias": ("别名", "标识的其他写法，如十五位身份号码。"),
    "quarantine": ("隔离层", "违反严重规则的记录，按交付的原样保留。"),
    "raw": ("原始层", "交付的全部记录，按原样保留。"),
    "quality": ("质量记录", "批次、结论、规则结果、人工决定和发布。"),
}
TYPES = {
    "string": "文本",
    "date": "日期",
    "timestamp('UTC')": "时间",
    "int64": "整数",
    "boolean": "是否",
    "array<string>": "文本列表",
}
MOST_ORIGINS = 8  # of one column; of more, the rest is counted
MOST_CODES = 200  # a longer code list is counted and not written out


@dataclass(frozen=True)
class Origin:
    """The columns of a table of the dictionary that values come from."""

    table: TableId
    title: str
    columns: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return anchor_of(self.table)


@dataclass(frozen=True)
class ColumnEntry:
    """A column: `meaning` is its data element's title, `standard` what that follows, `codes` its code list.

    `more` counts the origins beyond those listed; `is_own` says that the platform itself writes the column.
    """

    name: str
    title: str
    meaning: str | None
    standard: str | None
    type: str
    codes: str | None
    grade: str
    is_personal: bool
    is_key: bool
    origins: tuple[Origin, ...]
    more: int
    is_own: bool


@dataclass(frozen=True)
class TableEntry:
    """A table: its columns, its strictest grade, its rows (None: nothing was written yet), and when it was fresh last.

    `received_at` is the newest receipt of any source that it is made of, `release` the latest that names the table.
    """

    table: TableId
    title: str
    grade: str
    rows: int | None
    received_at: datetime.datetime | None
    release: int | None
    columns: tuple[ColumnEntry, ...]

    @property
    def anchor(self) -> str:
        return anchor_of(self.table)


@dataclass(frozen=True)
class CodeListEntry:
    """A code list that columns name: (code, title) each, none where there are too many to be written out."""

    name: str
    count: int
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Dictionary:
    """All tables by layer, and the code lists that their columns name."""

    layers: tuple[tuple[str, str, tuple[TableEntry, ...]], ...]
    code_lists: tuple[CodeListEntry, ...]
    moments: Moments

    @property
    def tables(self) -> int:
        return sum(len(tables) for _, _, tables in self.layers)

    @property
    def columns(self) -> int:
        return sum(len(table.columns) for _, _, tables in self.layers for table in tables)


def anchor_of(table: TableId) -> str:
    """The place of a table on the page."""
    return "table-" + table.path.replace("/", "-")


def read_dictionary(workspace: Workspace) -> Dictionary:
    """The dictionary of a lake as it is now."""
    catalog, specs, moments = workspace.catalog, all_tables(workspace), read_moments(workspace)
    tasks = plan(workspace)
    origins, sources = origins_of_tables(workspace, tasks), _sources_of(tasks)
    titles = {spec.id: spec.title for spec in specs}
    found: dict[Layer, list[TableEntry]] = {layer: [] for layer in LAYERS}
    for spec in specs:
        columns = tuple(_column(catalog, spec, column, origins.get(spec.id, {}), titles) for column in spec.columns)
        found[spec.id.layer].append(_table(workspace, spec, columns, moments, sources.get(spec.id, ())))
    layers = tuple((*LAYERS[layer], tuple(tables)) for layer, tables in found.items() if tables)
    named = {column.codes for tables in found.values() for table in tables for column in table.columns if column.codes}
    return Dictionary(layers, tuple(_code_list(catalog, name) for name in sorted(named)), moments)


def _sources_of(tasks: Collection[Task]) -> dict[TableId, set[str]]:
    """The sources that each table is made of; the plan has every task after those that it builds on."""
    found: dict[TableId, set[str]] = {}
    for task in tasks:
        own = {task.contract.name} if task.contract else set()
        for spec in task.outputs:
            found[spec.id] = own.union(*(found.get(table, set()) for table in task.inputs))
    return found


def _table(
    workspace: Workspace,
    spec: TableSpec,
    columns: tuple[ColumnEntry, ...],
    moments: Moments,
    sources: Collection[str],
) -> TableEntry:
    state = workspace.lake.state(spec.id)
    received = [moments.received[source] for source in sources if source in moments.received]
    is_released = state is not None and spec.id.layer in ("foundation", "theme", "returns")
    return TableEntry(
        spec.id,
        spec.title,
        GRADE_TITLES[strictest([column.grade for column in spec.columns])],
        state.rows if state else None,
        max(received, default=None) if state and spec.id.layer != "quality" else None,
        moments.release if is_released else None,
        columns,
    )


def _column(
    catalog: Catalog, spec: TableSpec, column: ColumnSpec, origins: Origins, titles: Mapping[TableId, str]
) -> ColumnEntry:
    element = catalog.elements.get(column.element or "")
    parents = sorted(origins.get(column.name, ()))
    return ColumnEntry(
        column.name,
        column.title,
        element.title if element else None,
        element.standard if element else None,
        _type(column.type),
        _codes(catalog, element),
        GRADE_TITLES[column.grade],
        column.is_personal,
        column.name in spec.key,
        tuple(_origins(parents[:MOST_ORIGINS], titles)),
        max(0, len(parents) - MOST_ORIGINS),
        not parents and (spec.id.layer != "raw" or column.name.startswith("_")),
    )


def _origins(parents: Sequence[tuple[TableId, str]], titles: Mapping[TableId, str]) -> Iterator[Origin]:
    for table, columns in itertools.groupby(parents, key=lambda parent: parent[0]):
        if table in titles:
            yield Origin(table, titles[table], tuple(name for _, name in columns))


def _codes(catalog: Catalog, element: Element | None) -> str | None:
    name = element.code_list if element else None
    return name if name in catalog.codes else None


def _type(kind: str) -> str:
    return "小数" if kind.startswith("decimal") else TYPES.get(kind, kind)


def _code_list(catalog: Catalog, name: str) -> CodeListEntry:
    listed = catalog.codes[name]
    shown = listed if len(listed) <= MOST_CODES else ()
    return CodeListEntry(name, len(listed), tuple((code.code, code.title) for code in shown))
