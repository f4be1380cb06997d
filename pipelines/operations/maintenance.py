"""Maintenance: small files, logs and change data kept in check under the one retention setting.

The rows of no table change. Every commit carries the table's watermark forward and says since which version its rows
are what they are, so that the next run finds nothing to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.engines import delta_files, delta_rs
from pipelines.lake.lake import Lake
from pipelines.lake.watermark import unchanged_since
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import batches_of, untypable, verdicts_of
from pipelines.steps.release import renew
from pipelines.steps.tables import all_tables
from pipelines.tables.layout import TableId


@dataclass(frozen=True)
class Maintained:
    """What was done for a table: its files before and after, and how many that had expired were removed."""

    table: TableId
    files_before: int
    files: int
    removed: int
    version_before: int
    version: int

    @property
    def changed(self) -> bool:
        return self.version != self.version_before


def maintain(
    workspace: Workspace,
    tables: Iterable[TableId] | None = None,
    show_table: Callable[[TableId], None] = lambda table: None,
) -> list[Maintained]:
    """Maintain `tables` (all that are declared and there); `show_table` hears of each as it begins.

    Table by table under the lease, which others may take in between unless the caller holds it. At the end the newest
    release names the versions by which its rows can be read from now on.
    """
    lake, retention = workspace.lake, datetime.timedelta(days=workspace.settings.retention)
    done = []
    for table in [spec.id for spec in all_tables(workspace)] if tables is None else tables:
        show_table(table)
        taken = lake.hold()
        try:
            if found := maintain_table(lake, table, retention, compacts=_can_be_read(lake, table)):
                done.append(found)
        finally:
            if taken:
                lake.release_lease()
    taken = lake.hold()
    try:
        renew(workspace)
    finally:
        if taken:
            lake.release_lease()
    return done


def _can_be_read(lake: Lake, table: TableId) -> bool:
    """Whether every file of a table is known to hold rows that can be read.

    Of raw only the gate knows. A file that cannot be read stays by itself, or it would take good ones along.
    """
    if table.layer != "raw":
        return True
    judged = verdicts_of(lake, table.name)
    return all(entry.batch in judged for entry in batches_of(lake, table.name)) and not untypable(lake, table.name)


def maintain_table(
    lake: Lake, table: TableId, retention: datetime.timedelta, compacts: bool = True
) -> Maintained | None:
    """Maintain one table; None where it is not there. A crash at any point leaves the same rows and watermark.

    Small files are put together where it `compacts`.
    """
    lake.writer(table)
    state = lake.state(table)
    if state is None:
        return None
    delta, before = state.delta, state.version
    files, removed = delta_files.file_count(delta), 0
    metadata = unchanged_since(state.metadata, state.content)

    def compact() -> None:
        if compacts and delta_files.small_files(delta) >= delta_files.MANY_FILES:
            delta_rs.compact(delta, metadata)

    def vacuum() -> None:
        nonlocal removed
        removed = delta_rs.vacuum(delta, retention, metadata)

    for work in (
        # Log cleanup spares the newest commit alone for sure: it must be one that says where the table stands.
        lambda: None if delta_rs.carries_metadata(delta) else delta_rs.carry_forward(delta, metadata),
        lambda: delta_rs.set_retention(delta, retention, metadata),
        compact,
        lambda: lake.make_durable(table),  # what was put together, before what it was put together from may go
        vacuum,
        lambda: delta_rs.clean_log(delta),
    ):
        lake.writer(table)
        work()
        delta.update_incremental()
    return Maintained(table, files, delta_files.file_count(delta), removed, before, delta.version())
