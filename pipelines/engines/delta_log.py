"""What the files of a table's log tell without being read: whether they are those of before.

The file system is believed as far as it is by whoever saves files: a file that was written, replaced, moved or restored
since is another one, or of another time or size.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.storage.store import LOG, S3

SECOND = 1_000_000_000  # nanoseconds
LONGEST = 300  # files of a log: to look at more takes longer than to open it

Entry = tuple[int, int]


@dataclass(frozen=True)
class LogFiles:
    """All files of a log by their names, and a `digest` that is another one once any of them is."""

    digest: str
    files: Mapping[str, Entry]

    def stamp(self, version: int) -> Entry | None:
        """As `log_stamp` says it, of when these files were looked at."""
        return None if _name(version + 1) in self.files else self.files.get(_name(version))


def _name(version: int) -> str:
    return f"{version:020d}.json"


def entry(uri: str, version: int) -> Entry | None:
    """The file of a version's log entry; None where there is none to look at."""
    if uri.startswith(S3):
        return None
    try:
        found = os.stat(Path(uri, LOG, _name(version)))
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def log_stamp(uri: str, version: int) -> Entry | None:
    """What stays the same until a table of files is committed to again, or is another one; None where it cannot tell.

    Some microseconds, where opening a table takes milliseconds.
    """
    found = entry(uri, version)
    is_newest = found and not Path(uri, LOG, _name(version + 1)).exists()
    return found if is_newest else None


def log_files(uri: str) -> LogFiles | None:
    """The files of the log of the table at `uri`; None where there are none or too many, or they cannot be told
    from others.

    The time at which the system noted a change of a file cannot be set by anybody; where it is kept in whole seconds,
    a file may be another one within the same.
    """
    if uri.startswith(S3):
        return None
    try:
        with os.scandir(Path(uri, LOG)) as listed:
            found = sorted((file.name, file.stat()) for file in itertools.islice(listed, LONGEST + 1))
    except OSError:
        return None
    if len(found) > LONGEST or any(not state.st_ctime_ns % SECOND for _, state in found):
        return None
    marks = [(name, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns) for name, state in found]
    files = {name: (state.st_ino, state.st_mtime_ns) for name, state in found}
    return LogFiles(hashlib.sha256(repr(marks).encode()).hexdigest(), files)
