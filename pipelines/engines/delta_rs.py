"""Delta tables written and inspected by delta-rs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import TableNotFoundError
from deltalake.schema import ArrayType, PrimitiveType

from pipelines.engines.base import OPERATION
from pipelines.lake.store import S3, storage_options
from pipelines.lake.table import ColumnSpec, TableSpec

# Readers share a file out by row group: with delta-rs's million rows, one core would read most tables alone.
ROW_GROUPS = WriterProperties(max_row_group_size=245_760, compression="SNAPPY")
SCATTERED_FILES, SCATTERED_BYTES = 4, 16_000_000
CONFIGURATION = {"delta.enableChangeDataFeed": "true", "delta.deletedFileRetentionDuration": "interval 30 days"}
SIMPLE = {"string": "string", "date": "date", "int64": "long", "boolean": "boolean", "float64": "double"}


def open_table(uri: str) -> DeltaTable | None:
    """The table at `uri`, or None where there is none."""
    try:
        return stored(uri)
    except TableNotFoundError:
        return None


def stored(uri: str) -> DeltaTable:
    """The table at `uri`; raises TableNotFoundError where there is none."""
    return DeltaTable(uri, storage_options=storage_options(uri))


def create(
    uri: str, spec: TableSpec, rows: pa.RecordBatchReader | None, metadata: str, once: str | None = None
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
        name=spec.id.name,
        description=spec.title,
        configuration=CONFIGURATION,
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, once),
        storage_options=storage_options(uri),
    )


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
        uri,
        rows,
        mode="append",
        schema_mode="merge",
        writer_properties=ROW_GROUPS,
        commit_properties=_commit(metadata, once),
        storage_options=storage_options(uri),
    )


def overwrite(uri: str, rows: pa.RecordBatchReader, spec: TableSpec, metadata: str) -> None:
    write_deltalake(
        uri,
        rows,
        mode="overwrite",
        schema_mode="overwrite",
        description=spec.title,
        configuration=CONFIGURATION,
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


def merge(uri: str, changes: pa.RecordBatchReader, columns: list[str], key: tuple[str, ...], metadata: str) -> None:
    assignments = {name: f"source.{name}" for name in columns}
    (
        stored(uri)
        .merge(
            changes,
            predicate=" AND ".join(f"target.{name} = source.{name}" for name in key),
            source_alias="source",
            target_alias="target",
            writer_properties=ROW_GROUPS,
            commit_properties=_commit(metadata, None),
        )
        .when_matched_delete(predicate=f"source.{OPERATION} = 'delete'")
        .when_matched_update(updates=assignments, predicate=f"source.{OPERATION} = 'upsert'")
        .when_not_matched_insert(updates=assignments, predicate=f"source.{OPERATION} = 'upsert'")
        .execute()
    )


def has_committed(table: DeltaTable, once: str) -> bool:
    """Whether an append named `once` is already in the table."""
    return table.transaction_version(once) is not None


def last_metadata(table: DeltaTable) -> str | None:
    """User metadata of the newest commit that carries any."""
    newest = table.history(1)
    for commit in newest if any("userMetadata" in one for one in newest) else table.history():
        if said := commit.get("userMetadata"):
            return str(said)
    return None


def log_stamp(uri: str, version: int) -> object:
    """What stays the same until a table of files is committed to again, or is another one; None where it cannot tell.

    Some microseconds, where opening a table takes milliseconds.
    """
    if uri.startswith(S3):
        return None
    log = Path(uri, "_delta_log")
    try:
        entry = os.stat(log / f"{version:020d}.json")
    except OSError:
        return None
    is_newest = not (log / f"{version + 1:020d}.json").exists()
    return (entry.st_ino, entry.st_mtime_ns) if is_newest else None


def is_scattered(uri: str, version: int) -> bool:
    """Whether a table lies in many files that hold little, so that opening them is most of reading it."""
    sizes = DeltaTable(uri, version, storage_options=storage_options(uri)).get_add_actions(flatten=True)
    files = pa.table(sizes)["size_bytes"].to_pylist()
    return len(files) > SCATTERED_FILES and sum(files) < SCATTERED_BYTES


def row_count(table: DeltaTable) -> int:
    """Rows by the log's statistics; reads no data."""
    actions = pa.table(table.get_add_actions(flatten=True))
    return sum(value or 0 for value in actions["num_records"].to_pylist()) if actions.num_rows else 0


def _commit(metadata: str, once: str | None) -> CommitProperties:
    json.loads(metadata)
    transactions = [Transaction(app_id=once, version=1)] if once else None
    return CommitProperties(custom_metadata={"userMetadata": metadata}, app_transactions=transactions)
