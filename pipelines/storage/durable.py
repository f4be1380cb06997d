"""Files of this machine made to outlast a power cut: they and the folders that name them, written through to the disk.

delta-rs and Spark leave that to the system, which takes its time: until then a cut may leave a file empty or away.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

LOG = "_delta_log"
# A folder that may be written and not read, and file systems that know no such thing for folders.
CANNOT = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)
UNSAFE = 600.0  # seconds in which a system surely writes by itself what it was given; half a minute is usual


def sync(path: Path) -> None:
    """Write a file or a folder through to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_folders(folders: Iterable[Path], top: Path) -> None:
    """Write folders through to the disk, innermost first, each with those that it lies in up to `top`."""
    way = {parent for folder in folders for parent in (folder, *folder.parents) if parent.is_relative_to(top)}
    for folder in sorted(way, key=lambda place: (-len(place.parts), place)):
        try:
            sync(folder)
        except OSError as error:
            if error.errno not in CANNOT:
                raise


def make_folder(folder: Path) -> None:
    """Make a folder and those that it lies in; those that were missing are there after a power cut too."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    if missing:
        sync_folders([folder], missing[-1].parent)


def sync_table(table: Path, top: Path, after: int = -1) -> int:
    """Write what was committed to a Delta table after version `after` through to the disk; the newest version then.

    Data and change files come before the log entries that name them, and folders up to `top` last. What is so old that
    the system has written it by itself is passed over.
    """
    log = table / LOG
    newest, entries = after, list(_entries_after(log, after))
    if not entries and not _entry(log, after).exists():  # none yet, or another table now
        entries = list(reversed(list(_newest_entries(log, time.time()))))
        newest = -1
    folders = {log} if entries else set()
    for _, entry in entries:
        for file, _ in named_files(entry):
            with contextlib.suppress(FileNotFoundError):  # removed since, because a later version needs it no more
                sync(table / file)
                folders.add((table / file).parent)
    for _, entry in entries:
        sync(entry)
    sync_folders(folders, top)
    return max((version for version, _ in entries), default=newest)


def _entry(log: Path, version: int) -> Path:
    return log / f"{version:020d}.json"


def _entries_after(log: Path, version: int) -> Iterator[tuple[int, Path]]:
    """Log entries that follow upon a version, which is in the log: a log may hold very many, so it is not listed."""
    if version < 0 or not _entry(log, version).exists():
        return
    while (entry := _entry(log, version := version + 1)).exists():
        yield version, entry


def _newest_entries(log: Path, moment: float) -> Iterator[tuple[int, Path]]:
    """Log entries by version, newest first, that were written in the unsafe time before `moment` (since 1970)."""
    versions = sorted((int(entry.stem) for entry in log.glob("*.json") if entry.stem.isdigit()), reverse=True)
    for version in versions:
        entry = _entry(log, version)
        if moment - entry.stat().st_mtime > UNSAFE:
            return
        yield version, entry


def sync_checkpoints(table: Path) -> None:
    """Write a table's checkpoints through to the disk: they stand for log entries that are about to go."""
    log = table / LOG
    for file in (*log.glob("*.checkpoint*.parquet"), *log.glob("_last_checkpoint")):
        sync(file)
    sync_folders([log], log)


def undo_torn(table: Path) -> list[int]:
    """Undo the newest commits of a Delta table from the first on that a power cut left in pieces; their versions.

    What they held is still elsewhere: nothing else goes before a commit is written through. A checkpoint that is in
    pieces goes too, since the log holds the same.
    """
    torn = torn_versions(table)
    log = table / LOG
    for version in reversed(torn):  # the newest first, so that a log never has a gap
        # Spark's sums of what is gone would make it refuse the next entry of that number.
        for name in (f"{version:020d}.crc", f".{version:020d}.json.crc", f"{version:020d}.json"):
            (log / name).unlink(missing_ok=True)
    for checkpoint in log.glob("*.checkpoint*.parquet"):
        if not _is_whole(checkpoint) or (torn and int(checkpoint.name.partition(".")[0]) >= torn[0]):
            checkpoint.unlink()
            (log / "_last_checkpoint").unlink(missing_ok=True)
    if torn:
        sync_folders([log], log)
    return torn


def is_torn(table: Path) -> bool:
    """Whether a power cut has left a Delta table's newest commits or a checkpoint in pieces."""
    return bool(torn_versions(table)) or not all(map(_is_whole, (table / LOG).glob("*.checkpoint*.parquet")))


def torn_versions(table: Path) -> list[int]:
    """The newest versions of a table from the first on whose log entry or new files are not whole."""
    log = table / LOG
    last = max((entry for entry in log.glob("*.json") if entry.stem.isdigit()), default=None)
    if last is None:
        return []
    fresh = list(_newest_entries(log, last.stat().st_mtime))
    gone: set[str] = set()
    first = None
    for version, entry in fresh:
        try:
            gone |= _removed_files(entry)
            whole = all(_has(table / file, size, file in gone) for file, size in named_files(entry))
        except ValueError:
            whole = False
        first = first if whole else version
    return [] if first is None else sorted(version for version, _ in fresh if version >= first)


def _has(file: Path, size: int, may_be_gone: bool) -> bool:
    """Whether a file is as long as the log says. What is needed for the past alone may have been removed."""
    try:
        return file.stat().st_size == size
    except FileNotFoundError:
        return may_be_gone or "_change_data" in file.parts


def _removed_files(entry: Path) -> set[str]:
    actions = (json.loads(line) for line in entry.read_bytes().splitlines())
    return {unquote(action["remove"]["path"]) for action in actions if "remove" in action}


def _is_whole(parquet: Path) -> bool:
    with parquet.open("rb") as file:
        file.seek(max(0, parquet.stat().st_size - 4))
        return file.read() == b"PAR1"


def named_files(entry: Path) -> Iterator[tuple[str, int]]:
    """The files that a log entry brings, of rows and of changes: their places in the table and sizes in bytes.

    Raises ValueError where the entry is not whole.
    """
    lines = entry.read_bytes().splitlines()
    if not lines:
        raise ValueError(f"{entry.name} is empty")
    for line in lines:
        action = json.loads(line)
        if brought := action.get("add") or action.get("cdc"):
            yield unquote(brought["path"]), brought["size"]
