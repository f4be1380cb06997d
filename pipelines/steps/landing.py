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
from dataclasses import dataclass
from pathlib import Path

from pipelines import clock
from pipelines.declarations.contract import Contract, SourceTable
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem, looks_temporary, shown_name
from pipelines.readers.header import cut
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


@dataclass(frozen=True)
class Lying:
    """Something in a source's landing folder; `agency` where it lies in the folder of a provider inside that."""

    path: Path
    agency: str | None = None

    @property
    def shown(self) -> str:
        name = shown_name(self.path)
        return f"{self.agency}/{name}" if self.agency else name


def lying_for(landing: Path, contract: Contract) -> tuple[list[Lying], list[Problem]]:
    """What lies in a source's folder and in those of its providers, in order; which of these could not be opened."""
    paths, unopened_folder = lying_in(landing / contract.name)
    found, problems = list[Lying](), [unopened_folder] if unopened_folder else []
    for path in paths:
        if path.name in contract.providers and _is_folder(path):
            inside, unopened_folder = lying_in(path)
            found += [Lying(file, path.name) for file in inside]
            problems += [unopened_folder] if unopened_folder else []
        else:
            found.append(Lying(path))
    return found, problems


def _is_folder(path: Path) -> bool:
    """Whether it is a folder itself; what cannot be looked at is told where files are."""
    try:
        return path.is_dir() and not path.is_symlink()
    except OSError:
        return False


def ready_files(settings: Settings, contract: Contract) -> Iterator[tuple[Lying, os.stat_result]]:
    """The files of a source's landing folder that a run would look into: none outside, temporary or unsettled."""
    return ((lying, state) for lying, state, seconds in _deliveries(settings, contract) if not seconds)


def unsettled_files(settings: Settings, contract: Contract) -> dict[str, float]:
    """The files of a source's landing folder that are too young to be taken, each with the seconds that it waits."""
    return {lying.shown: seconds for lying, _, seconds in _deliveries(settings, contract) if seconds}


def _deliveries(settings: Settings, contract: Contract) -> Iterator[tuple[Lying, os.stat_result, float]]:
    for lying in lying_for(settings.landing, contract)[0]:
        with contextlib.suppress(OSError):  # taken away meanwhile, or not for this account: a run tells it
            if not (looks_temporary(lying.path) or no_delivery(lying, settings.landing, contract)):
                state = lying.path.stat()
                yield lying, state, settles_in(state, settings.settle)


def delivered_bytes(settings: Settings, contract: Contract) -> int:
    """How much lies in a source's landing folder, whether it can be taken or is known already; for an order of work."""
    found = 0
    for lying in lying_for(settings.landing, contract)[0]:
        with contextlib.suppress(OSError):  # taken away meanwhile
            found += lying.path.stat().st_size
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


def no_delivery(lying: Lying, landing: Path, contract: Contract) -> Problem | None:
    """Why what lies in a source's folder is no file that can be taken; raises OSError where that cannot be seen."""
    path, todo = lying.path, "deliver the file itself instead of a link to it"
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        if not path.is_symlink():
            raise
        return Problem(lying.shown, "is a link that leads nowhere, so it is not read", todo)
    if not target.is_relative_to(landing.resolve()):
        return Problem(lying.shown, "is a link that leads out of the landing folder, so it is not read", todo)
    if target.is_dir():
        return _no_provider(lying, contract)
    if not target.is_file():
        return Problem(lying.shown, "is no regular file, so it is not read", "remove it, and deliver a file")
    return None


def _no_provider(lying: Lying, contract: Contract) -> Problem:
    if lying.agency:
        what = "is a folder inside an agency's folder, so the files in it are left where they are"
        return Problem(lying.shown, what, "move its files up into the agency's folder")
    return Problem(
        file=lying.shown,
        what=f"is a folder inside a source's folder and named like no provider of {contract.name}, so the files in it "
        "are left where they are",
        todo=f"name it like the agency that delivers ({cut(', '.join(contract.providers))}), add that agency to the "
        "contract's `providers`, or move its files up into the source's folder",
    )


def beside_table(file: str, table: SourceTable) -> Problem:
    """That a file lies where none is expected, since the source's rows come from a table."""
    return Problem(
        file=file,
        what=f"the source's rows come from the table {table.name}, so the file is left where it is",
        todo="remove it, or take `table` out of the contract where files are delivered instead",
    )


def time_of_receipt(lake: Lake) -> datetime.datetime:
    """Now, and after all that any source has delivered before: what counts last is told by when it came."""
    with lake.lock:
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


def landed_at(folder: Path, file: str, agency: str | None) -> Path:
    """Where in a source's folder a file lies: what an agency delivered may lie in its own folder there."""
    own = folder / agency / file if agency else folder / file
    return own if os.path.lexists(own) else folder / file


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
