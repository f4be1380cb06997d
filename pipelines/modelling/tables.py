"""Steps that many models share, as functions from Ibis tables or columns to the same."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

# In which order the rows of a source supersede each other, the last one first to be believed: by their version, then
# by receipt. It is total.
DELIVERED = ("_version", "_received_at", "_batch", "_row")


def valid_on(rows: ir.Table, day: ir.DateValue, *, first: str = "valid_from", last: str = "valid_to") -> ir.Table:
    """The rows that hold on a day: `first` and `last` are columns of days that count too, no last one is no end."""
    return rows.filter((rows[first] <= day) & (rows[last].isnull() | (rows[last] >= day)))


def latest(table: ir.Table, *, key: str | Sequence[str], order: Sequence[str]) -> ir.Table:
    """One row per `key`: the last by `order`, NULLs first. `order` must be total within a key, or engines differ."""
    keys = [key] if isinstance(key, str) else list(key)
    counted = table.group_by(keys).agg(_rows=table.count())
    several = counted.filter(counted._rows > 1)
    # Most keys have one row: only the others pay for the sort.
    rivals = table.semi_join(several, keys)
    window = ibis.window(group_by=keys, order_by=[rivals[name].desc(nulls_first=False) for name in order])
    numbered = rivals.mutate(_place=ibis.row_number().over(window))
    return table.anti_join(several, keys).union(numbered.filter(numbered._place == 0).drop("_place"))
