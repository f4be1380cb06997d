"""The texts that a workbook's cells share, as one Arrow column; large ones wait on disk."""

from __future__ import annotations

import mmap
import tempfile
from typing import IO, Any

import numpy as np
import pyarrow as pa

from pipelines.readers.cells import Column
from pipelines.readers.xlsx import markup
from pipelines.readers.xlsx.escapes import decoded
from pipelines.readers.xlsx.package import Part

_AT_ONCE = 8 * 1024 * 1024
_IN_MEMORY = 256 * 1024 * 1024
_NAME = "text"
_SCHEMA = pa.schema([(_NAME, pa.large_string())])


class SharedTexts:
    """The texts by number, from 0; `lengths` are their bytes. Phonetic readings are no part of a text."""

    def __init__(self, part: Part | None) -> None:
        self._chunks: list[Column] = []
        self._spool: _Spool | None = None
        self._bytes = 0
        if part is not None:
            _Reading(part, self._keep)
        self._texts = self._spool.texts() if self._spool else _one_column(self._chunks)
        self._chunks = []
        sizes = [np.diff(_offsets(chunk)) for chunk in self._texts.chunks]
        self.lengths = np.concatenate([*sizes, np.array([], np.int64)]).astype(np.int64)

    def take(self, places: Any) -> Column:
        """The texts at these places, an array of numbers below `len(lengths)`; the result must stay below 2 GB."""
        taken = self._texts.take(pa.array(places, pa.int64()))
        return pa.concat_arrays([chunk.cast(pa.string()) for chunk in taken.chunks] or [pa.array([], pa.string())])

    def _keep(self, texts: list[str]) -> None:
        chunk = decoded(pa.array(texts, pa.large_string()))
        self._bytes += chunk.nbytes
        if self._spool is None and self._bytes > _IN_MEMORY:
            self._spool = _Spool()
            for earlier in self._chunks:
                self._spool.write(earlier)
            self._chunks = []
        if self._spool is None:
            self._chunks.append(chunk)
        else:
            self._spool.write(chunk)


class _Reading:
    """One pass over the part: text by text, in batches of some megabytes."""

    def __init__(self, part: Part, keep: Any) -> None:
        self._part, self._keep = part, keep
        self._pieces: list[str] = []
        self._runs: list[str] = []
        self._texts: list[str] = []
        self._length = self._run = self._phonetic = self._depth = 0
        for _ in markup.read(part, self._start, self._end, self._pieces):
            if self._length > _AT_ONCE:
                self._hand_on()
        self._hand_on()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if name == "t":
            self._pieces.clear()
        elif name == "si":
            self._runs.clear()
            self._run = 0
        elif name == "rPh":
            self._phonetic += 1
        if self._depth > markup.DEEPEST:
            raise self._part.damaged(markup.NESTED)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "t":
            if not self._phonetic:
                self._runs.append("".join(self._pieces))
                self._run += len(self._runs[-1])
            self._pieces.clear()
            if self._run > markup.LONGEST:
                raise self._part.damaged(markup.LONG)
        elif name == "si":
            self._texts.append("".join(self._runs))
            self._length += self._run + 16
        elif name == "rPh":
            self._phonetic -= 1

    def _hand_on(self) -> None:
        if self._texts:
            self._keep(self._texts)
            self._texts.clear()
            self._length = 0


class _Spool:
    """Texts in a file of Arrow's without a name, which goes when nobody looks at it any more."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  it lives as we do
        self._writer = pa.ipc.new_file(self._file, _SCHEMA)

    def write(self, texts: Column) -> None:
        self._writer.write_batch(pa.record_batch([texts], schema=_SCHEMA))

    def texts(self) -> Column:
        self._writer.close()
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return pa.ipc.open_file(pa.py_buffer(mapped)).read_all()[_NAME]


def _one_column(chunks: list[Column]) -> Column:
    return pa.chunked_array([pa.concat_arrays(chunks)] if chunks else [], pa.large_string())


def _offsets(texts: Column) -> Any:
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
