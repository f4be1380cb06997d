"""What the logs of tables say, kept from one process to the next: to open one takes longer than to see it unchanged.

What is kept of a table is believed while every file of its log is the one of then, since which the machine has not been
started anew: after a power cut a file may hold less than its name, size and time say. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipelines.engines.delta_log import LogFiles, log_files
from pipelines.lake.state import State
from pipelines.storage.boot import boot
from pipelines.storage.kept import KeptTexts
from pipelines.storage.store import Store

FORMAT = 1  # of what is kept; another number is another text


class Kept(NamedTuple):
    """What is kept of a table: the digest of its log's files, and what a `State` says."""

    log: str
    version: int
    table_id: str
    metadata: str | None
    moment: int | None
    rows: int | None
    counts: dict[str, int]


class KeptStates:
    """States of the tables of one lake, in a text that several processes may share. Without a folder none is kept."""

    def __init__(self, folder: Path | None, root: Store) -> None:
        started = boot()
        self._texts = KeptTexts(folder if started and not root.is_s3 else None)
        self._name = hashlib.sha256(f"states {FORMAT} {started} {root}".encode()).hexdigest()
        self._known: dict[str, Kept] | None = None
        self._seen: dict[str, tuple[str | None, State]] = {}
        self._written: set[str] = set()

    def note_written(self, uri: str) -> None:
        """The table at `uri` is committed to: it is opened from now on, and the files of its log told in the end."""
        self._written.add(uri)

    def state(self, uri: str, opened: Callable[[], State | None]) -> State | None:
        """The state of the table at `uri`; `opened` gives it from the log, asked only where it is not kept already."""
        if self._texts and uri in self._written:
            state = opened()
            if state:
                self._seen[uri] = None, state
            return state
        files = log_files(uri) if self._texts else None
        if files is None:
            return opened()
        if self._known is None:
            self._known = self._read()
        kept = self._known.get(uri)
        state = _as_state(uri, kept, files) if kept and kept.log == files.digest else opened()
        if state and files.stamp(state.version):  # or it was committed to meanwhile
            self._seen[uri] = files.digest, state
        return state

    def close(self) -> None:
        """Keep what was learnt of tables whose logs are still as they were before they were opened."""
        known, learnt = self._known or {}, {}
        for uri, (log, state) in self._seen.items():
            if log is not None and known.get(uri) == _as_kept(log, state):
                continue
            files = log_files(uri)
            # Of a table that was written here, the newest entry must be the one that was opened.
            if files and (files.digest == log if log else files.stamp(state.version) == state.stamp):
                learnt[uri] = _as_kept(files.digest, state)
        self._seen.clear()
        if learnt:
            # Another process may have kept some meanwhile; what is out of date by now is believed by nobody.
            self._texts.keep(self._name, json.dumps(self._read() | learnt, ensure_ascii=False))

    def _read(self) -> dict[str, Kept]:
        """What is kept, by the place of each table; nothing where that cannot be read."""
        try:
            return {uri: Kept(*entry) for uri, entry in json.loads(self._texts.text(self._name) or "{}").items()}
        except (ValueError, TypeError, AttributeError):
            return {}


def _as_state(uri: str, kept: Kept, files: LogFiles) -> State:
    stamp = files.stamp(kept.version)
    says = (kept.version, kept.table_id, kept.metadata, kept.moment, stamp, kept.rows)
    return State(uri, *says, counts={**kept.counts})


def _as_kept(log: str, state: State) -> Kept:
    says = (state.version, state.table_id, state.metadata, state.moment, state.known_rows)
    return Kept(log, *says, {**state.counts})
