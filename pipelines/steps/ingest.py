"""Ingest: files of a source's landing folder into raw, each file once, known by its hash."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.declarations.contract import Contract, SourceTable
from pipelines.declarations.rule import BATCH, RECEIVED_AT
from pipelines.lake import clock
from pipelines.lake.lake import Lake
from pipelines.lake.specs import BATCHES, TIMESTAMP, raw_spec
from pipelines.readers import Delivery, Problem, UnreadableFile, looks_temporary, open_delivery, shown_name
from pipelines.readers.header import note_missing
from pipelines.steps.ingest_table import ingest_table
from pipelines.steps.landing import file_hash, is_pushed, no_delivery, ready_files, settled, time_of_receipt, unopened
from pipelines.steps.workspace import Workspace

DELIVERY = "delivery"
LONGEST_SUFFIX = 32  # bytes


@dataclass
class Ingested:
    """What ingest did for one source."""

    source: str
    new: int = 0
    known: int = 0
    waiting: list[str] = field(default_factory=list)
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ingest(workspace: Workspace, contract: Contract) -> Ingested:
    """Take what a source has delivered into raw: its files, or what is new in the table that its contract names."""
    if contract.table is None:
        return ingest_files(workspace, contract)
    done = Ingested(contract.name)
    done.problems += [_beside_table(path, contract.table) for path in ready_files(workspace.settings, contract.name)]
    ingest_table(workspace, contract, done)
    return done


def ingest_files(workspace: Workspace, contract: Contract) -> Ingested:
    """Take every settled file of `landing/<source>` into raw, keep its bytes in `raw/_files/<sha256>`.

    A file that cannot be read becomes a batch without rows that says why; the others go on.
    """
    done = Ingested(contract.name)
    folder = workspace.settings.landing / contract.name
    with workspace.lake.alone:
        known = _known_batches(workspace, contract)
    _mend(workspace, contract, known, done)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if looks_temporary(path):
            continue
        if refused := no_delivery(path, workspace.settings.landing):
            done.problems.append(refused)
            continue
        try:
            state = path.stat()
            sha256 = file_hash(path) if settled(state, workspace.settings.settle) else None
        except OSError as error:
            done.problems.append(unopened(path, error))
            continue
        batch = f"{contract.name}-{(sha256 or '')[:16]}"
        if batch in known:
            done.known += 1
            if is_pushed(path):  # no agency's file but our own, and the lake keeps it
                path.unlink()
        elif sha256 and _take(workspace, contract, path, state, sha256, batch, done):
            known.add(batch)
            if is_pushed(path):
                path.unlink()
        else:
            done.waiting.append(shown_name(path))
    return done


@dataclass(frozen=True)
class Original:
    """A delivered file: the name it came under, a copy to read, where the lake has it, and its hash."""

    name: str
    kept: Path
    url: str
    sha256: str

    def to_json(self, batch: str) -> str:
        """What raw's commit says of the delivery that it holds."""
        return json.dumps({DELIVERY: {"batch": batch, "file": self.name, "sha256": self.sha256}}, ensure_ascii=False)


def _mend(workspace: Workspace, contract: Contract, known: set[str], done: Ingested) -> None:
    """Write the entry of a batch that raw holds and quality/batch does not, because a crash came in between.

    Its file may be gone from landing: the original that was kept says the same.
    """
    state = workspace.lake.state(raw_spec(workspace.catalog, contract).id)
    last = json.loads(state.said or "{}").get(DELIVERY) if state else None
    if last is None or last["batch"] in known:
        return
    name = kept_name(last["sha256"], last["file"])
    with workspace.lake.root.kept(name) as kept:
        original = Original(last["file"], kept, workspace.lake.root.url(name), last["sha256"])
        _ingest_file(workspace, contract, original, last["batch"], done)
    known.add(last["batch"])


def _ingest_file(workspace: Workspace, contract: Contract, original: Original, batch: str, done: Ingested) -> None:
    received_at = time_of_receipt(workspace.lake, contract.name)
    described: dict[str, object] = {"format": None, "encoding": None, "delimiter": None, "header": None}
    counter = Counter()
    problems: list[Problem] = []
    readable = True
    try:
        delivery = open_delivery(original.kept, contract)
        note_missing(delivery)
        described = {name: getattr(delivery, name) for name in described}
        rows = delivered_rows(workspace, delivery, original, batch, received_at, counter, done)
        if not _append(workspace, contract, delivery, rows, batch, original.to_json(batch)):
            # Read again for what is wrong with the file: a crash lost what had been noticed.
            for _ in rows if isinstance(rows, pa.RecordBatchReader) else ():
                pass
            with workspace.lake.alone:
                counter.rows, received_at = _in_raw(workspace, contract, batch)
        problems = [problem.renamed(original.name) for problem in delivery.problems]
        if not counter.rows:
            problems.append(_without_rows(original.name))
    except UnreadableFile as error:
        readable, problems = False, [error.problem.renamed(original.name)]
    done.new += 1
    done.rows += counter.rows if readable else 0
    landed = str(workspace.settings.landing / contract.name / original.name)
    done.problems += [problem.tried_at(landed) for problem in problems]
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
    with workspace.lake.alone:
        workspace.lake.append_rows(BATCHES, [entry], once=batch)


@dataclass
class Counter:
    rows: int = 0


def delivered_rows(
    workspace: Workspace,
    delivery: Delivery,
    original: Original,
    batch: str,
    received_at: datetime.datetime,
    counter: Counter,
    done: Ingested,
) -> ir.Table | pa.RecordBatchReader:
    """The delivery's rows with their batch and the time of receipt: a plan for many machines, or a stream of ours."""

    def told(reason: str) -> None:
        done.notes.append(f"{done.source}/{original.name} is large, but read by one machine: {reason}")

    split = workspace.lake.engine.read_in_parallel(delivery, original.url, told)
    if split is None:
        return _stamped(workspace, delivery.batches(), batch, received_at, counter)
    counter.rows = split.count
    stamps = {BATCH: ibis.literal(batch), RECEIVED_AT: ibis.literal(received_at, TIMESTAMP)}
    return split.rows.mutate(**stamps)


def _stamped(
    workspace: Workspace, reader: pa.RecordBatchReader, batch: str, received_at: datetime.datetime, counter: Counter
) -> pa.RecordBatchReader:
    """The same rows, each with its batch and the time at which it was received."""
    timestamp = pa.timestamp("us", "UTC")
    schema = pa.schema([pa.field(BATCH, pa.string()), pa.field(RECEIVED_AT, timestamp), *reader.schema])

    def stamped() -> Iterator[pa.RecordBatch]:
        for rows in reader:
            workspace.lake.go_on()
            counter.rows += rows.num_rows
            stamps = [pa.repeat(batch, rows.num_rows), pa.repeat(pa.scalar(received_at, timestamp), rows.num_rows)]
            yield pa.RecordBatch.from_arrays([*stamps, *rows.columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, stamped())


def _take(
    workspace: Workspace,
    contract: Contract,
    path: Path,
    state: os.stat_result,
    sha256: str,
    batch: str,
    done: Ingested,
) -> bool:
    """Keep a file's bytes and ingest them; False where the file has changed since it was in `state`."""
    name = kept_name(sha256, shown_name(path))
    try:
        with _kept_original(workspace.lake, path, state, name) as kept:
            if kept:
                original = Original(shown_name(path), kept, workspace.lake.root.url(name), sha256)
                _ingest_file(workspace, contract, original, batch, done)
        return kept is not None
    except OSError as error:
        if error.filename != str(path):  # not the delivered file: the lake's own trouble
            raise
        return False


def kept_name(sha256: str, file: str) -> str:
    """Where in the lake a delivered file's bytes are kept."""
    suffix = Path(file).suffix.lower()
    # What is longer is no suffix, and file systems have no room for it beside the hash.
    return f"raw/_files/{sha256}{suffix if len(suffix.encode()) <= LONGEST_SUFFIX else ''}"


@contextmanager
def _kept_original(lake: Lake, path: Path, state: os.stat_result, name: str) -> Iterator[Path | None]:
    """A byte-for-byte copy under the file's hash: the evidence that raw's cells can be checked against.

    None where the file has changed since it was in `state`: the copy might not be what was hashed.
    """
    store = lake.root
    with ExitStack() as until_read:
        with lake.alone:  # two sources may have got the same bytes
            if not store.is_s3 and (store.path / name).exists():
                kept: Path | None = store.path / name
            else:
                part = until_read.enter_context(store.part(name))
                shutil.copyfile(path, part)
                now = path.stat()
                unchanged = (now.st_size, now.st_mtime_ns) == (state.st_size, state.st_mtime_ns)
                kept = store.keep(part, name) if unchanged else None
                if kept is None:
                    until_read.close()
        yield kept


def _known_batches(workspace: Workspace, contract: Contract) -> set[str]:
    batches = workspace.lake.read(BATCHES)
    mine = batches.filter(batches.source == contract.name).select("batch")
    return {row["batch"] for row in workspace.lake.engine.rows(mine)}


def _append(
    workspace: Workspace,
    contract: Contract,
    delivery: Delivery,
    rows: ir.Table | pa.RecordBatchReader,
    batch: str,
    metadata: str,
) -> bool:
    """Append to raw; what made a file unreadable in its middle reaches delta-rs first and comes back as its error."""
    try:
        return workspace.lake.append(raw_spec(workspace.catalog, contract), rows, batch, metadata)
    except Exception:
        if delivery.failure:
            raise delivery.failure from None
        raise


def _in_raw(workspace: Workspace, contract: Contract, batch: str) -> tuple[int, datetime.datetime]:
    """Rows and receipt of a batch whose raw commit survived a crash that its entry in `quality/batch` did not."""
    stored = workspace.lake.read(raw_spec(workspace.catalog, contract))
    mine = stored.filter(stored[BATCH] == batch)
    found = workspace.lake.engine.rows(mine.agg(rows=mine.count(), received_at=mine[RECEIVED_AT].max()))[0]
    return int(found["rows"]), found["received_at"] or clock.now()


def _beside_table(path: Path, table: SourceTable) -> Problem:
    return Problem(
        file=shown_name(path),
        what=f"the source's rows come from the table {table.name}, so the file is left where it is",
        todo="remove it, or take `table` out of the contract where files are delivered instead",
    )


def _without_rows(file: str) -> Problem:
    return Problem(
        file=file,
        what="the file has a header and no rows",
        todo="export it again with its rows; where there was nothing to report, reject the batch",
    )
