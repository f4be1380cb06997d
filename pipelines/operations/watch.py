"""Watching: what arrives is taken all the way to the cities in small batches, within seconds.

It goes on through whatever passes: a database that is restarted, a full disk, a file or a table that cannot be worked
on. What failed is tried again after a pause that grows, and what does not build on it is not kept waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.database.connection import ServiceError
from pipelines.declarations.contract import Contract
from pipelines.errors import LakeError
from pipelines.lake.lake import NOWHERE
from pipelines.operations.maintenance import maintain
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem
from pipelines.rules.verdicts import sources_decided_since
from pipelines.service.deliver import deliver_pushed
from pipelines.service.outcomes import note_outcomes
from pipelines.service.recovery import recover
from pipelines.steps.landing import is_pushed, lying_for, ready_files
from pipelines.steps.plan import plan
from pipelines.steps.run import Run, follow
from pipelines.steps.tables import all_tables
from pipelines.steps.task import Step
from pipelines.tables.layout import TableId, raw
from pipelines.tables.specs import OVERRIDES

RELEASE_EVERY = 60.0  # seconds: a release names every table, and is for what must fit together
MAINTAIN_EVERY = 300.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds from a failure to the next try
Failed = Callable[[str, Exception, float], None]


@dataclass
class Round:
    """One look at what has arrived: the sources that had news, and what was done."""

    sources: tuple[str, ...]
    run: Run
    seconds: float
    released: int | None = None


def watch(
    opening: Callable[[], AbstractContextManager[Workspace]],
    show_round: Callable[[Round], None],
    failed: Failed,
    stop: threading.Event,
    every: float = 1.0,
) -> None:
    """Until `stop` is set: look every `every` seconds, and take what has arrived to the cities.

    Begins with all that other writers may have left. The lease is held while there is work and given back after it.
    `failed` is told what failed (a task, or "watch" where all of it did), why, and after how many seconds it is tried
    again; the workspace is opened anew for that, for an engine may not survive an error. Raises what `opening` raises
    at first, and LakeError where a setting must change: then nothing can work.
    """
    watching, pause, could_open = _Watching(failed), Pause(), False
    while not stop.is_set():
        try:
            with opening() as workspace:
                could_open = True
                watching.begin(workspace)
                _look(watching, show_round, pause, stop, every)
        except Exception as error:
            if not could_open or (isinstance(error, LakeError) and error.exit_code == 2):
                raise
            watching.begin_again()
            failed("watch", error, pause.longer())
            stop.wait(pause.seconds)


def _look(
    watching: _Watching, show_round: Callable[[Round], None], pause: Pause, stop: threading.Event, every: float
) -> None:
    """Look until `stop` is set, or something has failed that the engine may not have survived."""
    while not stop.is_set():
        began = time.monotonic()
        if done := watching.look():
            show_round(done)
        watching.workspace.lake.release_lease()
        pause.end()
        if done and done.run.failed:
            return
        stop.wait(max(0.0, every - (time.monotonic() - began)))


@dataclass
class Pause:
    """The seconds from a failure to the next try: twice as many each time, until something succeeds."""

    seconds: float = 0.0

    def longer(self) -> float:
        self.seconds = min(2 * self.seconds, LONGEST_PAUSE) or FIRST_PAUSE
        return self.seconds

    def end(self) -> None:
        self.seconds = 0.0


@dataclass
class _Watching:
    failed: Failed
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _shut: dict[str, list[Problem]] = field(default_factory=dict)
    _decided: int = 0
    _overridden: tuple[str, int] = NOWHERE
    _began: bool = False
    _unreleased: bool = False
    _released: float = 0.0
    _moved: set[TableId] = field(default_factory=set)
    _maintained: float = field(default_factory=time.monotonic)
    _behind: set[TableId] = field(default_factory=set)
    _pause: Pause = field(default_factory=Pause)
    _again_at: float = 0.0
    _undelivered: str = ""

    def begin(self, workspace: Workspace) -> None:
        """Go on with a workspace that was opened just now."""
        self.workspace = workspace
        *self._tasks, self._release = plan(workspace)

    def begin_again(self) -> None:
        """Look at everything once more."""
        self._began = False

    def look(self) -> Round | None:
        began, first = time.monotonic(), not self._began
        problems = recover(self.workspace) if first else []
        self._deliver()
        sources = tuple(dict.fromkeys(self._with_news()))
        again = self._due_again(first)
        run = follow(self.workspace, self._tasks, sources, again) if sources or again else Run()
        run.problems[:0] = problems
        if sources or again:
            note_outcomes(self.workspace)
        self._unreleased |= run.changed
        self._note(run, again)
        if not (sources or again or self._is_release_due()):
            return None
        done = Round(sources, run, time.monotonic() - began)
        self._moved |= {refreshed.table for refreshed in run.refreshed} | {raw(name) for name in sources}
        if self._is_release_due():
            run.work(self.workspace, self._release)
            done.released = run.released.number if run.released else None
            self._unreleased, self._released = False, time.monotonic()
        if time.monotonic() - self._maintained >= MAINTAIN_EVERY:
            self._maintain()
        return done

    def _deliver(self) -> None:
        try:
            deliver_pushed(self.workspace.settings)
        except ServiceError as error:  # files are taken all the same
            if str(error) != self._undelivered:
                self.failed("pushed rows", error, 0.0)
            self._undelivered = str(error)
        else:
            self._undelivered = ""

    def _due_again(self, first: bool) -> set[TableId]:
        """Tables that are behind because of a failure; at first all of them may be, because another writer ended."""
        if first:
            return {spec.id for task in self._tasks for spec in task.outputs}
        behind = set(self._behind) if time.monotonic() >= self._again_at else set()
        return behind | self._settled_anew()

    def _settled_anew(self) -> set[TableId]:
        """The golden records, where people have settled or withdrawn something since the last look."""
        before, self._overridden = self._overridden, self.workspace.lake.version(OVERRIDES.id)
        if self._overridden == before:
            return set()
        return {spec.id for task in self._tasks if task.step == Step.INTEGRATE for spec in task.outputs}

    def _note(self, run: Run, again: set[TableId]) -> None:
        """Keep in mind what is still to be written, and when it is tried again."""
        self._behind = (self._behind - again) | run.behind
        if not run.failed:
            self._pause = self._pause if self._behind else Pause()
            return
        self._again_at = time.monotonic() + self._pause.longer()
        for task, error in run.failed.items():
            self.failed(task, error, self._pause.seconds)

    def _maintain(self) -> None:
        """Each round adds a small file to each table that it writes: they are put together before they are many."""
        quality = {spec.id for spec in all_tables(self.workspace) if spec.id.layer == "quality"}
        maintain(self.workspace, sorted(self._moved | quality))
        self._moved, self._maintained = set(), time.monotonic()

    def _is_release_due(self) -> bool:
        return self._unreleased and not self._behind and time.monotonic() - self._released >= RELEASE_EVERY

    def _with_news(self) -> Iterator[str]:
        """Sources with files that were not looked at, with verdicts since the last look, or with a table to read."""
        is_first, self._began = not self._began, True
        decided, self._decided = sources_decided_since(self.workspace.lake, self._decided)
        for name, contract in self.workspace.catalog.contracts.items():
            has_table = contract.table is not None and contract.update == "realtime"
            if self._has_new_files(contract) or self._is_shut_now(contract) or has_table or name in decided or is_first:
                yield name

    def _is_shut_now(self, contract: Contract) -> bool:
        """Whether its folder, or one in it, cannot be looked into any more: a round tells it, once."""
        shut = lying_for(self.workspace.settings.landing, contract)[1]
        before, self._shut[contract.name] = self._shut.get(contract.name, []), shut
        return bool(shut) and shut != before

    def _has_new_files(self, contract: Contract) -> bool:
        found = False
        for lying, state in ready_files(self.workspace.settings, contract):
            path = lying.path
            is_as_seen = self._seen.get(path) == (state.st_size, state.st_mtime_ns)
            if not is_pushed(path):
                self._seen[path] = (state.st_size, state.st_mtime_ns)
            found |= not is_as_seen
        return found
