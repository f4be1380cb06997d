"""Recovery: what a power cut or a restored copy left of the lake is made good at the start of a run, or named."""

from __future__ import annotations

import os
import time

from pipelines.lake.lake import Lake
from pipelines.lake.watermark import rewound
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem
from pipelines.rules.verdicts import NEVER, last_decisions
from pipelines.steps.originals import kept_name, listed_batches
from pipelines.steps.tables import all_tables
from pipelines.storage.durable import UNSAFE, is_torn, undo_torn
from pipelines.tables import layout
from pipelines.tables.layout import TableId
from pipelines.tables.specs import VERDICTS
from pipelines.tables.table import TableSpec


def recover(workspace: Workspace) -> list[Problem]:
    """Undo commits that are not whole, and let tables be computed anew that follow from rows which are no more.

    To be called before anything is read or written: rows that come afterwards may get the version numbers of those
    that are gone, and would pass for them. What a person should know of is told.
    """
    problems = _undo_torn(workspace)
    _rewind(workspace)
    return problems


def _undo_torn(workspace: Workspace) -> list[Problem]:
    lake = workspace.lake
    if lake.root.is_s3:  # a commit is there whole or not at all
        return []
    places = {spec.id: lake.root.path / spec.id.path for spec in all_tables(workspace)}
    if not any(is_torn(place) for place in places.values()):
        return []
    lake.hold()
    undone = {table: versions for table, place in places.items() if (versions := undo_torn(place))}
    lake.writer(*undone)  # which forgets what it knew of them
    return [
        Problem(
            file=table.path,
            what=f"was not whole in its newest commits, {len(versions)} of them, as a power cut leaves them; they were "
            "undone, and what they held is taken again",
            todo="nothing, unless batches or decisions of the last minutes are missing: then deliver or decide again",
        )
        for table, versions in undone.items()
    ]


def _rewind(workspace: Workspace) -> None:
    lake = workspace.lake
    if not _lost_inputs(workspace):
        return
    lake.hold()
    for spec, lost in _lost_inputs(workspace).items():
        state = lake.state(spec.id)
        assert state
        metadata = rewound(state.metadata, state.content, lost)
        lake.writer(spec.id).append(lake.uri(spec.id), lake.engine.empty(spec), metadata)


def _lost_inputs(workspace: Workspace) -> dict[TableSpec, set[str]]:
    """By table the inputs that have gone back behind what it was computed from."""
    lake, decided = workspace.lake, last_decisions(workspace.lake)
    found: dict[TableSpec, set[str]] = {}
    for spec in all_tables(workspace):
        state = lake.state(spec.id)
        for path, seen in state.watermark.inputs.items() if state and state.watermark else ():
            place, _, source = path.rstrip("]").partition("[")
            if place == str(VERDICTS.id) and source and decided.get(source, NEVER)[1] < seen[1]:
                # What was decided cannot be told from what is left: all rows of the source are placed anew.
                found.setdefault(spec, set()).add(layout.raw(source).path)
            elif not source and _has_gone_back(lake, path, seen):
                found.setdefault(spec, set()).add(path)
    return found


def _has_gone_back(lake: Lake, path: str, seen: tuple[str, int]) -> bool:
    state = lake.state(TableId.at(path))
    return state is not None and state.table_id == seen[0] and state.content < seen[1]


def unkept(workspace: Workspace) -> list[Problem]:
    """Listed batches whose original is not kept whole, and originals of no listed batch; told once all was taken.

    By their sizes: `huiliu backfill` reads the bytes. On S3 what was kept stays.
    """
    lake = workspace.lake
    if lake.root.is_s3:
        return []
    folder = lake.root.path / "raw/_files"
    there = {file.name: file.stat() for file in os.scandir(folder)} if folder.is_dir() else {}
    listed = [entry for entry in listed_batches(lake) if entry.sha256]
    names = {entry.batch: kept_name(str(entry.sha256), entry.file).rpartition("/")[2] for entry in listed}
    problems = [
        Problem(
            file=entry.file,
            what=f"the original of batch {entry.batch} is not kept whole in {folder / names[entry.batch]}",
            todo="restore it from a backup, or put the same file into the landing folder again",
        )
        for entry in listed
        if names[entry.batch] not in there or there[names[entry.batch]].st_size != entry.bytes
    ]
    settled = time.time() - UNSAFE  # what is younger may be another writer's who is about to list it
    hashes = {entry.sha256 for entry in listed}
    strays = sorted(
        name
        for name, state in there.items()
        if not name.endswith(".part") and name.partition(".")[0] not in hashes and state.st_mtime < settled
    )
    return problems + [
        Problem(
            file=str(folder / name),
            what="is the original of a delivery that the list of batches does not have, and nothing else says whose",
            todo="copy it to landing/<source>/ of the source that sent it; or remove it where it is of none",
        )
        for name in strays
    ]
