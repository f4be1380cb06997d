"""What a table's log says of its files: how many, how large, of which partition, with how many rows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from pipelines.engines.delta_rs import at_version

SCATTERED_FILES, SCATTERED_BYTES = 4, 16_000_000
# Beyond that many small files a scan spends more on opening them than on reading them.
SMALL, MANY_FILES = 8 << 20, 16
PARTITION = "partition."  # before the name of a column that a table is partitioned by, in what its log says of files


@dataclass(frozen=True)
class Files:
    """The files of a table in one version."""

    paths: frozenset[str]
    size: int  # bytes

    @property
    def are_scattered(self) -> bool:
        """Whether they are many and hold little, so that opening them is most of reading the table."""
        return len(self.paths) > SCATTERED_FILES and self.size < SCATTERED_BYTES


def files_of(uri: str, version: int) -> Files:
    """The files of the table at `uri` in a version; not by `file_uris`, which are escaped as in a URL."""
    files = _files(at_version(uri, version))
    if not files.num_rows:
        return Files(frozenset(), 0)
    listed = files.select(["path", "size_bytes"]).to_pydict()
    return Files(frozenset(f"{uri}/{path}" for path in listed["path"]), sum(listed["size_bytes"]))


def file_count(table: DeltaTable) -> int:
    return len(table.file_uris())


def small_files(table: DeltaTable) -> int:
    """How many small files there are that could be put into others: not the first of each partition."""
    files = _files(table)
    small = files.filter(pc.less(files["size_bytes"], SMALL))
    columns = [name for name in files.column_names if name.startswith(PARTITION)]
    partitions = small.group_by(columns).aggregate([]).num_rows if columns else min(1, small.num_rows)
    return int(small.num_rows - partitions)


def rows_by(table: DeltaTable, column: str) -> dict[str, int]:
    """Rows of each partition, by the log's statistics and the value of the column that the table is partitioned by."""
    files = _files(table)
    if not files.num_rows:
        return {}
    counted = files.group_by(PARTITION + column).aggregate([("num_records", "sum")])
    return {row[PARTITION + column]: row["num_records_sum"] or 0 for row in counted.to_pylist()}


def row_count(table: DeltaTable) -> int:
    """Rows by the log's statistics; reads no data."""
    actions = _files(table)
    return sum(value or 0 for value in actions["num_records"].to_pylist()) if actions.num_rows else 0


def _files(table: DeltaTable) -> pa.Table:
    """A line for each of the table's files, by the log; `pyarrow.table` would import pandas for it."""
    return pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()
