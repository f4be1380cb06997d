"""Ingest: files of a source's landing folder into raw, each file once, known by its hash."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT
from pipelines.engines import delta_rs
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Project, Workspace
from pipelines.readers import Delivery, Problem, UnreadableFile, looks_temporary, open_delivery, shown_name
from pipelines.readers.header import note_missing
from pipelines.rules.great_expectations import warm_up
from pipelines.steps.delivered_rows import Counter, delivered_rows
from pipelines.steps.entries import Entries
from pipelines.steps.ingest_table import ingest_table
from pipelines.steps.landing import (
    batch_of,
    beside_table,
    file_hash,
    is_pushed,
    landed_at,
    lying_for,
    no_delivery,
    ready_files,
    settled,
    unopened,
)
from pipelines.steps.originals import (
    DELIVERY,
    Listed,
    Original,
    kept_name,
    kept_original,
    listed_batches,
    trusted_original,
)
from pipelines.steps.providers import named_in_rows, pushed_by
from pipelines.steps.task import Outcome, Step, Task
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import BATCHES, raw_spec


@dataclass
class Ingested(Outcome):
    """What ingest did for one source."""

    source: str
    new: int = 0
    known: int = 0
    waiting: list[str] = field(default_factory=list)
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, file: str, what: str) -> None:
        """Tell of a file what is no problem."""
        self.notes.append(f"{self.source}/{file} {what}")


def ingest_tasks(project: Project) -> Iterator[Task]:
    """A task per source."""
    for contract in project.catalog.contracts.values():
        yield _task(project, contract)


def _task(project: Project, contract: Contract) -> Task:
    return Task(
        Step.INGEST,
        contract.name,
        contract.database,
        (raw_spec(project.catalog, contract),),
        (),
        lambda workspace: ingest(workspace, contract),
        declared_in=(project.catalog.place_of(contract),),
        contract=contract,
    )


def ingest(workspace: Workspace, contract: Contract) -> Ingested:
    """Take what a source has delivered into raw: its files, or what is new in the table that its contract names."""
    if contract.table is None:
        return ingest_files(workspace, contract)
    done = Ingested(contract.name)
    beside = ready_files(workspace.settings, contract)
    done.problems += [beside_table(lying.shown, contract.table) for lying, _ in beside]
    ingest_table(workspace, contract, done)
    return done


def ingest_files(workspace: Workspace, contract: Contract) -> Ingested:
    """Take every settled file of `landing/<source>`, and of its providers' folders there, into raw.

    Its bytes are kept in `raw/_files/<sha256>`. A file that cannot be read becomes a batch without rows that says why;
    the others go on.
    """
    done = Ingested(contract.name)
    with workspace.lake.lock:
        listed = {entry.batch: entry for entry in listed_batches(workspace.lake, contract.name)}
    entries = Entries(workspace.lake, raw_spec(workspace.catalog, contract).id)
    known = {*listed} | _mend(workspace, contract, listed, entries, done)
    entries.write()
    try:
        taken = _take_all(workspace, contract, known, entries, done)
    except Exception:
        with contextlib.suppress(Exception):  # what one file raises must not keep those before it from being listed
            entries.write()
        raise
    entries.write()
    _secure(workspace, contract, taken, done)
    return done


def _take_all(
    workspace: Workspace, contract: Contract, known: set[str], entries: Entries, done: Ingested
) -> list[tuple[Path, os.stat_result, str]]:
    """Take the files that lie there; those that the lake has now and may not have kept, each as it was looked at."""
    taken = []
    found, unopened_folders = lying_for(workspace.settings.landing, contract)
    done.problems += unopened_folders
    pushers = pushed_by(workspace, found)
    for lying in (lying for lying in found if not looks_temporary(lying.path)):
        path, agency = lying.path, lying.agency or pushers.get(lying.path.name)
        try:
            if refused := no_delivery(lying, workspace.settings.landing, contract):
                done.problems.append(refused)
                continue
            state = path.stat()
            sha256 = file_hash(path) if settled(state, workspace.settings.settle) else None
        except OSError as error:
            done.problems.append(unopened(path, error).renamed(lying.shown))
            continue
        batch = batch_of(contract.name, sha256 or "")
        if batch in known:
            done.known += 1
        elif sha256 and _take(workspace, contract, path, state, sha256, agency, entries, done):
            known.add(batch)
        else:
            done.waiting.append(lying.shown)
            continue
        if is_pushed(path) or not _has_original(workspace.lake, path, state, str(sha256)):
            taken.append((path, state, str(sha256)))
    return taken


def _has_original(lake: Lake, path: Path, state: os.stat_result, sha256: str) -> bool:
    """Whether as many bytes are kept of a file that is known; on S3 what was kept stays."""
    kept = None if lake.root.is_s3 else lake.root.path / kept_name(sha256, shown_name(path))
    return kept is None or (kept.is_file() and kept.stat().st_size == state.st_size)


def _remove_pushed(path: Path, done: Ingested) -> None:
    """Remove a file that the lake keeps where it was made of pushed rows: it is no agency's but our own."""
    if is_pushed(path):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            what = f"holds pushed rows that the lake keeps, and could not be removed ({error.strerror})"
            done.problems.append(Problem(shown_name(path), what, "let the account of huiliu write its folder"))


def _secure(
    workspace: Workspace, contract: Contract, files: list[tuple[Path, os.stat_result, str]], done: Ingested
) -> None:
    """Let what was taken outlast a power cut, and only then remove pushed files: they are nobody's but our own."""
    if files or done.new:
        workspace.lake.make_durable(raw_spec(workspace.catalog, contract).id, BATCHES.id)
    for path, state, sha256 in files:
        if workspace.lake.root.is_s3:  # which keeps what it has answered for
            _remove_pushed(path, done)
            continue
        with kept_original(workspace.lake, path, state, kept_name(sha256, shown_name(path)), sha256) as kept:
            if kept:
                _remove_pushed(path, done)


def _mend(
    workspace: Workspace, contract: Contract, listed: Mapping[str, Listed], entries: Entries, done: Ingested
) -> set[str]:
    """Let raw and the list of batches say the same, from kept originals; the batches that are listed now.

    They differ after a crash between the two commits, and where one of the tables is a former copy of itself. Their
    numbers of rows tell it without reading any.
    """
    lake, spec = workspace.lake, raw_spec(workspace.catalog, contract)
    state = lake.state(spec.id)
    last = json.loads(state.metadata or "{}").get(DELIVERY) if state else None
    ends_alike = last is None or last["batch"] in listed
    if ends_alike and (state.rows if state else 0) == sum(entry.rows for entry in listed.values()):
        return set()
    with lake.lock:
        stored = lake.read(spec)
        held = {row[BATCH] for row in lake.engine.rows(stored.select(BATCH).distinct())}
    for batch, entry in listed.items():
        if entry.rows and entry.sha256 and batch not in held:
            _take_again(workspace, contract, entry, entry.sha256, done)
    unlisted = sorted((held | ({last["batch"]} if last else set())) - {*listed})
    commits = delta_rs.all_metadata(state.delta) if state and unlisted else []
    noted = [json.loads(commit).get(DELIVERY) for commit in commits]
    deliveries = {delivered["batch"]: delivered for delivered in noted if delivered}
    return {batch for batch in unlisted if _enter(workspace, contract, batch, deliveries.get(batch), entries, done)}


def _take_again(workspace: Workspace, contract: Contract, entry: Listed, sha256: str, done: Ingested) -> None:
    """Append the rows of a batch that is listed and not in raw, as of the time at which it was received."""
    name = kept_name(sha256, entry.file)
    with trusted_original(workspace.lake, name, sha256) as kept:
        if kept is None:
            done.problems.append(_rows_missing(workspace.lake.root.uri(name), entry))
            return
        original = Original(entry.file, kept, workspace.lake.root.url(name), sha256, entry.agency)
        counter = Counter()
        try:
            delivery = open_delivery(kept, contract)
            rows = delivered_rows(workspace, delivery, original, entry.batch, entry.received_at, counter, done.note)
            is_new = _append(workspace, contract, delivery, rows, entry.batch, original.to_json(entry.batch))
        except UnreadableFile as unreadable:
            done.problems.append(unreadable.problem.renamed(entry.file))
            return
    if not is_new:
        done.problems.append(_rows_missing(workspace.lake.root.uri(name), entry))
        return
    done.new += 1
    done.rows += counter.rows
    done.note(entry.file, "was not in raw any more: taken again from its kept original")


def _enter(
    workspace: Workspace,
    contract: Contract,
    batch: str,
    delivered: Mapping[str, str] | None,
    entries: Entries,
    done: Ingested,
) -> bool:
    """List a batch that raw holds. Its file may be gone from landing: the original that was kept says the same."""
    if delivered:
        name = kept_name(delivered["sha256"], delivered["file"])
        with trusted_original(workspace.lake, name, delivered["sha256"]) as kept:
            if kept:
                url = workspace.lake.root.url(name)
                original = Original(delivered["file"], kept, url, delivered["sha256"], delivered.get("agency"))
                _ingest_file(workspace, contract, original, batch, entries, done)
                return True
    # Where the file still lies in the landing folder it is entered from there, and nobody needs to know.
    ready = ready_files(workspace.settings, contract)
    if not any(file_hash(lying.path).startswith(batch[-16:]) for lying, _ in ready):
        done.problems.append(
            Problem(
                file=f"batch {batch}",
                what="its rows are in raw, but it is not in the list of batches and no whole original of it is kept, "
                "so its rows are left out",
                todo="restore quality/batch and raw/_files from the same backup as raw, or deliver the file again",
            )
        )
    return False


def _rows_missing(original: str, entry: Listed) -> Problem:
    return Problem(
        file=entry.file,
        what=f"the {entry.rows} rows of batch {entry.batch} are not in raw, and cannot be taken from {original}",
        todo="restore that original, or all of the lake, from a backup; or have the file delivered with any change",
    )


def _ingest_file(
    workspace: Workspace, contract: Contract, original: Original, batch: str, entries: Entries, done: Ingested
) -> None:
    received_at = entries.time_of_receipt()
    with workspace.lake.lock:
        warm_up()
    described: dict[str, Any] = {"format": None, "encoding": None, "delimiter": None, "header": None}
    counter = Counter()
    problems: list[Problem] = []
    readable, agency = True, original.agency
    try:
        delivery = open_delivery(original.kept, contract)
        note_missing(delivery)
        described = {name: getattr(delivery, name) for name in described}
        rows = delivered_rows(workspace, delivery, original, batch, received_at, counter, done.note)
        if not _append(workspace, contract, delivery, rows, batch, original.to_json(batch)):
            # Read again for what is wrong with the file: a crash lost what had been noticed.
            for _ in rows if isinstance(rows, pa.RecordBatchReader) else ():
                pass
            with workspace.lake.lock:
                counter.rows, received_at = _in_raw(workspace, contract, batch, received_at)
        problems = [problem.renamed(original.name) for problem in delivery.problems]
        if not counter.rows:
            problems.append(_without_rows(original.name))
        if agency is None:
            agency, unnamed = named_in_rows(workspace, contract, batch, original.name)
            problems += [unnamed] if unnamed else []
    except UnreadableFile as error:
        readable, problems = False, [error.problem.renamed(original.name)]
    done.new += 1
    done.rows += counter.rows if readable else 0
    landed = str(landed_at(workspace.settings.landing / contract.name, original.name, original.agency))
    done.problems += [problem.tried_at(landed) for problem in problems]
    entries.add(
        BatchEntry(
            batch=batch,
            source=contract.name,
            file=original.name,
            sha256=original.sha256,
            bytes=original.kept.stat().st_size,
            received_at=received_at,
            **described,
            rows=counter.rows if readable else 0,
            readable=readable,
            problems=[str(problem) for problem in problems],
            problems_zh=[problem.in_chinese for problem in problems],
            agency=agency,
        )
    )


def _take(
    workspace: Workspace,
    contract: Contract,
    path: Path,
    state: os.stat_result,
    sha256: str,
    agency: str | None,
    entries: Entries,
    done: Ingested,
) -> bool:
    """Keep a file's bytes and ingest them; False where the file has changed since it was in `state`."""
    name = kept_name(sha256, shown_name(path))
    try:
        with kept_original(workspace.lake, path, state, name, sha256) as kept:
            if kept:
                original = Original(shown_name(path), kept, workspace.lake.root.url(name), sha256, agency)
                _ingest_file(workspace, contract, original, batch_of(contract.name, sha256), entries, done)
        return kept is not None
    except OSError as error:
        if error.filename != str(path):  # not the delivered file: the lake's own trouble
            raise
        return False


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


def _in_raw(
    workspace: Workspace, contract: Contract, batch: str, otherwise: datetime.datetime
) -> tuple[int, datetime.datetime]:
    """Rows and receipt of a batch whose raw commit survived a crash that its entry in `quality/batch` did not."""
    stored = workspace.lake.read(raw_spec(workspace.catalog, contract))
    rows = stored.filter(stored[BATCH] == batch)
    found = workspace.lake.engine.rows(rows.agg(rows=rows.count(), received_at=rows[RECEIVED_AT].max()))[0]
    return int(found["rows"]), found["received_at"] or otherwise


def _without_rows(file: str) -> Problem:
    return Problem(
        file=file,
        what="the file has a header and no rows",
        todo="export it again with its rows; where there was nothing to report, reject the batch",
        zh=("文件只有表头，没有记录", "请连同记录重新导出；确实没有可报的，请退回本批"),
    )
