"""Entries of a source's batches on their way into the list of batches: when each came, and several in one commit."""

from __future__ import annotations

import datetime

from pipelines import clock
from pipelines.declarations.fingerprint import fingerprint
from pipelines.lake.lake import Lake
from pipelines.steps.landing import time_of_receipt
from pipelines.steps.originals import listed_batches
from pipelines.tables.layout import TableId
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import BATCHES

AT_ONCE = 100  # entries in a commit: what a crash leaves out is read again from the kept originals
SMALL = 1_000_000  # bytes of a file that is soon read again


class Entries:
    """Entries of batches whose rows are in `raw`. What is added is written by `write`, or before where much waits."""

    def __init__(self, lake: Lake, raw: TableId) -> None:
        self._lake, self._raw = lake, raw
        self._last: datetime.datetime | None = None
        self._waiting: list[BatchEntry] = []

    def time_of_receipt(self) -> datetime.datetime:
        """Now, after all that was listed before this source's first, and after those that were added since."""
        self._last = clock.after(self._last) if self._last else time_of_receipt(self._lake)
        return self._last

    def add(self, entry: BatchEntry) -> None:
        """Let an entry wait for others; not one without rows, for it would leave no trace in raw by which to mend."""
        self._last = max(self._last or entry.received_at, entry.received_at)
        self._waiting.append(entry)
        if len(self._waiting) == AT_ONCE or (entry.bytes or 0) > SMALL or not entry.rows:
            self.write()

    def write(self) -> None:
        """List what waits, once its rows outlast a power cut: a batch that is listed is not taken again.

        Another run may have found them in raw, taken them for what a crash had left, and listed them already.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        self._lake.make_durable(self._raw)
        with self._lake.lock:
            self._lake.hold()
            listed = {entry.batch for entry in listed_batches(self._lake, waiting[0].source)}
            if new := [entry for entry in waiting if entry.batch not in listed]:
                self._lake.append_rows(BATCHES, new, once=fingerprint([entry.batch for entry in new]))
