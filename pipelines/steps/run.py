"""The whole way of the data in its order: what `huiliu run` does, and what Dagster does asset by asset."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from pipelines.lake.layout import TableId
from pipelines.lake.refresh import Refreshed
from pipelines.quality.great_expectations import warm_up
from pipelines.readers import Problem
from pipelines.steps.ingest import Ingested
from pipelines.steps.landing import undeclared_sources
from pipelines.steps.plan import Outcome, Task, plan
from pipelines.steps.release import Released
from pipelines.steps.standardise import Standardised
from pipelines.steps.workspace import Workspace

Progress = Callable[[str, str], None]


@dataclass
class Run:
    """What one run did. `seconds` is per step, in order."""

    ingested: dict[str, Ingested] = field(default_factory=dict)
    standardised: dict[str, Standardised] = field(default_factory=dict)
    refreshed: list[Refreshed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    released: Released | None = None

    def take(self, outcome: Outcome) -> None:
        """Add what one task of the plan did."""
        match outcome:
            case Ingested():
                self.ingested[outcome.source] = outcome
                # Agencies give their files the same names: the folder says which one is meant.
                self.problems += [one.renamed(f"{outcome.source}/{one.file}") for one in outcome.problems]
            case Standardised():
                self.standardised[outcome.source] = outcome
                self.refreshed += outcome.refreshed
            case Released():
                self.released = outcome
            case _:
                self.refreshed += outcome

    def work(self, workspace: Workspace, task: Task, progress: Progress = lambda step, table: None) -> None:
        """Do one task of the plan."""
        progress(task.step, task.name)
        with _Timer(self.seconds, task.step):
            self.take(task.work(workspace))

    @property
    def changed(self) -> bool:
        new = any(one.new for one in self.ingested.values())
        return new or any(one.changed for one in self.refreshed) or bool(self.released and self.released.new)

    @property
    def held(self) -> list[str]:
        return [j.batch for one in self.standardised.values() for j in one.judged if j.verdict == "held"]

    @property
    def exit_code(self) -> int:
        return 1 if self.held or self.problems else 0


def run(workspace: Workspace, progress: Progress = lambda step, table: None) -> Run:
    """Landing to returns, then a release. `progress` is told each step and table as it begins."""
    done = Run()
    warm_up()
    done.problems += undeclared_sources(workspace)
    for task in plan(workspace):
        done.work(workspace, task, progress)
    return done


def follow(workspace: Workspace, tasks: Sequence[Task], sources: Collection[str]) -> Run:
    """What is new of some sources taken the way that it leads, and no further; no release.

    `tasks` is the plan: a task is done where it works on one of the sources, or an input of it has changed.
    """
    done = Run()
    moved: set[TableId] = set()
    for task in tasks:
        if task.step == "release" or not ((task.contract and task.name in sources) or moved & {*task.inputs}):
            continue
        before = len(done.refreshed)
        done.work(workspace, task)
        moved |= {one.table for one in done.refreshed[before:] if one.changed}
    return done


class _Timer:
    """Adds the time spent inside to a step's total."""

    def __init__(self, seconds: dict[str, float], step: str) -> None:
        self._seconds, self._step = seconds, step

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._step] = self._seconds.get(self._step, 0.0) + time.monotonic() - self._started
