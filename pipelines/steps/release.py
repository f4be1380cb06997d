"""Release: the manifest of table versions that fit together, which returns and sharing serve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipelines import clock
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.steps.task import Outcome, Step, Task
from pipelines.tables.layout import TableId
from pipelines.tables.specs import RELEASES


@dataclass(frozen=True)
class Released(Outcome):
    """The release that is current now; `new` when this run made it."""

    number: int
    tables: int
    new: bool


RELEASED = ("foundation", "theme", "returns")  # the layers whose tables a release names


def release_task(tasks: Iterable[Task]) -> Task:
    """The last task: what the others wrote, named as what fits together."""
    released = [spec.id for task in tasks for spec in task.outputs if spec.id.layer in RELEASED]
    return Task(
        Step.RELEASE,
        "",
        "release",
        (RELEASES,),
        tuple(released),
        lambda workspace: release(workspace, released),
    )


def release(workspace: Workspace, tables: list[TableId]) -> Released:
    """Append a release if any table has moved since the last one. One commit: a release is whole or not there."""
    lake = workspace.lake
    newest = _newest(lake)
    number = newest[0]["release"] if newest else 0
    entries = []
    for table in sorted(tables):
        state = lake.state(table)
        if state is not None:
            entries.append(
                {
                    "table": table.path,
                    "table_id": state.table_id,
                    "version": state.version,
                    "rows": state.rows,
                }
            )
    fitting = {(row["table"], row["table_id"], row["version"]) for row in newest}
    if {(entry["table"], entry["table_id"], entry["version"]) for entry in entries} == fitting:
        return Released(number, len(newest), new=False)
    if lake.hold():  # another writer may have released in between
        return release(workspace, tables)
    return Released(_write(workspace, number, entries), len(entries), new=True)


def renew(workspace: Workspace) -> bool:
    """Release the same rows at the versions by which they can be read from now on; False where they are those already.

    Maintenance moves a table's version and not its rows, and what the version of before needs is removed in time.
    """
    lake = workspace.lake
    newest = _newest(lake)
    renewed = [{**row, "version": _as_of_now(lake, row)} for row in newest]
    if renewed == newest:
        return False
    if lake.hold():
        return renew(workspace)
    _write(workspace, newest[0]["release"], renewed)
    return True


def _newest(lake: Lake) -> list[dict[str, Any]]:
    """The entries of the current release; none before the first."""
    releases = lake.read(RELEASES)
    return lake.engine.rows(releases.filter(releases.release == releases.release.max()))


def _as_of_now(lake: Lake, entry: dict[str, Any]) -> int:
    """The table's newest version where its rows are those of the released one, which is kept otherwise."""
    state = lake.state(TableId.at(entry["table"]))
    same = state and state.table_id == entry["table_id"] and state.content <= entry["version"]
    return state.version if state and same else int(entry["version"])


def _write(workspace: Workspace, before: int, entries: list[dict[str, Any]]) -> int:
    number = before + 1
    last = workspace.lake.engine.scalar(workspace.lake.read(RELEASES).released_at.max())
    stamp = {"release": number, "released_at": clock.after(last)}
    workspace.lake.append_rows(RELEASES, [{**entry, **stamp} for entry in entries], once=f"release-{number}")
    return number
