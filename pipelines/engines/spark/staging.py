"""Rows on their way: what our own readers give, and what is computed once, as Parquet where Spark's workers see it."""

from __future__ import annotations

import contextlib
import datetime
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from pipelines.storage.store import spark_uri

# Folders are named by when they were begun: a store on S3 keeps no times of folders.
BEGUN = "%Y%m%dT%H%M%SZ"
NAMED = re.compile(r"\d{8}T\d{6}Z-")
ATTEMPTS = 3
LEFT_BEHIND = datetime.timedelta(days=7)


class Staging:
    """One process's folder under `url`; gone when it is closed. What a crash leaves behind is removed a week later."""

    def __init__(self, url: str) -> None:
        self._files, root = fs.FileSystem.from_uri(url)
        now = datetime.datetime.now(datetime.UTC)
        name = f"{now.strftime(BEGUN)}-{uuid.uuid4().hex}"
        self._folder, self._url = f"{root}/{name}", f"{url}/{name}"
        for left in self._files.get_file_info(fs.FileSelector(root, allow_not_found=True)):
            if NAMED.match(left.base_name) and left.base_name < (now - LEFT_BEHIND).strftime(BEGUN):
                self._remove(left.path)

    def new(self, name: str) -> str:
        """A place that nothing lies at yet, as Spark writes it."""
        return spark_uri(f"{self._url}/{name}-{uuid.uuid4().hex}")

    def drop(self, place: str) -> None:
        self._remove(f"{self._folder}/{_name(place)}")

    @contextmanager
    def staged(self, rows: pa.RecordBatchReader) -> Iterator[str]:
        """Write a stream to one file, batch by batch; gives its place, and removes it afterwards."""
        place = self.new("rows")
        file = f"{self._folder}/{_name(place)}"
        self._files.create_dir(self._folder, recursive=True)
        try:
            with pq.ParquetWriter(file, rows.schema, filesystem=self._files) as writer:
                for batch in rows:
                    writer.write_batch(batch)
            yield place
        finally:
            self._files.delete_file(file)

    def close(self) -> None:
        if self._files.get_file_info(self._folder).type is fs.FileType.Directory:
            self._remove(self._folder)

    def _remove(self, folder: str) -> None:
        """Remove a folder, or leave it for next week: another process may be at it too, or only that one may.

        An S3 gateway over a file system refuses to remove a folder that is named before its files, as Arrow does;
        the files are gone then, and the folder goes with the next attempt.
        """
        for _ in range(ATTEMPTS):
            with contextlib.suppress(OSError):
                self._files.delete_dir(folder)
                return


def _name(place: str) -> str:
    return place.rpartition("/")[2]
