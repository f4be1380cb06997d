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
from pipelines.readers import Delivery, Problem, UnreadableFile, looks_temporary, open_delivery
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
        if outside := _outside(path, workspace.settings.landing):
            done.problems.append(outside)
            continue
        if looks_temporary(path) or path.is_dir():
            continue
        if not _settled(path, workspace.settings.settle):
            done.waiting.append(path.name)
            continue
        sha256 = file_hash(path)
        batch = f"{contract.name}-{sha256[:16]}"
        if batch in known:
            done.known += 1
            continue
        _ingest_file(workspace, contract, path, sha256, batch, done)
        known.add(batch)
    return done


def ready_files(settings: Settings, source: str) -> Iterator[Path]:
    """The files of a source's landing folder that a run would look into: none outside, temporary or unsettled."""
    folder = settings.landing / source
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        left_alone = _outside(path, settings.landing) or looks_temporary(path) or path.is_dir()
        if not left_alone and _settled(path, settings.settle):
            yield path


def undeclared_sources(workspace: Workspace) -> list[Problem]:
    """Landing folders and files that belong to no contract."""
    landing = workspace.settings.landing
    found = []
    for path in sorted(landing.iterdir()) if landing.is_dir() else []:
        if path.is_dir() and path.name not in workspace.catalog.contracts and any(path.iterdir()):
            found.append(
                Problem(
                    file=f"{path.name}/",
                    what="no source of this name is declared, so its files are left where they are",
                    todo=f"draft a contract with `huiliu source draft {path.name}/FILE`, or move the files to the "
                    "folder of the source they belong to",
                )
            )
        elif path.is_file() and not looks_temporary(path):
            found.append(
                Problem(
                    file=path.name,
                    what="lies in the landing folder itself, not in a source's folder, so it is left where it is",
                    todo="move it to landing/<source>/",
                )
            )
    return found


def _ingest_file(workspace: Workspace, contract: Contract, path: Path, sha256: str, batch: str, done: Ingested) -> None:
    received_at = datetime.datetime.now(datetime.UTC)
    kept = _keep_original(workspace, path, sha256)
    described: dict[str, object] = {"format": None, "encoding": None, "delimiter": None, "header": None}
    counter = _Counter()
    problems: list[Problem] = []
    readable = True
    try:
        delivery = open_delivery(kept, contract)
        described = {name: getattr(delivery, name) for name in described}
        rows = _stamped(delivery.batches(), batch, received_at, counter)
        if not _append(workspace, contract, delivery, rows, batch):
            counter.rows = _rows_in_raw(workspace, contract, batch)
        problems = [problem.renamed(path.name) for problem in delivery.problems]
    except UnreadableFile as error:
        readable, problems = False, [error.problem.renamed(path.name)]
    done.new += 1
    done.rows += counter.rows if readable else 0
    done.problems += problems
    entry = {
        "batch": batch,
        "source": contract.name,
        "file": path.name,
        "sha256": sha256,
        "bytes": path.stat().st_size,
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


def _keep_original(workspace: Workspace, path: Path, sha256: str) -> Path:
    """A byte-for-byte copy under the file's hash: the evidence that raw's cells can be checked against."""
    kept = workspace.lake.root / "raw" / "_files" / f"{sha256}{path.suffix.lower()}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(kept.name + ".part")
        shutil.copyfile(path, partial)
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
    return int(workspace.lake.engine.rows(stored.filter(stored[BATCH] == batch).agg(rows=stored.count()))[0]["rows"])


def _outside(path: Path, landing: Path) -> Problem | None:
    if path.resolve().is_relative_to(landing.resolve()):
        return None
    return Problem(
        file=path.name,
        what="is a link that leads out of the landing folder, so it is not read",
        todo="deliver the file itself instead of a link to it",
    )


def _settled(path: Path, seconds: float) -> bool:
    """Whether the file has not been changed within the settle time, so that nobody is still writing it."""
    return time.time() - path.stat().st_mtime >= seconds


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes: by it a delivery is known."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
