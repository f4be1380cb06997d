"""Watching: what arrives is taken all the way to the cities in small batches, within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.lake.errors import LeaseError
from pipelines.lake.layout import TableId, raw
from pipelines.operations.maintenance import maintain
from pipelines.quality.great_expectations import warm_up
from pipelines.quality.verdicts import sources_decided_since
from pipelines.service.deliver import deliver_pushed
from pipelines.steps.landing import is_pushed, ready_files
from pipelines.steps.plan import plan
from pipelines.steps.run import Run, follow
from pipelines.steps.tables import all_tables
from pipelines.steps.workspace import Workspace

RELEASE_EVERY = 60.0  # seconds: a release names every table, and is for what must fit together
MAINTAIN_EVERY = 300.0  # seconds


@dataclass
class Round:
    """One look at what has arrived: the sources that had news, and what was done."""

    sources: tuple[str, ...]
    run: Run
    seconds: float
    released: int | None = None


def watch(
    workspace: Workspace,
    told: Callable[[Round], None],
    waiting: Callable[[str], None],
    stop: threading.Event,
    every: float = 1.0,
) -> None:
    """Until `stop` is set: look every `every` seconds, and take what has arrived to the cities.

    Begins with all that other writers may have left. The lease is held while there is work and given back after it;
    `waiting` is told where another writer keeps it for longer than HUILIU_LEASE_WAIT.
    """
    warm_up()
    watching = _Watching(workspace)
    while not stop.is_set():
        began = time.monotonic()
        try:
            if done := watching.look():
                told(done)
        except LeaseError as error:  # a long run of somebody else: what came meanwhile is not forgotten
            waiting(str(error))
            watching.begin_again()
        workspace.lake.let_go()
        stop.wait(max(0.0, every - (time.monotonic() - began)))


@dataclass
class _Watching:
    workspace: Workspace
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _decided: int = 0
    _began: bool = False
    _unreleased: bool = False
    _released: float = 0.0
    _moved: set[TableId] = field(default_factory=set)
    _maintained: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        *self._tasks, self._release = plan(self.workspace)

    def begin_again(self) -> None:
        """Look at everything once more."""
        self._began = False

    def look(self) -> Round | None:
        began = time.monotonic()
        deliver_pushed(self.workspace.settings)
        sources = tuple(dict.fromkeys(self._with_news()))
        run = follow(self.workspace, self._tasks, sources) if sources else Run()
        self._unreleased |= run.changed
        if not sources and not self._is_release_due():
            return None
        done = Round(sources, run, time.monotonic() - began)
        self._moved |= {one.table for one in run.refreshed} | {raw(name) for name in sources}
        if self._is_release_due():
            run.work(self.workspace, self._release)
            done.released = run.released.number if run.released else None
            self._unreleased, self._released = False, time.monotonic()
        if time.monotonic() - self._maintained >= MAINTAIN_EVERY:
            self._maintain()
        return done

    def _maintain(self) -> None:
        """Each round adds a small file to each table that it writes: they are put together before they are many."""
        quality = {spec.id for spec in all_tables(self.workspace) if spec.id.layer == "quality"}
        maintain(self.workspace, sorted(self._moved | quality))
        self._moved, self._maintained = set(), time.monotonic()

    def _is_release_due(self) -> bool:
        return self._unreleased and time.monotonic() - self._released >= RELEASE_EVERY

    def _with_news(self) -> Iterator[str]:
        """Sources with files that were not looked at, with verdicts since the last look, or with a table to read."""
        is_first, self._began = not self._began, True
        decided, self._decided = sources_decided_since(self.workspace.lake, self._decided)
        for name, contract in self.workspace.catalog.contracts.items():
            has_table = contract.table is not None and contract.update == "realtime"
            if self._has_new_files(name) or has_table or name in decided or is_first:
                yield name

    def _has_new_files(self, source: str) -> bool:
        found = False
        for path, state in ready_files(self.workspace.settings, source):
            is_as_seen = self._seen.get(path) == (state.st_size, state.st_mtime_ns)
            if not is_pushed(path):
                self._seen[path] = (state.st_size, state.st_mtime_ns)
            found |= not is_as_seen
        return found
