"""What lies in the landing folders: which files can be taken as they are, and what is wrong with the others."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines.lake import clock
from pipelines.lake.lake import Lake
from pipelines.lake.specs import BATCHES
from pipelines.readers import Problem, looks_temporary, shown_name
from pipelines.settings import Settings
from pipelines.steps.workspace import Workspace

PUSHED = re.compile(r"push-\d+-[0-9a-f]{8}\.jsonl")


def ready_files(settings: Settings, source: str) -> Iterator[Path]:
    """The files of a source's landing folder that a run would look into: none outside, temporary or unsettled."""
    return (path for path, seconds in _deliveries(settings, source) if not seconds)


def unsettled_files(settings: Settings, source: str) -> dict[Path, float]:
    """The files of a source's landing folder that are too young to be taken, each with the seconds that it waits."""
    return {path: seconds for path, seconds in _deliveries(settings, source) if seconds}


def _deliveries(settings: Settings, source: str) -> Iterator[tuple[Path, float]]:
    folder = settings.landing / source
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        with contextlib.suppress(OSError):  # taken away meanwhile
            if not (looks_temporary(path) or no_delivery(path, settings.landing)):
                yield path, settles_in(path.stat(), settings.settle)


def delivered_bytes(settings: Settings, source: str) -> int:
    """How much lies in a source's landing folder, whether it can be taken or is known already; for an order of work."""
    folder, found = settings.landing / source, 0
    for path in folder.iterdir() if folder.is_dir() else []:
        with contextlib.suppress(OSError):  # taken away meanwhile
            found += path.stat().st_size
    return found


def undeclared_sources(workspace: Workspace) -> list[Problem]:
    """Landing folders and files that belong to no contract."""
    landing = workspace.settings.landing
    found = []
    for path in sorted(landing.iterdir()) if landing.is_dir() else []:
        if looks_temporary(path) or (path.name in workspace.catalog.contracts and path.is_dir()):
            continue
        name = shown_name(path)
        if not path.is_dir():
            found.append(
                Problem(
                    file=name,
                    what="lies in the landing folder itself, not in a source's folder, so it is left where it is",
                    todo="move it to landing/<source>/",
                )
            )
        elif any(path.iterdir()):
            found.append(
                Problem(
                    file=f"{name}/",
                    what="no source of this name is declared, so its files are left where they are",
                    todo=f"draft a contract with `huiliu source draft {shlex.quote(str(min(path.iterdir())))}`, "
                    "or move the files to the folder of the source they belong to",
                )
            )
    return found


def no_delivery(path: Path, landing: Path) -> Problem | None:
    """Why what lies in a source's folder is no file that can be taken."""
    todo = "deliver the file itself instead of a link to it"
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return Problem(shown_name(path), "is a link that leads nowhere, so it is not read", todo)
    if not target.is_relative_to(landing.resolve()):
        return Problem(shown_name(path), "is a link that leads out of the landing folder, so it is not read", todo)
    if target.is_dir():
        what = "is a folder inside a source's folder, so the files in it are left where they are"
        return Problem(shown_name(path), what, "move its files up into the source's folder")
    if not target.is_file():
        return Problem(shown_name(path), "is no regular file, so it is not read", "remove it, and deliver a file")
    return None


def time_of_receipt(lake: Lake, source: str) -> datetime.datetime:
    """Now, and after all that the source has delivered before: its deliveries are told apart by when they came."""
    with lake.alone:
        batches = lake.read(BATCHES)
        return clock.after(lake.engine.scalar(batches.filter(batches.source == source).received_at.max()))


def unopened(path: Path, error: OSError) -> Problem:
    """That a file is there and cannot be read by this account."""
    return Problem(
        file=shown_name(path),
        what=f"could not be opened ({error.strerror}), so it is left where it is",
        todo="let the account under which huiliu runs read it",
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


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes: by it a delivery is known."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
