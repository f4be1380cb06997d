"""Parquet: every column as text, dates and times in ISO form, nested values as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.declarations.contract import Contract
from pipelines.engines.duckdb.json_lines import as_json
from pipelines.readers import header as headers
from pipelines.readers.cells import Column, assemble, json_objects
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile

BATCH_ROWS = 65_536
_MAGIC = b"PAR1"


class ParquetDelivery(Delivery):
    """A Parquet file; its first row is row 1.

    `matched` says which position of the header feeds which column, `file` is the opened file.
    """

    format = "parquet"

    def __init__(self, path: Path, contract: Contract) -> None:
        _check_ends(path)
        try:
            self.file = pq.ParquetFile(path)
            header = list(self.file.schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path.name, "its table of contents cannot be read") from error
        super().__init__(path, contract, header)
        self.matched = headers.match(path.name, header, contract)
        headers.note_unknown(self, list(self.matched.unknown.values()))

    def _rows(self) -> Iterator[pa.RecordBatch]:
        unknown, first = self.matched.unknown, 1
        for batch in self._read():
            columns = [_text(column) for column in batch.columns]
            rows = pa.array(np.arange(first, first + batch.num_rows), pa.int64())
            first += batch.num_rows
            extra = json_objects(list(unknown.values()), [columns[at] for at in unknown]) if unknown else None
            cells = {name: columns[at] for name, at in self.matched.columns.items()}
            yield assemble(self.schema, rows, cells, extra)

    def _read(self) -> Iterator[pa.RecordBatch]:
        done = 0
        try:
            for batch in self.file.iter_batches(BATCH_ROWS, use_threads=False):
                yield batch
                done += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.path.name, "its rows cannot be read", done + 1) from error


def _check_ends(path: Path) -> None:
    """A Parquet file begins and ends with its magic; the end is written last."""
    with path.open("rb") as content:
        start = content.read(4)
        content.seek(-min(4, path.stat().st_size), 2)
        end = content.read(4)
    if start != _MAGIC:
        raise UnreadableFile(
            Problem(path.name, "the file is no Parquet file", "deliver it under the suffix of what it really is")
        )
    if end != _MAGIC or path.stat().st_size < 12:
        raise _damaged(path.name, "its end is missing, so it was cut off")


def _damaged(file: str, what: str, row: int | None = None) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file, f"the Parquet file is damaged: {what}", "compare its size with the sender's and send it again", row
        )
    )


def _text(column: Column) -> Column:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return as_json(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _from_bytes(column)
    if pa.types.is_timestamp(kind):
        return _iso(column)
    return pc.cast(column, pa.string())


def _from_bytes(column: Column) -> Column:
    """Bytes are text where a writer forgot to say so; others are given as hex."""
    try:
        return column.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if cell is None else cell.hex() for cell in column.to_pylist()], pa.string())


def _iso(column: Column) -> Column:
    """`2024-01-02 03:04:05`, fractions only where there are any; with a time zone, UTC with its offset."""
    plain = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    plain = pc.replace_substring_regex(plain, r"\.0+$", "")
    if column.type.tz is None:
        return plain
    return pc.binary_join_element_wise(plain, "+00:00", "")
