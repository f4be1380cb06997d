"""Originals: the bytes of each delivered file, kept in the lake under their hash as evidence of what was sent."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipelines.lake.lake import Lake
from pipelines.steps.landing import file_hash
from pipelines.storage import durable
from pipelines.tables.specs import BATCHES

DELIVERY = "delivery"
LONGEST_SUFFIX = 32  # bytes


@dataclass(frozen=True)
class Original:
    """A delivered file: the name it came under, a copy to read, where the lake has it, its hash, and who delivered it.

    `agency` is None where nobody has said.
    """

    name: str
    kept: Path
    url: str
    sha256: str
    agency: str | None = None

    def to_json(self, batch: str) -> str:
        """What raw's commit says of the delivery that it holds."""
        delivery = {"batch": batch, "file": self.name, "sha256": self.sha256, "agency": self.agency}
        return json.dumps({DELIVERY: delivery}, ensure_ascii=False)


class Listed(NamedTuple):
    """What of a batch's entry tells which original is kept of it, and how to take its rows again."""

    batch: str
    file: str
    sha256: str | None
    bytes: int | None
    received_at: datetime.datetime
    rows: int
    agency: str | None


def listed_batches(lake: Lake, source: str | None = None) -> list[Listed]:
    """The batches of a source (all) as they are listed."""
    batches = lake.read(BATCHES)
    asked = batches if source is None else batches.filter(batches.source == source)
    return [Listed(**row) for row in lake.engine.rows(asked.select(*Listed._fields))]


def kept_name(sha256: str, file: str) -> str:
    """Where in the lake a delivered file's bytes are kept."""
    suffix = Path(file).suffix.lower()
    # What is longer is no suffix, and file systems have no room for it beside the hash.
    return f"raw/_files/{sha256}{suffix if len(suffix.encode()) <= LONGEST_SUFFIX else ''}"


@contextmanager
def kept_original(lake: Lake, path: Path, state: os.stat_result, name: str, sha256: str) -> Iterator[Path | None]:
    """A byte-for-byte copy under the file's hash, durable: the evidence that raw's cells can be checked against.

    None where the file has changed since it was in `state`: the copy might not be what was hashed. A copy that is there
    already is another source's, or one that a crash left: it counts where it holds the same bytes, and is replaced
    where it does not.
    """
    store = lake.root
    with ExitStack() as until_read:
        with lake.lock:  # two sources may have got the same bytes
            if not store.is_s3 and is_whole(store.path / name, state.st_size, sha256):
                kept: Path | None = store.path / name
                durable.sync(store.path / name)
                durable.sync_folders([(store.path / name).parent], store.path)
            else:
                part = until_read.enter_context(store.part(name))
                shutil.copyfile(path, part)
                now = path.stat()
                unchanged = (now.st_size, now.st_mtime_ns) == (state.st_size, state.st_mtime_ns)
                kept = store.keep(part, name) if unchanged else None
                if kept is None:
                    until_read.close()
        yield kept


def is_whole(kept: Path, size: int, sha256: str) -> bool:
    """Whether a file is there with as many bytes and that hash."""
    return kept.is_file() and kept.stat().st_size == size and file_hash(kept) == sha256


@contextmanager
def trusted_original(lake: Lake, name: str, sha256: str) -> Iterator[Path | None]:
    """A kept original to read on this machine; None where it is not there, or does not hold the bytes of its hash."""
    with ExitStack() as until_read:
        try:
            kept: Path | None = until_read.enter_context(lake.root.kept(name))
        except FileNotFoundError:
            kept = None
        yield kept if kept and file_hash(kept) == sha256 else None
