"""Ingest: files of a source's landing folder into raw, each file once, known by its hash."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT
from pipelines.lake.specs import BATCHES, raw_spec
from pipelines.readers import Delivery, Problem, UnreadableFile, looks_temporary, open_delivery, shown_name
from pipelines.settings import Settings
from pipelines.steps.workspace import Workspace

CHUNK = 4 * 1024 * 1024


@dataclass
class Ingested:
    """What ingest did for one source."""

    source: str
    new: int = 0
    known: int = 0
    waiting: list[str] = field(default_factory=list)
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


def ingest(workspace: Workspace, contract: Contract) -> Ingested:
    """Take every settled file of `landing/<source>` into raw, keep its bytes in `raw/_files/<sha256>`.

    A file that cannot be read becomes a batch without rows that says why; the others go on.
    """
    done = Ingested(contract.name)
    folder = workspace.settings.landing / contract.name
    known = _known_batches(workspace, contract)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if looks_temporary(path):
            continue
        if refused := _no_delivery(path, workspace.settings.landing):
            done.problems.append(refused)
            continue
        try:
            state = path.stat()
            sha256 = file_hash(path) if _settled(state, workspace.settings.settle) else None
        except OSError as error:
            done.problems.append(_unopened(path, error))
            continue
        batch = f"{contract.name}-{(sha256 or '')[:16]}"
        if batch in known:
            done.known += 1
        elif sha256 and (kept := _keep_original(workspace, path, sha256, state)):
            _ingest_file(workspace, contract, _Original(shown_name(path), kept, sha256), batch, done)
            known.add(batch)
        else:
            done.waiting.append(shown_name(path))
    return done


def ready_files(settings: Settings, source: str) -> Iterator[Path]:
    """The files of a source's landing folder that a run would look into: none outside, temporary or unsettled."""
    folder = settings.landing / source
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        left_alone = looks_temporary(path) or _no_delivery(path, settings.landing)
        if not left_alone and _settled(path.stat(), settings.settle):
            yield path


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
                    todo=f"draft a contract with `huiliu source draft {name}/FILE`, or move the files to the "
                    "folder of the source they belong to",
                )
            )
    return found


@dataclass(frozen=True)
class _Original:
    """A delivered file: the name it came under, its copy in the lake, and its hash."""

    name: str
    kept: Path
    sha256: str


def _ingest_file(workspace: Workspace, contract: Contract, original: _Original, batch: str, done: Ingested) -> None:
    received_at = datetime.datetime.now(datetime.UTC)
    described: dict[str, object] = {"format": None, "encoding": None, "delimiter": None, "header": None}
    counter = _Counter()
    problems: list[Problem] = []
    readable = True
    try:
        delivery = open_delivery(original.kept, contract)
        described = {name: getattr(delivery, name) for name in described}
        rows = _stamped(delivery.batches(), batch, received_at, counter)
        if not _append(workspace, contract, delivery, rows, batch):
            for _ in rows:  # read again for what is wrong with the file: a crash lost what had been noticed
                pass
            counter.rows = _rows_in_raw(workspace, contract, batch)
        problems = [problem.renamed(original.name) for problem in delivery.problems]
        if not counter.rows:
            problems.append(_without_rows(original.name))
    except UnreadableFile as error:
        readable, problems = False, [error.problem.renamed(original.name)]
    done.new += 1
    done.rows += counter.rows if readable else 0
    done.problems += problems
    entry = {
        "batch": batch,
        "source": contract.name,
        "file": original.name,
        "sha256": original.sha256,
        "bytes": original.kept.stat().st_size,
        "received_at": received_at,
        **described,
        "rows": counter.rows if readable else 0,
        "readable": readable,
        "problems": [str(problem) for problem in problems],
    }
    workspace.lake.append_rows(BATCHES, [entry], once=batch)


@dataclass
class _Counter:
    rows: int = 0


def _stamped(
    reader: pa.RecordBatchReader, batch: str, received_at: datetime.datetime, counter: _Counter
) -> pa.RecordBatchReader:
    """The same rows, each with its batch and the time at which it was received."""
    timestamp = pa.timestamp("us", "UTC")
    schema = pa.schema([pa.field(BATCH, pa.string()), pa.field(RECEIVED_AT, timestamp), *reader.schema])

    def stamped() -> Iterator[pa.RecordBatch]:
        for rows in reader:
            counter.rows += rows.num_rows
            stamps = [pa.repeat(batch, rows.num_rows), pa.repeat(pa.scalar(received_at, timestamp), rows.num_rows)]
            yield pa.RecordBatch.from_arrays([*stamps, *rows.columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, stamped())


def _keep_original(workspace: Workspace, path: Path, sha256: str, state: os.stat_result) -> Path | None:
    """A byte-for-byte copy under the file's hash: the evidence that raw's cells can be checked against.

    None where the file has changed since it was in `state`: the copy might not be what was hashed.
    """
    suffix = Path(shown_name(path)).suffix.lower()
    kept = workspace.lake.root / "raw" / "_files" / f"{sha256}{suffix}"
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(kept.name + ".part")
    shutil.copyfile(path, partial)
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
        partial.unlink()
        return None
    os.replace(partial, kept)
    return kept


def _known_batches(workspace: Workspace, contract: Contract) -> set[str]:
    batches = workspace.lake.read(BATCHES)
    mine = batches.filter(batches.source == contract.name).select("batch")
    return {row["batch"] for row in workspace.lake.engine.rows(mine)}


def _append(
    workspace: Workspace, contract: Contract, delivery: Delivery, rows: pa.RecordBatchReader, batch: str
) -> bool:
    """Append to raw; what made a file unreadable in its middle reaches delta-rs first and comes back as its error."""
    try:
        return workspace.lake.append(raw_spec(workspace.catalog, contract), rows, once=batch)
    except Exception:
        if delivery.failure:
            raise delivery.failure from None
        raise


def _rows_in_raw(workspace: Workspace, contract: Contract, batch: str) -> int:
    """Rows of a batch whose raw commit survived a crash that its entry in `quality/batch` did not."""
    stored = workspace.lake.read(raw_spec(workspace.catalog, contract))
    return int(workspace.lake.engine.scalar(stored.filter(stored[BATCH] == batch).count()))


def _no_delivery(path: Path, landing: Path) -> Problem | None:
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


def _unopened(path: Path, error: OSError) -> Problem:
    return Problem(
        file=shown_name(path),
        what=f"could not be opened ({error.strerror}), so it is left where it is",
        todo="let the account under which huiliu runs read it",
    )


def _without_rows(file: str) -> Problem:
    return Problem(
        file=file,
        what="the file has a header and no rows",
        todo="export it again with its rows; where there was nothing to report, reject the batch",
    )


def _settled(state: os.stat_result, seconds: float) -> bool:
    """Whether a file has not been changed within the settle time, so that nobody is still writing it.

    A time far in the future is a sender's wrong clock, and no sign of writing.
    """
    return abs(time.time() - state.st_mtime) >= seconds


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes: by it a delivery is known."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
