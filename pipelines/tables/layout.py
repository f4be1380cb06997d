"""Where each table lies in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layer = Literal["raw", "standard", "withdrawn", "alias", "quarantine", "foundation", "theme", "returns", "quality"]


@dataclass(frozen=True, order=True)
class TableId:
    """A table's place: `raw/<source>`, `foundation/<db>/<table>`, `returns/<db>/<table>`, …

    `folders` are what stands between layer and name: nothing, or a database.
    """

    layer: Layer
    name: str
    folders: tuple[str, ...] = ()

    @classmethod
    def at(cls, path: str) -> TableId:
        """The table that lies at a path."""
        layer, *folders, name = path.split("/")
        return cls(layer, name, tuple(folders))  # type: ignore[arg-type]

    @property
    def path(self) -> str:
        return "/".join((self.layer, *self.folders, self.name))

    def __str__(self) -> str:
        return self.path


def raw(source: str) -> TableId:
    return TableId("raw", source)


def standard(source: str) -> TableId:
    return TableId("standard", source)


def withdrawn(source: str) -> TableId:
    return TableId("withdrawn", source)


def alias(source: str) -> TableId:
    return TableId("alias", source)


def quarantine(source: str) -> TableId:
    return TableId("quarantine", source)


def foundation(database: str, table: str) -> TableId:
    return TableId("foundation", table, (database,))


def theme(database: str, table: str) -> TableId:
    return TableId("theme", table, (database,))


def returned(table: TableId) -> TableId:
    """What flows back of a foundation or theme table."""
    return TableId("returns", table.name, table.folders)


def returned_to(city: str, table: TableId) -> TableId:
    """Where an older lake has the part of a foundation or theme table that flows back to one city."""
    return TableId("returns", table.name, (city, *table.folders))


def quality(table: str) -> TableId:
    return TableId("quality", table)
