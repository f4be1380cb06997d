"""Every file that a lake names: whether it is there, whole and readable, and holds the rows that the log says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from pipelines.engines import delta_rs
from pipelines.errors import DamageError, LakeError
from pipelines.operations.checking import Check
from pipelines.settings import Settings
from pipelines.steps.ingest import kept_name
from pipelines.storage.damage import way_back
from pipelines.storage.refusals import explaining
from pipelines.storage.store import LOG, Store
from pipelines.tables.specs import BATCHES

ORIGINALS = "raw/_files"
CHUNK = 1 << 20


def examine_files(settings: Settings) -> Iterator[Check]:
    """A check for each thing that is wrong, named by its table; at the end one of how many files were looked at."""
    tables, files, wrong = 0, 0, 0
    with explaining(settings.lake):
        for table in settings.lake.tables():
            tables += 1
            for file, what in _table(settings.lake, table):
                files += 1
                if what:
                    wrong += 1
                    yield Check(table, "bad", f"{file} {what}", way_back(table))
        for file, what in _originals(settings.lake):
            files += 1
            if what:
                wrong += 1
                yield Check(ORIGINALS, "bad", f"{file} {what}", "bring the file back from the last backup")
    state = f"{wrong} of them are not well" if wrong else "all there, whole and readable, with the rows that are told"
    yield Check("files", "bad" if wrong else "good", f"{files:,} files of {tables:,} tables: {state}")


def _table(store: Store, table: str) -> Iterator[tuple[str, str]]:
    """Each file that a table's log names now, and what is wrong with it."""
    try:
        delta = delta_rs.read_anew(store.uri(table))
    except DamageError as error:
        yield LOG, error.found
        return
    files = fs.PyFileSystem(DeltaStorageHandler.from_table(delta._table))
    yield LOG, _log(files)
    actions = pa.table(delta.get_add_actions(flatten=True)).select(["path", "size_bytes", "num_records"])
    for action in actions.to_pylist():
        yield action["path"], _data(files, action)


def _log(files: fs.FileSystem) -> str:
    """Which entries are missing between the oldest and the newest that are there."""
    names = [file.base_name for file in files.get_file_info(fs.FileSelector(LOG, recursive=False))]
    there = {int(name.removesuffix(".json")) for name in names if name.endswith(".json") and name[:-5].isdecimal()}
    gone = sorted(set(range(min(there, default=0), max(there, default=-1) + 1)) - there)
    return f"has lost the entries {', '.join(map(str, gone[:5]))}" if gone else ""


def _data(files: fs.FileSystem, action: dict[str, Any]) -> str:
    info = files.get_file_info(action["path"])
    if info.type != fs.FileType.File:
        return "is missing"
    if info.size != action["size_bytes"]:
        return f"has {info.size:,} bytes, and the log says {action['size_bytes']:,}"
    rows = 0
    try:
        with pq.ParquetFile(files.open_input_file(action["path"]), page_checksum_verification=True) as file:
            for batch in file.iter_batches():
                rows += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        return f"cannot be read ({type(error).__name__})"
    if action["num_records"] not in (None, rows):
        return f"has {rows:,} rows, and the log says {action['num_records']:,}"
    return ""


def _originals(store: Store) -> Iterator[tuple[str, str]]:
    """Each delivered file that the list of batches names, by its bytes."""
    try:
        batches = delta_rs.open_table(store.uri(BATCHES.id.path))
    except LakeError:  # told with its table
        return
    for file, sha256 in _delivered(batches) if batches else []:
        name = kept_name(sha256, file)
        try:
            with store.kept(name) as kept, kept.open("rb") as content:
                same = hashlib.file_digest(content, "sha256").hexdigest() == sha256
            yield name, "" if same else "is not the file that was delivered: its bytes have changed"
        except FileNotFoundError:
            yield name, "is missing"
        except OSError as error:
            yield name, f"cannot be read ({error.strerror})"


def _delivered(table: DeltaTable) -> list[tuple[str, str]]:
    """Name and SHA-256 of each file that is listed."""
    try:
        found = table.to_pyarrow_table(columns=["file", "sha256"])
    except Exception:  # its files were told one by one
        return []
    return [(row["file"], row["sha256"]) for row in found.to_pylist() if row["sha256"]]
