"""Delta tables written and inspected by delta-rs."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.schema import ArrayType, PrimitiveType

from pipelines.engines import delta_log
from pipelines.engines.base import OPERATION
from pipelines.storage.damage import log_damage
from pipelines.storage.durable import sync_checkpoints
from pipelines.storage.store import LOG, S3, storage_options
from pipelines.tables.table import ColumnSpec, TableSpec

# Readers share a file out by row group: with delta-rs's million rows, one core would read most tables alone.
ROW_GROUPS = WriterProperties(max_row_group_size=245_760, compression="SNAPPY")
# Well below delta-rs's 100 MB, because a merge writes every file anew in which one row changes.
TARGET = 32 << 20
# Delta's own distance between checkpoints: a shorter log is read as quickly without one.
CHECKPOINT_AFTER = 10
UNREADABLE_LOG = re.compile(
    r"Invalid Checkpoint|found gap|Json error|Gap between|footer|[Pp]arquet|Arrow error|No (?:table )?metadata"
)
RETENTION = datetime.timedelta(days=30)
SIMPLE = {"string": "string", "date": "date", "int64": "long", "boolean": "boolean", "float64": "double"}


def open_table(uri: str) -> DeltaTable | None:
    """The table at `uri`, or None where there is none."""
    try:
        return stored(uri)
    except TableNotFoundError:
        return None


def stored(uri: str) -> DeltaTable:
    """The table at `uri` as it is now; raises TableNotFoundError where there is none, DamageError for a
    broken log.

    Reading a log anew takes ten times as long as reading what was added to it, so a table of files stays open: it is
    one object to all who ask, and moves on with what they write.
    """
    known = _OPEN.get(uri)
    if known and delta_log.entry(uri, known.version) == known.entry:
        table = known.table
        try:
            table.update_incremental()
        except DeltaError:  # a log that was damaged since is told as such
            table = read_anew(uri)
    else:
        table = read_anew(uri)
    version = table.version()
    if entry := delta_log.entry(uri, version):
        _OPEN[uri] = _Opened(table, version, entry)
    return table


def read_anew(uri: str, version: int | None = None) -> DeltaTable:
    """The same, or what it was in a version, and nothing that this process has seen of it is taken for granted."""
    try:
        return DeltaTable(uri, version, storage_options=storage_options(uri))
    except TableNotFoundError:
        raise
    except DeltaError as error:
        if UNREADABLE_LOG.search(str(error)):
            raise log_damage(uri, error) from None
        raise


@dataclass(frozen=True)
class _Opened:
    """An open table, a version of it, and the file of that one's log entry: another one where it was made anew."""

    table: DeltaTable
    version: int
    entry: delta_log.Entry


_OPEN: dict[str, _Opened] = {}


def create(
    uri: str,
    spec: TableSpec,
    rows: pa.RecordBatchReader | None,
    metadata: str,
    once: str | None = None,
    retention: datetime.timedelta = RETENTION,
) -> None:
    """Create a table with its first rows in one commit; raises DeltaError where there is one already."""
    titled = pa.schema(
        [
            pa.field(column.name, spec.ibis_schema[column.name].to_pyarrow(), metadata={"comment": column.title})
            for column in spec.columns
        ]
    )
    arranged = () if rows is None else (batch.select(spec.names).cast(titled) for batch in rows)
    write_deltalake(
        uri,
        pa.RecordBatchReader.from_batches(titled, arranged),
        mode="error",
        partition_by=list(spec.partition_by) or None,
        name=spec.id.name,
        description=spec.title,
        configuration=configuration(retention),
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, once),
        storage_options=storage_options(uri),
    )


def configuration(retention: datetime.timedelta) -> dict[str, str]:
    """A table's properties: its change feed, and how long what it was before stays readable."""
    whole = retention % datetime.timedelta(days=1) == datetime.timedelta()
    kept = f"{retention.days} days" if whole and retention else f"{hours(retention)} hours"
    return {
        "delta.enableChangeDataFeed": "true",
        "delta.deletedFileRetentionDuration": f"interval {kept}",
        "delta.logRetentionDuration": f"interval {kept}",
    }


def hours(retention: datetime.timedelta) -> int:
    return retention // datetime.timedelta(hours=1)


def field(column: ColumnSpec) -> Field:
    return Field(column.name, _delta_type(column), nullable=True, metadata={"comment": column.title})


def _delta_type(column: ColumnSpec) -> PrimitiveType | ArrayType:
    if column.type.startswith("array"):
        return ArrayType(PrimitiveType("string"), True)
    if column.type.startswith("timestamp"):
        return PrimitiveType("timestamp")
    return PrimitiveType(SIMPLE.get(column.type, column.type))


def append(uri: str, rows: pa.RecordBatchReader, metadata: str, once: str | None = None) -> None:
    write_deltalake(
        open_table(uri) or uri,
        rows,
        mode="append",
        schema_mode="merge",
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, once),
        storage_options=storage_options(uri),
    )


def overwrite(
    uri: str,
    rows: pa.RecordBatchReader,
    spec: TableSpec,
    metadata: str,
    retention: datetime.timedelta = RETENTION,
) -> None:
    write_deltalake(
        uri,
        rows,
        mode="overwrite",
        schema_mode="overwrite",
        partition_by=list(spec.partition_by) or None,
        description=spec.title,
        configuration=configuration(retention),
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, None),
        storage_options=storage_options(uri),
    )


def add_columns(uri: str, spec: TableSpec, names: list[str], metadata: str) -> None:
    added = [field(spec.column(name)) for name in names]
    stored(uri).alter.add_columns(added, commit_properties=_commit(metadata, None))


def changes(uri: str, first: int, last: int, columns: Sequence[str]) -> pa.RecordBatchReader:
    """The change feed of some versions, without what stands beside its rows; raises where it has a gap."""
    feed = stored(uri).load_cdf(starting_version=first, ending_version=last, columns=list(columns))
    return pa.RecordBatchReader.from_stream(feed)


def merge(
    uri: str, changes: pa.RecordBatchReader, columns: list[str], condition: str, metadata: str, *, few: bool
) -> None:
    """Apply changes to the rows that meet `condition`, which speaks of `target` and `source`.

    `few` may be held in memory, and then leave files alone whose keys are all below or above.
    """
    assignments = {name: f"source.{name}" for name in columns}
    (
        stored(uri)
        .merge(
            changes,
            predicate=condition,
            source_alias="source",
            target_alias="target",
            streamed_exec=not few,
            writer_properties=ROW_GROUPS,
            commit_properties=_commit(metadata, None),
        )
        .when_matched_delete(predicate=f"source.{OPERATION} = 'delete'")
        .when_matched_update(updates=assignments, predicate=f"source.{OPERATION} = 'upsert'")
        .when_not_matched_insert(updates=assignments, predicate=f"source.{OPERATION} = 'upsert'")
        .execute()
    )


def remove_all_rows(uri: str, metadata: str) -> None:
    """Leave a table with none, in one commit; its change feed shows each as deleted."""
    stored(uri).delete(commit_properties=_commit(metadata, None))


def has_committed(table: DeltaTable, once: str) -> bool:
    """Whether an append named `once` is already in the table."""
    return table.transaction_version(once) is not None


def history(table: DeltaTable, limit: int | None = None) -> list[dict[str, Any]]:
    """The commits that the log still knows, newest first: each one's `commitInfo`, and its `version`.

    delta-rs finds none in a folder whose path holds a `#`; there the entries themselves are read.
    """
    found = table.history(limit)
    if found or table.table_uri.startswith(S3):
        return found
    log = Path(unquote(urlsplit(table.table_uri).path), LOG)
    entries = sorted((entry for entry in log.glob("*.json") if entry.stem.isdigit()), reverse=True)
    known = [entry for entry in entries if int(entry.stem) <= table.version()]
    return [_commit_info(entry) for entry in known[:limit]]


def _commit_info(entry: Path) -> dict[str, Any]:
    lines = entry.read_text(encoding="utf-8").splitlines()
    info: dict[str, Any] = next((part["commitInfo"] for part in map(json.loads, lines) if "commitInfo" in part), {})
    return {**info, "version": int(entry.stem)}


def newest_commit(table: DeltaTable) -> dict[str, Any]:
    return next(iter(history(table, 1)), {})


def last_metadata(table: DeltaTable, newest: Mapping[str, Any] | None = None) -> str | None:
    """User metadata of the newest commit that carries any; `newest` is the newest one, where it is known."""
    # Every commit of ours carries it: further back goes only who comes after a stranger's commits.
    if metadata := (newest or newest_commit(table)).get("userMetadata"):
        return str(metadata)
    for limit in (16, None):
        for commit in history(table, limit):
            if metadata := commit.get("userMetadata"):
                return str(metadata)
    return None


def all_metadata(table: DeltaTable) -> list[str]:
    """User metadata of every commit that is still in the log, newest first."""
    return [str(metadata) for commit in history(table) if (metadata := commit.get("userMetadata"))]


def columns(uri: str, version: int) -> str:
    """What a table's log says of its columns in a version, as a text that tells them apart from others'."""
    return at_version(uri, version).schema().to_json()


def at_version(uri: str, version: int) -> DeltaTable:
    table = stored(uri)
    return table if table.version() == version else read_anew(uri, version)


def carries_metadata(table: DeltaTable) -> bool:
    """Whether the newest commit does."""
    return any(commit.get("userMetadata") for commit in history(table, 1))


def carry_forward(table: DeltaTable, metadata: str) -> None:
    """An empty commit that says `metadata`."""
    append(table.table_uri, pa.RecordBatchReader.from_batches(pa.schema(table.schema().to_arrow()), []), metadata)


def set_retention(table: DeltaTable, retention: datetime.timedelta, metadata: str) -> None:
    """Bring the table's properties to `retention`, where they do not say so already."""
    wanted = configuration(retention)
    if not wanted.items() <= table.metadata().configuration.items():
        table.alter.set_table_properties(wanted, commit_properties=_commit(metadata, None))


def compact(table: DeltaTable, metadata: str) -> None:
    """Put small files together; the rows stay what they are, and so does the change feed."""
    table.optimize.compact(
        target_size=TARGET,
        max_concurrent_tasks=1,  # each holds files of up to the target in memory
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, None),
    )


def vacuum(table: DeltaTable, retention: datetime.timedelta, metadata: str) -> int:
    """Remove files and change data that nothing within `retention` needs; how many. Commits only where there are any.

    Full: the lite one never removes change data.
    """
    removed = table.vacuum(
        hours(retention),
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
        commit_properties=_commit(metadata, None),
    )
    return len(removed)


def clean_log(table: DeltaTable) -> None:
    """Checkpoint a log that has grown, and remove its entries that have expired by the table's own property.

    The newest entry stays, and every version within the retention can still be built from an older checkpoint.
    """
    if table.version() >= CHECKPOINT_AFTER:
        table.create_checkpoint()
        if not table.table_uri.startswith(S3):
            sync_checkpoints(Path(unquote(urlsplit(table.table_uri).path)))
        table.cleanup_metadata()


def _commit(metadata: str, once: str | None) -> CommitProperties:
    json.loads(metadata)
    transactions = [Transaction(app_id=once, version=1)] if once else None
    return CommitProperties(custom_metadata={"userMetadata": metadata}, app_transactions=transactions)
