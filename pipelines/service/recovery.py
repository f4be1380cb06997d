"""Recovery of pushed rows: what the database has answered for is compared with what the lake holds."""

from __future__ import annotations

import datetime
import os
import shutil
import time
from typing import Any

from pipelines.database import segments
from pipelines.database.connection import Database
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem
from pipelines.settings import PEOPLE_TIME, Settings
from pipelines.steps import recovery
from pipelines.steps.originals import kept_name, trusted_original
from pipelines.storage.durable import make_folder, sync, sync_folders
from pipelines.tables.specs import BATCHES


def recover(workspace: Workspace) -> list[Problem]:
    """As the steps' own recovery; and pushed rows that the lake does not list are put into the landing folder again.

    Those of which no original is kept are named: the keys of their requests still answer that they were accepted.
    """
    problems = recovery.recover(workspace)
    with Database.of(workspace.settings) as database:
        if not database.exists():
            return problems
        delivered = segments.delivered(database)
        listed = _listed(workspace) if delivered else set()
        lost = [
            segment
            for segment in delivered
            if (segment["source"], segment["sha256"]) not in listed
            and not (workspace.settings.landing / segment["source"] / segment["file"]).exists()
            and not _delivered_again(workspace, segment)
        ]
        with database.transaction() as connection:
            return problems + [
                _loss(segment, segments.receipt_times(connection, segment["number"])) for segment in lost
            ]


def _listed(workspace: Workspace) -> set[tuple[str, str]]:
    batches = workspace.lake.read(BATCHES)
    pushed = batches.filter(batches.file.startswith("push-"))
    return {(row["source"], row["sha256"]) for row in workspace.lake.engine.rows(pushed.select("source", "sha256"))}


def _delivered_again(workspace: Workspace, segment: dict[str, Any]) -> bool:
    """Copy a segment's kept original into the landing folder, whole or not at all; False where none is kept."""
    settings: Settings = workspace.settings
    folder = settings.landing / segment["source"]
    name = kept_name(segment["sha256"], segment["file"])
    with trusted_original(workspace.lake, name, segment["sha256"]) as kept:
        if kept is None:
            return False
        make_folder(folder)
        part = folder / f".{segment['file']}.part"
        shutil.copyfile(kept, part)
        sync(part)
        settled = time.time() - settings.settle - 1
        os.utime(part, (settled, settled))
        part.replace(folder / segment["file"])
        sync_folders([folder], settings.landing)
    return True


def _loss(segment: dict[str, Any], received: tuple[float, float]) -> Problem:
    first, last = (datetime.datetime.fromtimestamp(at, PEOPLE_TIME).strftime("%Y-%m-%d %H:%M:%S") for at in received)
    return Problem(
        file=f"{segment['source']}/{segment['file']}",
        what=f"{segment['rows']} rows that {segment['agency']} pushed from {first} to {last} were accepted and are not "
        "in the lake, as where the lake is an older copy than the database",
        todo="restore lake and database from the same backup (docs/operating.md), or ask the agency to push these rows "
        "again under new keys: the former ones still answer that they were accepted",
    )
