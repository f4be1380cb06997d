"""What the tables beside a golden record are worked out with: rows that stand, whose they are, which began last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.places import city_of

Row = dict[str, str | None]
Records = Mapping[str, Mapping[str, str | None]]
Found = Counter[tuple[str, str, str]]  # golden record, rule, subject → rows at fault


def rows_of(register: Standing) -> list[Row]:
    columns = register.columns()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def table_due(truth: Truth, name: str, key: Sequence[str], rows: Sequence[Row], places: Iterable[str | None]) -> None:
    due = {column: [row[column] for row in rows] for column in rows[0]}
    truth.table(f"foundation/person/{name}", due)
    truth.returned(f"person/{name}", places, {column: due[column] for column in key})


def place_of(row: Row, regions: Mapping[str, str | None], column: str) -> str | None:
    return next((region for region in (regions.get(str(row["id_number"])), row[column]) if city_of(region)), None)


def mark_last(rows: Sequence[Row], alike: Sequence[str], begun: str) -> set[int]:
    """The places of the rows that began last of those that are alike."""
    last: dict[tuple[str | None, ...], tuple[tuple[str, str], int]] = {}
    for at, row in enumerate(rows):
        order = (row[begun] or "", row["updated_at"] or "")
        kind = tuple(row[name] for name in alike)
        last[kind] = max(last.get(kind, (("", ""), at)), (order, at))
    return {at for _, at in last.values()}
