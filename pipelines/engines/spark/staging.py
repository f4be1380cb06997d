"""Arrow streams of our own readers put down as Parquet, where Spark's workers can read them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs


@contextmanager
def staged(rows: pa.RecordBatchReader, folder: str) -> Iterator[str]:
    """Write a stream to one file in `folder`, batch by batch; the file is removed afterwards."""
    files, root = fs.FileSystem.from_uri(folder)
    files.create_dir(root, recursive=True)
    place = f"{root}/{uuid.uuid4().hex}.parquet"
    try:
        with pq.ParquetWriter(place, rows.schema, filesystem=files) as writer:
            for batch in rows:
                writer.write_batch(batch)
        yield f"{folder}/{place.rsplit('/', 1)[1]}"
    finally:
        files.delete_file(place)
