"""Sources whose contract was taken away while the lake still holds what they delivered."""

from __future__ import annotations

from pipelines.errors import LakeError
from pipelines.project.workspace import Workspace
from pipelines.tables.specs import BATCHES


class UndeclaredSourceError(LakeError):
    """The lake holds batches of a source that no contract declares any more."""

    kind = "undeclared source"


def check_declared(workspace: Workspace) -> None:
    """Raise UndeclaredSourceError where the lake holds batches of sources that are declared no more.

    Their rows stand in golden records and in cities' tables, and what nobody declares cannot be taken out of them.
    """
    lake = workspace.lake
    with lake.alone:
        batches = lake.read(BATCHES)
        gone = batches.filter(batches.source.notin(sorted(workspace.catalog.contracts)))
        found = lake.engine.rows(gone.group_by("source").agg(batches=gone.count()).order_by("source"))
    if not found:
        return
    listed = ", ".join(f"{one['source']} ({one['batches']} batches)" for one in found)
    files = ", ".join(f"foundation_dbs/*/sources/{one['source']}.yml" for one in found)
    raise UndeclaredSourceError(
        f"the lake {lake.root} holds what was delivered by sources that no contract declares any more: {listed}; "
        f"what to do: put {files} back (`git log --diff-filter=D -- foundation_dbs` shows who took it away). A source "
        "that delivers no more keeps its contract; to build without it, run into a new lake",
        2,
    )
