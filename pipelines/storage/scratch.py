"""Folders for what a process puts aside while it works, in the system's temporary folder (`TMPDIR`)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from pipelines.errors import UNHARMED, MachineError

PREFIX = "huiliu-"
LOCK = ".huiliu-scratch"
JUST_MADE = 60.0  # seconds: a folder that is as young may be about to be locked


class Scratch(tempfile.TemporaryDirectory[str]):
    """A folder that is gone when it is closed; one that a killed process left is removed by whoever makes the next.

    Its process holds a lock on a file in it, which ends with the process however that ends.
    """

    def __init__(self, purpose: str = "") -> None:
        remove_left_behind(scratch_folder())
        super().__init__(prefix=f"{PREFIX}{purpose}", ignore_cleanup_errors=True)
        self.path = Path(self.name)
        self._lock = (self.path / LOCK).open("wb")
        with contextlib.suppress(OSError):  # a file system without locks: nobody can take it for left behind either
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        self.cleanup()
        self._lock.close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def scratch_folder() -> Path:
    """The system's temporary folder; raises MachineError where `TMPDIR` names one that cannot be written.

    Python would take another one then, and without a word fill a disk that nobody chose.
    """
    folder = os.environ.get("TMPDIR")
    with contextlib.suppress(OSError):  # no folder can be written, or the one that was said is not there
        found = Path(tempfile.gettempdir())
        if not folder or found.samefile(folder):
            return found
    raise MachineError(
        f"the folder of scratch files {folder or '/tmp'} (TMPDIR) cannot be written",
        "let this account write there and give it space, or set TMPDIR to another folder",
        2,
        UNHARMED,
    )


def remove_left_behind(folder: Path) -> None:
    """Remove the scratch folders in `folder` whose processes are no more; what others may not touch stays."""
    for lock in folder.glob(f"{PREFIX}*/{LOCK}"):
        with contextlib.suppress(OSError), lock.open("rb") as held:
            if time.time() - lock.stat().st_mtime > JUST_MADE:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
