"""Files of this machine made to outlast a power cut: they and the folders that name them, written through to the disk.

delta-rs and Spark leave that to the system, which takes its time: until then a cut may leave a file empty or away.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

LOG = "_delta_log"
# A folder that may be written and not read, and file systems that know no such thing for folders.
CANNOT = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)


def sync(path: Path) -> None:
    """Write a file or a folder through to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_folders(folders: Iterable[Path], top: Path) -> None:
    """Write folders through to the disk, innermost first, each with those that it lies in up to `top`."""
    way = {one for folder in folders for one in (folder, *folder.parents) if one.is_relative_to(top)}
    for folder in sorted(way, key=lambda one: (-len(one.parts), one)):
        try:
            sync(folder)
        except OSError as error:
            if error.errno not in CANNOT:
                raise


def make_folder(folder: Path) -> None:
    """Make a folder and those that it lies in; those that were missing are there after a power cut too."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    if missing:
        sync_folders([folder], missing[-1].parent)


def sync_table(table: Path, top: Path, after: int = -1) -> int:
    """Write what was committed to a Delta table after version `after` through to the disk; the newest version then.

    Data and change files come before the log entries that name them, and folders up to `top` last.
    """
    log = table / LOG
    versions = {version: entry for entry in log.glob("*.json") if (version := version_of(entry)) is not None}
    newest = max(versions, default=-1)
    if newest < after:  # another table now
        after = -1
    entries = [versions[version] for version in sorted(versions) if version > after]
    folders = {log} if entries else set()
    for entry in entries:
        for file, _ in named_files(entry):
            with contextlib.suppress(FileNotFoundError):  # removed since, because a later version needs it no more
                sync(table / file)
                folders.add((table / file).parent)
    for entry in entries:
        sync(entry)
    sync_folders(folders, top)
    return newest


def sync_checkpoints(table: Path) -> None:
    """Write a table's checkpoints through to the disk: they stand for log entries that are about to go."""
    log = table / LOG
    for file in (*log.glob("*.checkpoint*.parquet"), *log.glob("_last_checkpoint")):
        sync(file)
    sync_folders([log], log)


def named_files(entry: Path) -> Iterator[tuple[str, int]]:
    """The files that a log entry brings, of rows and of changes: their places in the table and sizes in bytes.

    Raises ValueError where the entry is not whole.
    """
    for line in entry.read_bytes().splitlines():
        action = json.loads(line)
        if brought := action.get("add") or action.get("cdc"):
            yield unquote(brought["path"]), brought["size"]


def version_of(entry: Path) -> int | None:
    """The version of a log entry; None where the file is none."""
    return int(entry.stem) if entry.stem.isdigit() else None
