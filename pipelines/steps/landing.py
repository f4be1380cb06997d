"""What lies in the landing folders: which files can be taken as they are, and what is wrong with the others."""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines import clock
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem, looks_temporary, shown_name
from pipelines.settings import Settings
from pipelines.tables.specs import BATCHES

READ_IT = "let the account under which huiliu runs read it"
PUSHED = re.compile(r"push-\d+-[0-9a-f]{8}\.jsonl")


def lying_in(folder: Path) -> tuple[list[Path], Problem | None]:
    """What lies in a folder, in order, and why it cannot be looked into; a folder that is not there is an empty one."""
    try:
        return sorted(folder.iterdir()), None
    except (FileNotFoundError, NotADirectoryError):  # a mount that comes and goes looks like this for moments
        return [], None
    except OSError as error:
        what = f"the folder could not be opened ({error.strerror}), so nothing is taken from it"
        return [], Problem(f"{shown_name(folder)}/", what, READ_IT)


def ready_files(settings: Settings, source: str) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a source's landing folder that a run would look into: none outside, temporary or unsettled."""
    return ((path, state) for path, state, seconds in _deliveries(settings, source) if not seconds)


def unsettled_files(settings: Settings, source: str) -> dict[Path, float]:
    """The files of a source's landing folder that are too young to be taken, each with the seconds that it waits."""
    return {path: seconds for path, _, seconds in _deliveries(settings, source) if seconds}


def _deliveries(settings: Settings, source: str) -> Iterator[tuple[Path, os.stat_result, float]]:
    for path in lying_in(settings.landing / source)[0]:
        with contextlib.suppress(OSError):  # taken away meanwhile, or not for this account: a run tells it
            if not (looks_temporary(path) or no_delivery(path, settings.landing)):
                state = path.stat()
                yield path, state, settles_in(state, settings.settle)


def delivered_bytes(settings: Settings, source: str) -> int:
    """How much lies in a source's landing folder, whether it can be taken or is known already; for an order of work."""
    found = 0
    for path in lying_in(settings.landing / source)[0]:
        with contextlib.suppress(OSError):  # taken away meanwhile
            found += path.stat().st_size
    return found


def undeclared_sources(workspace: Workspace) -> list[Problem]:
    """Landing folders and files that belong to no contract, or that cannot be looked into."""
    paths, unopened_landing = lying_in(workspace.settings.landing)
    found = [unopened_landing] if unopened_landing else []
    for path in paths:
        try:
            problem = None if looks_temporary(path) else _undeclared(workspace, path)
        except OSError as error:
            problem = unopened(path, error)
        found += [problem] if problem else []
    return found


def _undeclared(workspace: Workspace, path: Path) -> Problem | None:
    name = shown_name(path)
    if not path.is_dir():
        if not os.path.lexists(path):  # taken away meanwhile
            return None
        return Problem(
            file=name,
            what="lies in the landing folder itself, not in a source's folder, so it is left where it is",
            todo="move it to landing/<source>/",
        )
    if path.name in workspace.catalog.contracts:
        return None  # ingest looks into it
    inside, unopened_folder = lying_in(path)
    if unopened_folder or not inside:
        return unopened_folder
    return Problem(
        file=f"{name}/",
        what="no source of this name is declared, so its files are left where they are",
        todo=f"draft a contract with `huiliu source draft {shlex.quote(str(inside[0]))}`, or move the files to the "
        "folder of the source they belong to",
    )


def no_delivery(path: Path, landing: Path) -> Problem | None:
    """Why what lies in a source's folder is no file that can be taken; raises OSError where that cannot be seen."""
    todo = "deliver the file itself instead of a link to it"
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        if not path.is_symlink():
            raise
        return Problem(shown_name(path), "is a link that leads nowhere, so it is not read", todo)
    if not target.is_relative_to(landing.resolve()):
        return Problem(shown_name(path), "is a link that leads out of the landing folder, so it is not read", todo)
    if target.is_dir():
        what = "is a folder inside a source's folder, so the files in it are left where they are"
        return Problem(shown_name(path), what, "move its files up into the source's folder")
    if not target.is_file():
        return Problem(shown_name(path), "is no regular file, so it is not read", "remove it, and deliver a file")
    return None


def time_of_receipt(lake: Lake) -> datetime.datetime:
    """Now, and after all that any source has delivered before: what counts last is told by when it came."""
    with lake.alone:
        return clock.after(lake.engine.scalar(lake.read(BATCHES).received_at.max()))


def unopened(path: Path, error: OSError) -> Problem:
    """That a file is there and cannot be read by this account, or is there no more."""
    if isinstance(error, FileNotFoundError):
        return Problem(
            file=shown_name(path),
            what="was taken away while it was looked at, so nothing of it was taken",
            todo="deliver it again if it is to be taken, and leave it until it was",
        )
    return Problem(
        file=shown_name(path),
        what=f"could not be opened ({error.strerror or type(error).__name__}), so it is left where it is",
        todo="give it a shorter name" if error.errno == errno.ENAMETOOLONG else READ_IT,
    )


def settled(state: os.stat_result, seconds: float) -> bool:
    """Whether a file has not been changed within the settle time, so that nobody is still writing it."""
    return not settles_in(state, seconds)


def settles_in(state: os.stat_result, seconds: float) -> float:
    """How many seconds are left until a file has not been changed for the settle time; 0 where it has not.

    A time far in the future is a sender's wrong clock, and no sign of writing.
    """
    age = time.time() - state.st_mtime
    return 0.0 if abs(age) >= seconds else seconds - age


def is_pushed(path: Path) -> bool:
    """Whether a file holds rows that were pushed: it was made for ingest and is of no use once the lake keeps it."""
    return PUSHED.fullmatch(path.name) is not None


def batch_of(source: str, sha256: str) -> str:
    """The batch that a delivered file becomes, by its content."""
    return f"{source}-{sha256[:16]}"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes: by it a delivery is known."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
