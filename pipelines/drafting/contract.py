"""The whole draft: columns, key, version, the golden record that the source feeds, and what a person must still say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Deletes, Feeds
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.drafting.columns import CHANGES, PLAIN, DraftColumn, draft_columns
from pipelines.drafting.profile import Profile
from pipelines.drafting.sample import Sample
from pipelines.engines.base import Engine
from pipelines.errors import HuiliuError
from pipelines.project.catalog import UNFILLED
from pipelines.readers.header import same

_ARTICLES = {"person": "2024-19 第十三条", "legal_entity": "2024-19 第十四条"}
_NUMBERING = ("id_number", "credit_code", "code_text")
# What headers of keys are or end with, in either language, and what only looks like one.
_NAMED_AS_KEY = re.compile("(号|编码|代码|号码|主键|标识)$|(^|_)(id|code|no|number|key|uuid|guid)$")
_NO_KEY = re.compile("邮政|邮编|区划|电话|手机|传真|电报")
# The flags of exchange platforms, beside those that other contracts declare; they say insert, update or delete.
_FLAGS = ("dsc_biz_operation", "cd_operation")
_DELETED = ("D", "delete", "DELETE", "Delete", "d", "删除")


class CannotDraftError(HuiliuError):
    """A draft that a person must help with; the message says how."""

    kind = "draft"

    def __init__(self, what: str) -> None:
        super().__init__(what, exit_code=2)


@dataclass(frozen=True)
class Given:
    """What a person said of the new source; what is None is guessed, and marked in the draft."""

    name: str
    database: str | None = None
    title: str | None = None
    provider: str | None = None
    system: str | None = None
    legal_basis: str | None = None


@dataclass(frozen=True)
class Draft:
    """A drafted contract. `remarks` are what a person should look at, by field."""

    name: str
    database: str
    title: str
    provider: str
    system: str
    legal_basis: str
    key: tuple[str, ...]
    version: str | None
    deletes: Deletes | None
    feeds: Feeds | None
    columns: tuple[DraftColumn, ...]
    sample_rows: int
    sample_format: str
    titles: tuple[int, ...] = ()
    remarks: dict[str, str] = field(default_factory=dict)


def draft(catalog: Catalog, engine: Engine, sample: Sample, given: Given) -> Draft:
    """Draft a contract; raises CannotDraftError where the database cannot be told or an agency is not declared."""
    if not sample.cells.num_rows:
        raise CannotDraftError("the sample holds no rows: draft from a file with some hundred real ones")
    if given.provider and given.provider not in catalog.agencies:
        known = catalog.known_agencies
        raise CannotDraftError(f"no agency {given.provider}: declare it in catalog/agencies.yml; there are {known}")
    profile = Profile(catalog, engine, sample)
    remarks: dict[str, str] = {}
    deletes, deleting = _deletes(catalog, profile, sample)
    columns = [
        column
        for column in draft_columns(catalog, profile, sample, given.database)
        if same(column.header) != same(deleting)
    ]
    database = given.database or _database(catalog, columns)
    key = _key(catalog, profile, columns, remarks)
    feeding = _feeding(catalog, columns, database, remarks)
    required = {*key, *(column.name for column in (feeding[1] if feeding else ()))}
    columns = [column.required() if column.name in required else column for column in columns]
    return Draft(
        name=given.name,
        database=database,
        title=given.title or _asked(remarks, "title", UNFILLED, "信息资源名称"),
        provider=given.provider
        or _asked(
            remarks,
            "providers",
            UNFILLED,
            f"数据提供机构（catalog/agencies.yml）：{'、'.join(catalog.single_agencies)}",
        ),
        system=given.system or _asked(remarks, "system", UNFILLED, "数据所在的业务系统"),
        legal_basis=given.legal_basis
        or _asked(remarks, "legal_basis", UNFILLED, f"归集依据的条款和项，如 {_any_basis(catalog, database)}"),
        key=tuple(key),
        version=_version(catalog, columns),
        deletes=deletes,
        feeds=_feeds(catalog, *feeding) if feeding else None,
        columns=tuple(columns),
        sample_rows=sample.cells.num_rows,
        sample_format=sample.format,
        titles=sample.titles,
        remarks=remarks,
    )


def _asked(remarks: dict[str, str], name: str, default: str, remark: str) -> str:
    remarks[name] = remark
    return default


def _any_basis(catalog: Catalog, database: str) -> str:
    usual = _ARTICLES.get(database, "2024-19 第十三条")
    if usual.split()[0] in catalog.regulations:
        return usual
    return next(f"{regulation.name} 第一条" for regulation in catalog.regulations.values() if regulation.in_force)


def _deletes(catalog: Catalog, profile: Profile, sample: Sample) -> tuple[Deletes | None, str]:
    """The delete flag that other contracts declare or exchange platforms add, where the sample has it; its header."""
    for contract in catalog.contracts.values():
        for header in sample.header:
            if contract.delete_flag and same(contract.delete_flag.column) == same(header):
                return Deletes(column=header.strip(), value=contract.delete_flag.value), header
    for place, header in enumerate(sample.header, start=1):
        if same(header).lower() in _FLAGS:
            value = next((word for word in _DELETED if profile.holds(f"c{place}", word)), _DELETED[0])
            return Deletes(column=header.strip(), value=value), header
    return None, ""


def _database(catalog: Catalog, columns: Sequence[DraftColumn]) -> str:
    """The database of the golden record whose entity the sample holds, under the entity's own name first of all."""
    for attribute in ("name", "element"):
        for column in columns:
            for record in catalog.records.values():
                if getattr(column, attribute) == record.entity:
                    return record.database
    known = ", ".join(sorted({record.database for record in catalog.records.values()}))
    raise CannotDraftError(f"the columns do not tell whose data this is: say --database ({known})")


def _key(catalog: Catalog, profile: Profile, columns: Sequence[DraftColumn], remarks: dict[str, str]) -> list[str]:
    """The first column that is never empty and never repeats, numbers first; else two together; else the likeliest."""
    for cells in _key_candidates(catalog, columns):
        if profile.unique([column.cell for column in cells]):
            whole = "无空值且不重复" if len(cells) == 1 else "无空值，合起来不重复"
            remarks["key"] = f"样本 {cells[0].counts.rows} 行中{whole}，请核对"
            return [column.name for column in cells]
    complete = [column for column in columns if column.counts.complete] or list(columns)
    likeliest = max(complete, key=lambda column: (_is_numbering(catalog, column), column.counts.distinct))
    remarks["key"] = "请核对：样本中没有不重复且无空值的列，主键为暂定"
    return [likeliest.name]


def _key_candidates(catalog: Catalog, columns: Sequence[DraftColumn]) -> Iterator[tuple[DraftColumn, ...]]:
    complete = [column for column in columns if column.counts.complete]
    numbering = [column for column in complete if _is_numbering(catalog, column)]
    named = [column for column in complete if column not in numbering and _is_named_as_key(column)]
    others = [
        column
        for column in complete
        if column not in (*numbering, *named) and (column.element == PLAIN or catalog.elements[column.element].codes)
    ]
    yield from ((column,) for column in (*numbering, *named, *others))
    yield from itertools.combinations(numbering, 2)
    yield from itertools.product(numbering, others)


def _is_numbering(catalog: Catalog, column: DraftColumn) -> bool:
    return catalog.elements[column.element].normalise in _NUMBERING


def _is_named_as_key(column: DraftColumn) -> bool:
    header = same(column.header).lower()
    return bool(_NAMED_AS_KEY.search(header)) and not _NO_KEY.search(header)


def _version(catalog: Catalog, columns: Sequence[DraftColumn]) -> str | None:
    """The time of the last change to a row, by its header: no other time of a record tells which row is newer."""
    times = [column for column in columns if catalog.elements[column.element].type == "timestamp"]
    named = [column for column in times if column.name == "updated_at" or CHANGES.search(same(column.header).lower())]
    return named[-1].name if named else None


def _feeding(
    catalog: Catalog, columns: Sequence[DraftColumn], database: str, remarks: dict[str, str]
) -> tuple[GoldenRecord, list[DraftColumn]] | None:
    """The golden record of the database and the columns that hold its key in every row; of several the one that tells
    rows apart by most.
    """
    records = [record for record in catalog.records.values() if record.database == database]
    for record in sorted(records, key=lambda record: -len(record.key)):
        parts = [_holding(columns, part) for part in record.key]
        if all(len(chosen) == 1 and chosen[0].counts.complete for chosen in parts):
            return record, [chosen[0] for chosen in parts]
        for part, chosen in zip(record.key, parts, strict=True):
            if all(parts) and len(chosen) > 1:
                remarks["feeds"] = f"请核对：有多列 {part}，如应进入 {record.name}，请声明 feeds 并用 key 指明一列"
            elif all(parts) and not chosen[0].counts.complete:
                remarks["feeds"] = f"请核对：{chosen[0].header} 有空值，未声明 feeds（进入 {record.name} 的列须必填）"
    return None


def _holding(columns: Sequence[DraftColumn], part: str) -> list[DraftColumn]:
    """The columns that may hold a part of a key: those of its own name alone, where there are such."""
    holding = [column for column in columns if column.element == part]
    return [column for column in holding if column.name == part] or holding


def _feeds(catalog: Catalog, record: GoldenRecord, columns: Sequence[DraftColumn]) -> Feeds:
    ranks = [contract.feeds.rank for contract in catalog.feeders(record) if contract.feeds]
    key = tuple(column.name for column in columns)
    return Feeds(record=record.name, rank=max(ranks, default=0) + 1, key=None if key == record.key else key)
