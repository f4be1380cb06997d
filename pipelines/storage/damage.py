"""What an error says of the lake's own files, the disk and the memory: where it is, and what to do about it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from pipelines.errors import UNHARMED, DamageError, LakeError, MachineError

DATA_FILE = re.compile(r"(?P<table>[^\s'\"]+)/(?P<file>[^\s'\"/]+\.parquet)")
LAYER = re.compile(r"(?:^|/)(raw|standard|withdrawn|alias|quarantine|foundation|theme|returns|quality)/")
FULL = re.compile(r"No space left on device|StorageFull|[Dd]isk quota exceeded|max_temp_directory_size")
TOO_SMALL = re.compile(r"Out of Memory Error|OutOfMemoryException|memory limit|malloc of size|Resources exhausted")
MISSING = re.compile(r"No such file|not found|NotFound|Failed to fetch metadata|does not exist")
BROKEN = re.compile(r"Invalid Input|[Pp]arquet|Thrift|TProtocol|Snappy|[Dd]ecompress|magic bytes|EOF")


def lake_failure(error: BaseException) -> LakeError | None:
    """An error of the lake's files, the disk or the memory as people are told it; None where it is something else.

    Its text may hold values: only names of files are taken from it.
    """
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, DamageError | MachineError):
            return cause
    text = "\n".join(f"{type(cause).__name__}: {cause}" for cause in chain)
    if FULL.search(text) or any(isinstance(cause, OSError) and cause.errno == errno.ENOSPC for cause in chain):
        return MachineError(
            "a disk is full: that of the lake, of its database or of scratch files (TMPDIR)",
            "free some space or give it more, and run again; `huiliu doctor` shows which disk it is",
            after=UNHARMED,
        )
    if TOO_SMALL.search(text) or any(isinstance(cause, MemoryError) for cause in chain):
        return MachineError(
            "the memory that this process may have is too small for what it computes",
            "give it more (HUILIU_MEMORY, and the machine or its container at least as much), and run again",
            after=UNHARMED,
        )
    if (found := DATA_FILE.search(text)) and LAYER.search(f"{found['table']}/"):
        what = "is missing" if MISSING.search(text) else "cannot be read" if BROKEN.search(text) else ""
        if what:
            return damaged(found["table"], f"its file {found['file']} {what}")
    return None


def damaged(table: str, what: str) -> DamageError:
    """That something is wrong with the files of the table at `table`."""
    return DamageError(table, what, f"{way_back(table)}. `huiliu doctor --deep` looks at every file")


def way_back(table: str) -> str:
    """How a table that lies at `table` is made whole."""
    layers = LAYER.findall(f"{table}/")
    if layers and layers[-1] in ("raw", "quality"):
        return "bring the table's folder back as it was in the last backup: nothing else in the lake holds its rows"
    return (
        "bring the table's folder back as it was in the last backup, or move it away and run again: it is computed "
        "anew from raw"
    )


def log_damage(uri: str, error: Exception) -> DamageError:
    """That a table's log cannot be read, by delta-rs's words for it."""
    text = str(error)
    if gap := re.search(r"Gap between \D*(\d+)\D+(\d+)", text):
        first, last = int(gap[1]) + 1, int(gap[2]) - 1
        return damaged(uri, f"its log has lost what stood between versions {first - 1} and {last + 1} (_delta_log)")
    if "found gap" in text:
        return damaged(uri, "its log has lost an entry (_delta_log/*.json)")
    if "heckpoint" in text or "footer" in text or "parquet" in text.lower():
        return damaged(uri, "the checkpoint of its log is missing or broken (_delta_log/*.checkpoint.parquet)")
    if "Json" in text or "json" in text:
        return damaged(uri, "an entry of its log is no JSON (_delta_log/*.json)")
    return damaged(uri, f"its log cannot be read ({type(error).__name__})")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
