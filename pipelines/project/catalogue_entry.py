"""Catalogue entries 目录: what the regulation asks for of each source (C1), from its contract, elements and agencies.

What nobody has declared follows from what has been: the form from how the source is delivered, the grade from its
columns, scope and mode from the sharing type, the approving agency from who reviews the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.declarations.agency import Agency
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.element import Element, Grade

GRADES: tuple[Grade, ...] = ("public", "internal", "personal", "sensitive_personal")
GRADE_TITLES = {"public": "公开", "internal": "内部", "personal": "个人信息", "sensitive_personal": "敏感个人信息"}
SHARING = {"unconditional": "无条件共享", "conditional": "有条件共享", "none": "不予共享"}
OPENNESS = {"unconditional": "无条件开放", "conditional": "有条件开放", "none": "不予开放"}
UPDATES = {
    "realtime": "实时",
    "daily": "每日",
    "weekly": "每周",
    "monthly": "每月",
    "quarterly": "每季度",
    "yearly": "每年",
}
# With whom, and how, by 2024-19 第二十一条 and 第二十三条.
SCOPES = {
    "unconditional": "所有公共管理和服务机构",
    "conditional": "符合共享条件的公共管理和服务机构",
    "none": "不提供给其他公共管理和服务机构",
}
MODES = {
    "unconditional": "平台直接获取：库表、文件、接口",
    "conditional": "申请后提供：库表、文件、接口",
    "none": "经数源部门同意的核验",
}
AUTHORITY = "public_data"  # who reviews the catalogue of the autonomous region's agencies: 2024-19 第十条
IN_FILES, IN_TABLE = ("文件", "CSV、XLSX、JSONL、Parquet"), ("库表", "PostgreSQL")
TYPES = {"string": "字符型 C", "date": "日期型 D", "timestamp": "日期时间型 T", "int64": "数值型 N"}
FOUNDATION = "基础信息资源类"


@dataclass(frozen=True)
class Item:
    """A data item 信息项 of an entry. `length` is how many digits, and how many behind the point; None of text."""

    name: str
    title: str
    element: Element
    type: str
    length: str | None
    grade: Grade
    is_key: bool
    is_required: bool


@dataclass(frozen=True)
class CatalogueEntry:
    """An entry in the words of the regulation; agencies are None where no declared one is meant."""

    contract: Contract
    summary: str
    items: tuple[Item, ...]
    form: str
    format: str
    sharing: str
    condition: str | None
    scope: str
    mode: str
    openness: str
    update: str
    collected_by: Agency | None
    approved_by: Agency | None
    provided_by: tuple[Agency, ...]
    classification: tuple[str, ...]
    grade: Grade

    @property
    def title(self) -> str:
        return self.contract.title


def entry_of(catalog: Catalog, contract: Contract) -> CatalogueEntry:
    """The catalogue entry of a source."""
    declared, items = contract.entry, tuple(_item(catalog, contract, column.name) for column in contract.columns)
    form, file_format = IN_TABLE if contract.table else IN_FILES
    listed = "、".join(item.title for item in items)
    return CatalogueEntry(
        contract=contract,
        summary=declared.summary or f"{contract.title}，包括{listed}。",
        items=items,
        form=form,
        format=file_format,
        sharing=SHARING[contract.sharing],
        condition=contract.condition,
        scope=declared.scope or SCOPES[contract.sharing],
        mode=declared.mode or MODES[contract.sharing],
        openness=OPENNESS[contract.openness],
        update=UPDATES[contract.update],
        collected_by=catalog.agencies.get(declared.collected_by or contract.responsible),
        approved_by=catalog.agencies.get(declared.approved_by or AUTHORITY),
        provided_by=tuple(catalog.agencies[name] for name in contract.providers if name in catalog.agencies),
        classification=(FOUNDATION, database_title(catalog, contract.database), contract.title),
        grade=strictest([item.grade for item in items]),
    )


def strictest(grades: list[Grade]) -> Grade:
    """The highest of some grades, which is that of what holds them all."""
    return max(grades, key=GRADES.index, default="public")


def database_title(catalog: Catalog, database: str) -> str:
    """What a foundation database is about: the title of its main golden record, or its name."""
    record = catalog.main_record(database)
    return record.title if record else database


def _item(catalog: Catalog, contract: Contract, name: str) -> Item:
    column, element = contract.column(name), catalog.element_of(contract, name)
    digits = element.type.removeprefix("decimal(").removesuffix(")").replace(" ", "") if element.is_decimal else None
    return Item(
        name=name,
        title=column.title,
        element=element,
        type=TYPES.get(element.type, "数值型 N"),
        length=digits,
        grade=element.grade,
        is_key=name in contract.key,
        is_required=column.required,
    )
