"""Release: the manifest of table versions that fit together, which returns and sharing serve."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.lake import clock
from pipelines.lake.layout import TableId
from pipelines.lake.specs import RELEASES
from pipelines.steps.workspace import Workspace


@dataclass(frozen=True)
class Released:
    """The release that is current now; `new` when this run made it."""

    number: int
    tables: int
    new: bool


def release(workspace: Workspace, tables: list[TableId]) -> Released:
    """Append a release if any table has moved since the last one. One commit: a release is whole or not there."""
    lake = workspace.lake
    before = lake.read(RELEASES)
    newest = lake.engine.rows(before.filter(before.release == before.release.max()))
    number = newest[0]["release"] if newest else 0
    entries = []
    for table in sorted(tables):
        state = lake.state(table)
        if state is not None:
            entries.append(
                {
                    "table": table.path,
                    "table_id": state.table_id,
                    "version": state.delta.version(),
                    "rows": state.rows,
                }
            )
    fitting = {(row["table"], row["table_id"], row["version"]) for row in newest}
    if {(entry["table"], entry["table_id"], entry["version"]) for entry in entries} == fitting:
        return Released(number, len(newest), new=False)
    if lake.hold():  # another writer may have released in between
        return release(workspace, tables)
    number += 1
    stamp = {"release": number, "released_at": clock.now()}
    lake.append_rows(RELEASES, [{**stamp, **entry} for entry in entries], once=f"release-{number}")
    return Released(number, len(entries), new=True)
