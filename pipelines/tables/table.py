"""What a Delta table looks like before it is written: place, key, columns with titles, types and grades."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from pipelines.declarations.element import Grade, Mask
from pipelines.tables.layout import TableId


@dataclass(frozen=True)
class ColumnSpec:
    """A column: ASCII name, Ibis type, Chinese title, and how its values must be protected."""

    name: str
    type: str
    title: str
    grade: Grade = "internal"
    mask: Mask | None = None
    element: str | None = None

    @property
    def is_personal(self) -> bool:
        return self.grade in ("personal", "sensitive_personal")

    @property
    def ibis_type(self) -> dt.DataType:
        return dt.dtype(self.type)


@dataclass(frozen=True)
class TableSpec:
    """A table as declared. `key` columns are never NULL and identify a row; an append-only table has none.

    Rows that share their values of `partition_by`, part of the key, lie in files of their own.
    """

    id: TableId
    title: str
    description: str
    key: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]
    partition_by: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def ibis_schema(self) -> ibis.Schema:
        return ibis.schema({column.name: column.ibis_type for column in self.columns})

    @property
    def unbound(self) -> ir.Table:
        """The table named by its place, in its columns and without rows: what is read of it can be looked into."""
        return ibis.table(self.ibis_schema, name=self.id.path)

    def column(self, name: str) -> ColumnSpec:
        return next(column for column in self.columns if column.name == name)
