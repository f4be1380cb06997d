"""Rows of PostgreSQL as one Arrow stream: several readers, each with its own connection, within one snapshot.

DuckDB runs a union of such queries one after another, because a query may have an order; so each has a thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pipelines.readers.postgres.failures import PostgresFailure, failure_of
from pipelines.readers.postgres.snapshot import Snapshot
from pipelines.readers.postgres.table import Portion

BATCH_ROWS = 20_480
# Batches that wait for the writer: the readers' memory does not grow with the table.
WAITING = 4
PATIENCE = 0.2  # seconds after which a reader looks whether anyone still wants its rows


@contextmanager
def streamed(snapshot: Snapshot, portion: Portion, schema: pa.Schema) -> Iterator[pa.RecordBatchReader]:
    """The portion's rows in the columns of `schema`, in any order. Whatever consumes them does so inside.

    Raises PostgresFailure where the server failed, also where the consumer on the other side of Arrow's C interface
    made an error of its own of it.
    """
    readers = _Readers(snapshot, portion.queries(schema.names))
    try:
        yield pa.RecordBatchReader.from_batches(schema, readers.batches(schema))
    except Exception:
        if readers.failure:
            raise readers.failure from None
        raise
    finally:
        readers.stop()


class _Readers:
    """Threads that put Arrow batches into one queue; `failure` is the first thing that went wrong on the server."""

    def __init__(self, snapshot: Snapshot, queries: list[str]) -> None:
        self.failure: PostgresFailure | None = None
        self._snapshot = snapshot
        self._ready: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(maxsize=WAITING)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(query,), daemon=True) for query in queries]

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for thread in self._threads:
            thread.start()
        unfinished = len(self._threads)
        while unfinished:
            came = self._ready.get()
            if isinstance(came, BaseException):
                raise came
            if came is None:
                unfinished -= 1
            else:
                yield pa.RecordBatch.from_arrays(came.columns, schema=schema)

    def stop(self) -> None:
        """Wait until no reader uses its connection any more."""
        self._stopped.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _read(self, query: str) -> None:
        try:
            with self._snapshot.reader() as cursor:
                rows = cursor.execute("FROM postgres_query('source', ?)", [query]).to_arrow_reader(BATCH_ROWS)
                for batch in rows:
                    if not self._put(batch):
                        return
        except duckdb.Error as error:
            self.failure = self.failure or failure_of(str(error), self._snapshot.access.variable)
            self._put(self.failure)
        except BaseException as error:
            self._put(error)
        else:
            self._put(None)

    def _put(self, what: pa.RecordBatch | BaseException | None) -> bool:
        """Whether it was taken; False where nobody reads any more."""
        while not self._stopped.is_set():
            try:
                self._ready.put(what, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False
