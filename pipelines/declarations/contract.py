"""Source contract: what an agency delivers, and the catalogue entry of it (regulation articles C1, C2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from pipelines.declarations.entry import Entry
from pipelines.declarations.golden_record import Key
from pipelines.declarations.reading import Declared, mistake

IDENTIFIER = r"^[a-z][a-z0-9_]*$"
DELETE_FLAG = "delete_flag"
LAG = r"\d+( ?(s|min|h|d))?"


class Column(Declared):
    """One column of a source: the header as agencies write it, and what it becomes.

    `grade` is for a column that is more personal than its data element: it is masked wholly.
    """

    header: str
    name: str = Field(pattern=IDENTIFIER)
    element: str
    required: bool = False
    title: str
    grade: Literal["personal", "sensitive_personal"] | None = None


class Feeds(Declared):
    """The golden record that a source joins, and its rank among the sources that an attribute does not list.

    `key` names the columns that hold the parts of the record's key, in their order, where they are named otherwise.
    """

    record: str
    rank: int = Field(100, ge=0)
    key: Key | None = None


class Deletes(Declared):
    """How a delivery says that a row is gone: the flag's header and the value that means deleted.

    Beside `value` and `keeps`, which mean the opposite, a flag is any entry of the code list `operation`.
    """

    column: str
    value: str
    keeps: tuple[str, ...] = ()


SNAPSHOT: Literal["snapshot"] = "snapshot"


class SourceTable(Declared):
    """The table of a front-end database (前置机, PostgreSQL) that a source's rows come from, in the place of files.

    `connection` names the environment variable that holds address and credentials: `HUILIU_PG_<CONNECTION>`.
    `name` is schema and table, `watermark` a column of times or numbers that grows whenever a row is written, `lag`
    how far behind the newest row others may still be committed (`10 s`, `5 min`, `2 h`, `1 d`, or a plain number
    where the watermark counts). `readers` is how many connections read at once.
    """

    connection: str = Field(pattern=IDENTIFIER)
    name: str
    watermark: str = Field(min_length=1)
    lag: str | None = None
    readers: int = Field(4, ge=1, le=64)

    @field_validator("name")
    @classmethod
    def _schema_and_table(cls, value: str) -> str:
        if not all(part.strip() for part in value.partition(".")[::2]):
            raise ValueError(f"write schema and table, such as `public.{value.strip('.') or 'marriage'}`")
        return value

    @field_validator("lag", mode="before")
    @classmethod
    def _time_or_number(cls, value: Any) -> str | None:
        if value is None or re.fullmatch(LAG, str(value)):
            return None if value is None else str(value)
        raise ValueError("write a time such as `10 s`, `5 min`, `2 h` or `1 d`, or a plain number")


PROVIDER = "provider"
CREDIT_CODE = "credit_code"  # the normaliser of codes that hold a region


class KindBy(Declared):
    """Where a row says which kind of agency it is of: `column` holds a code, `list` (`<list>.<column>`) its kind."""

    column: str
    list: str


class Responsibility(Declared):
    """Which agency must act on a row: that of a `kind` in the row's region, at a `level`.

    `by` names the columns that may say the region, or `provider` for that of the agency which delivered the row's
    batch; the first that lies in a league or city with such an agency counts. A banner without one is the league's.
    `instead` names another kind for the leagues and cities, by their codes, in which another one has the task.
    `kind_by` is for sources of many kinds of agency: the row's own kind comes before `kind`, which may be left out
    then, and where its region is not known, the autonomous region's own agency of that kind acts.
    """

    kind: str = ""
    kind_by: KindBy | None = None
    by: tuple[str, ...] = Field(min_length=1)
    level: Literal["league", "banner"]
    instead: dict[str, str] = Field(default_factory=dict)

    @field_validator("by", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _of_a_kind(self) -> Responsibility:
        if not self.kind and self.kind_by is None:
            problem = "responsibility: name a kind of agency, or say with `kind_by` where a row names its own"
            raise mistake(problem, "responsibility")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.by if name != PROVIDER)

    @property
    def asked(self) -> tuple[str, ...]:
        """All columns that decide: of regions, and of the kind."""
        return (*self.columns, self.kind_by.column) if self.kind_by else self.columns

    def kind_in(self, city: str) -> str:
        """The kind of agency that acts in a league or city, by its code."""
        return self.instead.get(city, self.kind)

    @property
    def by_provider(self) -> bool:
        return PROVIDER in self.by


class Contract(Declared):
    """A source. `name` is the file's name, `database` the folder it stands in.

    `deletes` is how rows go: by a flag, or, where each delivery is a `snapshot` of everything, by not being in it.
    A row without a version counts by the time at which it was `received`; or, where `unversioned` says so, a batch
    whose header lacks the version column is `held`. A batch is held where more than `reject_limit` of its rows, and
    at least `reject_least`, are rejected, and a snapshot that has shrunk to less than `shrink_limit` of the one before.
    `delivered_by` is the column whose cells name the agency that delivered the file, where one does.
    `responsibility` shares out its rows at fault by region; without it all are those of the source's own agency.
    """

    name: str = Field(pattern=IDENTIFIER)
    database: str
    title: str
    providers: tuple[str, ...] = Field(min_length=1)
    delivered_by: str | None = None
    responsibility: Responsibility | None = None
    system: str
    legal_basis: str = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    version: str | None = None
    unversioned: Literal["received", "held"] = "received"
    deletes: Deletes | Literal["snapshot"] | None = None
    update: Literal["realtime", "daily", "weekly", "monthly", "quarterly", "yearly"]
    sharing: Literal["unconditional", "conditional", "none"]
    condition: str | None = None
    reason: str | None = None
    sharing_basis: str | None = None
    openness: Literal["unconditional", "conditional", "none"]
    # No part of what rows follow from: a word changed in the catalogue computes nothing anew.
    entry: Entry = Field(Entry(), exclude=True)
    reject_limit: float = Field(0.3, gt=0, le=1)
    reject_least: int = Field(5, ge=1)
    shrink_limit: float = Field(0.5, ge=0, le=1)
    feeds: Feeds | None = None
    table: SourceTable | None = None
    columns: tuple[Column, ...] = Field(min_length=1)
    aliases: dict[str, str] = Field(default_factory=dict)
    _dated: frozenset[str] = PrivateAttr(frozenset())

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return tuple(column for header, declared in value.items() for column in _columns(str(header), declared))

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        names = [column.name for column in self.columns]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise mistake(f"columns: two columns are named {name}; give one another `name`", "columns", place)
        single = {"version": self.version, "delivered_by": self.delivered_by}
        for field, wanted in [("key", self.key), *((field, (name,)) for field, name in single.items() if name)]:
            if missing := [name for name in wanted if name not in names]:
                raise mistake(f"{field}: no column is named {', '.join(missing)}", field)
        for name in self.key:
            if not self.column(name).required:
                raise mistake(
                    f"key: column {name} must be required (`!`), or rows without a key could pass",
                    "columns",
                    names.index(name),
                )
        if self.responsibility and (missing := [column for column in self.responsibility.asked if column not in names]):
            raise mistake(
                f"responsibility: no column is named {', '.join(missing)}: name region columns, or {PROVIDER}",
                *("responsibility", "kind_by" if missing[0] not in self.responsibility.columns else "by"),
            )
        self._check_headers()
        if self.sharing != "unconditional" and not (self.reason and self.sharing_basis):
            raise mistake(f"sharing: {self.sharing} needs `reason` and `sharing_basis` (2024-19 第二十一条)", "sharing")
        if self.sharing == "conditional" and not self.condition:
            raise mistake("sharing: conditional needs `condition` (2024-19 第二十一条)", "sharing")
        return self

    def _check_headers(self) -> None:
        columns = {column.header for column in self.columns}
        headers = columns | ({self.delete_flag.column} if self.delete_flag else set())
        for alias, header in self.aliases.items():
            if header not in headers:
                raise mistake(f"aliases: {alias} stands for {header}, which is no declared header", "aliases", alias)
            if alias in headers:
                raise mistake(f"aliases: {alias} is a header of its own; remove the alias", "aliases", alias)
        if self.delete_flag and self.delete_flag.column in columns:
            raise mistake(f"deletes: {self.delete_flag.column} is a column already; a flag is no column", "deletes")
        if self.is_snapshot and self.table:
            raise mistake(
                "deletes: a table is read by what is new in it and is never a snapshot; use a flag", "deletes"
            )

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def cells(self) -> dict[str, str]:
        """Header → physical column of raw; a header that feeds two columns has one cell, named like the first."""
        cells: dict[str, str] = {}
        for column in self.columns:
            cells.setdefault(column.header, column.name)
        if self.delete_flag:
            cells.setdefault(self.delete_flag.column, DELETE_FLAG)
        return cells

    @property
    def dated(self) -> frozenset[str]:
        """The physical columns of raw whose cells are dates or times; none until the catalog's elements are known."""
        return self._dated

    def know_dated(self, elements: Collection[str]) -> None:
        """Be told by name which elements are dates or times."""
        self._dated = frozenset(self.cells[column.header] for column in self.columns if column.element in elements)

    @property
    def delete_flag(self) -> Deletes | None:
        return self.deletes if isinstance(self.deletes, Deletes) else None

    @property
    def is_snapshot(self) -> bool:
        return self.deletes == SNAPSHOT

    @property
    def responsible(self) -> str:
        """The source's own agency, the first provider: it must act on whatever no other is responsible for."""
        return self.providers[0]


def _columns(header: str, declared: Any) -> Iterator[dict[str, Any]]:
    """`身份证号: id_number!`, the long form, or a list of them where one header becomes several columns."""
    for column in declared if isinstance(declared, list) else [declared]:
        long = column
        if isinstance(column, str):
            element = column.removesuffix("!")
            long = {"name": element, "element": element, "required": column.endswith("!")}
        yield (
            {"header": header, "title": header, **long}
            if isinstance(long, dict)
            else {"header": header, "name": column}
        )
