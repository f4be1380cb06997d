"""Folders that a command is about to write, looked at before any work is done for them."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import UNHARMED, LakeError

FULL = (errno.ENOSPC, errno.EDQUOT)


class FolderError(LakeError):
    """A folder cannot be written."""

    kind = "folder"


def check_folder(folder: Path, what: str, todo: str) -> None:
    """Raises FolderError where no file could be made in a folder, or where it lies if it is still to be made.

    `what` the folder is for and `todo`, how to name another, are for people.
    """
    absolute = folder.absolute()
    there = next(parent for parent in (absolute, *absolute.parents) if parent.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix="_trial"):
            pass
    except OSError as error:
        raise _refused(absolute, there, error, what, todo) from None


@contextmanager
def writing(folder: Path, what: str, todo: str) -> Iterator[None]:
    """The same before and while a folder is written: raises FolderError for what the system refuses there."""
    check_folder(folder, what, todo)
    absolute = folder.absolute()
    try:
        yield
    except OSError as error:
        refused = Path(error.filename).absolute() if isinstance(error.filename, str) else None
        if error.errno in FULL or (refused and refused.is_relative_to(absolute)):
            raise _refused(absolute, refused or absolute, error, what, todo) from None
        raise


def _refused(folder: Path, there: Path, error: OSError, what: str, todo: str) -> FolderError:
    where = "" if there == folder else f" at {there}"
    return FolderError(
        f"{what} {folder} cannot be written: {error.strerror or type(error).__name__}{where}",
        f"{'free some space there' if error.errno in FULL else 'let this account write there'}, or {todo}",
        2,
        UNHARMED,
    )
