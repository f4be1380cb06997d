"""Parquet: every column as text, dates and times in ISO form, nested values as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.declarations.contract import Contract
from pipelines.readers import arrow_text, nested_text
from pipelines.readers import header as headers
from pipelines.readers.arrow_text import Rendered
from pipelines.readers.cells import Column, assemble, code_where, json_objects
from pipelines.readers.delivery import BAD_BYTES, Delivery, Problem, UnreadableFile

BATCH_ROWS = 65_536
_BATCH_CELLS = 4_000_000
_MAGIC = b"PAR1"
# Whose INT96 values are instants (UTC) and no local times: Spark's, and Hive's since it says so.
_INSTANT_WRITERS = (b"org.apache.spark.", b"writer.time.zone")


class ParquetDelivery(Delivery):
    """A Parquet file; its first row is row 1.

    `matched` says which position of the header feeds which column, `file` is the opened file, `instants` are the
    positions of INT96 columns that hold instants. INT96 is read to the microsecond: nanoseconds end in the year 2262.
    """

    format = "parquet"

    def __init__(self, path: Path, contract: Contract) -> None:
        _check_ends(path)
        self.file, header = _opened(path)
        super().__init__(path, contract, header)
        self.matched = headers.match(path.name, header, contract)
        self.instants = _instants(self.file)
        headers.note_unknown(self, list(self.matched.unknown.values()))

    def _rows(self) -> Iterator[pa.RecordBatch]:
        unknown, first = self.matched.unknown, 1
        declared = set(self.matched.columns.values())
        for batch in self._read():
            found = [self._rendered(at, batch.column(at), at in declared, first) for at in range(batch.num_columns)]
            columns = [column.text for column in found]
            rows = pa.array(np.arange(first, first + batch.num_rows), pa.int64())
            first += batch.num_rows
            undecodable = nested_text.together(
                [column.undecodable for column in found if column.undecodable is not None]
            )
            damage = None if undecodable is None else self._damage(undecodable, rows)
            extra = json_objects(list(unknown.values()), [columns[at] for at in unknown]) if unknown else None
            cells = {name: columns[at] for name, at in self.matched.columns.items()}
            yield assemble(self.schema, rows, cells, extra, damage, undecodable)

    def _read(self) -> Iterator[pa.RecordBatch]:
        metadata = self.file.metadata
        rows, done = max(1, min(BATCH_ROWS, _BATCH_CELLS // max(1, metadata.num_columns))), 0
        try:
            for batch in self.file.iter_batches(rows, use_threads=False):
                batch.validate()
                yield batch
                done += batch.num_rows
        except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
            raise _damaged(self.path.name, "its rows cannot be read", error, done + 1) from None
        if done != metadata.num_rows:
            what = f"{metadata.num_rows:,} rows are announced and {done:,} are there"
            raise _damaged(self.path.name, what, row=done + 1)

    def _rendered(self, at: int, column: Column, declared: bool, first: int) -> Rendered:
        if at in self.instants:
            column = column.cast(pa.timestamp(column.type.unit, "UTC"))
        try:
            if is_nested(column.type):
                return nested_text.as_json(column)
            return arrow_text.plain(column, bytes_are_text=declared)
        except (pa.ArrowException, TypeError, ValueError, RecursionError) as error:
            what = f"values of the type {headers.cut(str(column.type))} have no text that is known here"
            what = f"{what} ({type(error).__name__})"
            todo = "write the column as text, and export the file again"
            zh = (f"类型 {headers.cut(str(column.type))} 的值无法写成文本", "请把该列写成文本，再重新导出")
            raise UnreadableFile(Problem(self.path.name, what, todo, first, self.header[at] or None, zh)) from None

    def _damage(self, undecodable: Column, rows: Column) -> Column:
        """Rows with bytes that are no text; their hex stands beside them, a blank between two cells'."""
        broken = undecodable.is_valid()
        self.count(
            "undecodable",
            rows.filter(broken)[0].as_py(),
            broken.true_count,
            "bytes that are not UTF-8 stand in a column of text",
            "write text as UTF-8, as Parquet has it, and export the file again",
            ("文本列中有不是 UTF-8 的字节", "请按 Parquet 的规定用 UTF-8 写文本，再重新导出"),
        )
        return code_where(broken, BAD_BYTES)


def is_nested(kind: pa.DataType) -> bool:
    """Whether values of the type are given as JSON."""
    if isinstance(kind, pa.BaseExtensionType):
        return kind != pa.uuid() and is_nested(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return is_nested(kind.value_type)
    return bool(pa.types.is_nested(kind))


def _opened(path: Path) -> tuple[pq.ParquetFile, list[str]]:
    """The file and its columns' names."""
    try:
        opened = pq.ParquetFile(path, coerce_int96_timestamp_unit="us", page_checksum_verification=True)
        names = list(opened.schema_arrow.names)
    except UnicodeDecodeError:
        what, todo = "the name of a column is not UTF-8", "write the columns' names in UTF-8, and export the file again"
        zh = ("列名不是 UTF-8", "请用 UTF-8 写列名，再重新导出")
        raise UnreadableFile(Problem(path.name, what, todo, zh=zh)) from None
    except (pa.ArrowException, OSError, MemoryError) as error:
        raise _damaged(path.name, "its table of contents cannot be read", error) from None
    headers.check_number(path.name, len(names))
    return opened, names


def _instants(opened: pq.ParquetFile) -> frozenset[int]:
    metadata = opened.metadata.metadata or {}
    if not any(key.startswith(_INSTANT_WRITERS) for key in metadata):
        return frozenset()
    schema = opened.schema
    int96 = {schema.column(at).path for at in range(len(schema)) if schema.column(at).physical_type == "INT96"}
    names = opened.schema_arrow.names
    return frozenset(at for at, name in enumerate(names) if name in int96)


def _check_ends(path: Path) -> None:
    """A Parquet file begins and ends with its magic; the end is written last."""
    with path.open("rb") as content:
        start = content.read(4)
        content.seek(-min(4, path.stat().st_size), 2)
        end = content.read(4)
    if start != _MAGIC:
        raise UnreadableFile(
            Problem(
                path.name,
                "the file is no Parquet file",
                "deliver it under the suffix of what it really is",
                zh=("文件不是 Parquet 文件", "请按文件真正的格式使用后缀"),
            )
        )
    if end != _MAGIC or path.stat().st_size < 12:
        raise _damaged(path.name, "its end is missing, so it was cut off")


def _damaged(file: str, what: str, error: BaseException | None = None, row: int | None = None) -> UnreadableFile:
    """The refusal; raises `error` itself where it is about this machine and not about the file."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    if isinstance(error, MemoryError) and not _is_beyond_memory(str(error)):
        raise error
    return UnreadableFile(
        Problem(
            file,
            f"the Parquet file is damaged: {what}",
            "compare its size with the sender's and send it again",
            row,
            zh=("Parquet 文件已损坏或不完整", "请与报送方核对文件大小，再重新报送"),
        )
    )


def _is_beyond_memory(message: str) -> bool:
    """Whether so much was asked for as no machine of this kind has: a damaged length, and no want of memory."""
    asked = re.search(r"of size (\d+)", message)
    return asked is None or int(asked[1]) > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
