"""How the rows of a table are shown to people: personal columns masked as their spec says."""

from __future__ import annotations

import ibis.expr.types as ir

from pipelines.declarations.element import Mask
from pipelines.elements import mask
from pipelines.lake.table import ColumnSpec, TableSpec

WHOLLY = Mask(keep_first=0, keep_last=0)


def shown(spec: TableSpec, rows: ir.Table, *, unmasked: bool = False) -> ir.Table:
    """The table's columns, personal ones as masked text unless `unmasked`. `rows` must have every column of `spec`."""
    columns = {
        column.name: rows[column.name] if unmasked else shown_value(column, rows[column.name])
        for column in spec.columns
    }
    return rows.select(**columns)


def shown_value(column: ColumnSpec, value: ir.Value) -> ir.Value:
    """A column's value, masked where it is personal: as its mask says, or wholly where it has none."""
    return mask(value.cast("string"), column.mask or WHOLLY) if column.is_personal else value
