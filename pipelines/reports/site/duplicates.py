"""What the page of duplicate collection (C5) shows: the lake's table, by golden record."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from pipelines.project.workspace import Workspace
from pipelines.tables.specs import DUPLICATES


@dataclass(frozen=True)
class DuplicatesOfRecord:
    """The items of a golden record that two agencies both deliver, as rows of the table."""

    title: str
    rows: list[dict[str, Any]]

    @property
    def items(self) -> int:
        return len({row["item"] for row in self.rows})


def read_duplicates(workspace: Workspace) -> list[DuplicatesOfRecord]:
    """By record, the items with most keys in both first."""
    table = workspace.lake.read(DUPLICATES)
    order = ["record", table["keys"].desc(), *DUPLICATES.key[1:]]
    rows = workspace.lake.engine.rows(table.order_by(order))
    records = workspace.catalog.records
    return [
        DuplicatesOfRecord(records[name].title if name in records else name, list(some))
        for name, some in itertools.groupby(rows, key=lambda row: row["record"])
    ]
