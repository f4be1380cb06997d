"""The whole way of the data in its order: what `huiliu run` does, and what Dagster does asset by asset."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from pipelines.engines.spark.failures import spark_failure
from pipelines.errors import LakeError, LeaseError, StoreError
from pipelines.lake.lake import StoppedError
from pipelines.lake.refresh import Refreshed
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem
from pipelines.steps.arrivals import sources_without_news
from pipelines.steps.ingest import Ingested
from pipelines.steps.landing import delivered_bytes, undeclared_sources
from pipelines.steps.log import log_outcome
from pipelines.steps.losses import RowsWouldGoError
from pipelines.steps.plan import plan
from pipelines.steps.recovery import recover, unkept
from pipelines.steps.release import Released
from pipelines.steps.retire import check_declared
from pipelines.steps.standardise import Standardised, left_alone
from pipelines.steps.task import Outcome, Step, Tables, Task
from pipelines.tables.layout import TableId
from pipelines.tables.specs import OVERRIDES

Progress = Callable[[str, str], None]


@dataclass
class Run:
    """What one run did. `seconds` is per step, in order; `failed` and `behind` are those of `follow`."""

    ingested: dict[str, Ingested] = field(default_factory=dict)
    standardised: dict[str, Standardised] = field(default_factory=dict)
    refreshed: list[Refreshed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    released: Released | None = None
    failed: dict[str, Exception] = field(default_factory=dict)
    behind: set[TableId] = field(default_factory=set)

    def take(self, outcome: Outcome) -> None:
        """Add what one task of the plan did."""
        match outcome:
            case Ingested():
                self.ingested[outcome.source] = outcome
                # Agencies give their files the same names: the folder says which one is meant.
                folder = f"{outcome.source}/"
                named = {
                    problem: problem.file if problem.file == folder else folder + problem.file
                    for problem in outcome.problems
                }
                self.problems += [problem.renamed(name) for problem, name in named.items()]
            case Standardised():
                self.standardised[outcome.source] = outcome
                self.refreshed += outcome.refreshed
            case Released():
                self.released = outcome
            case Tables():
                self.refreshed += outcome.refreshed

    def read(self, workspace: Workspace, tasks: Sequence[Task], progress: Progress = lambda step, table: None) -> None:
        """Do tasks that read files and have no other inputs, as many at once as the engine has readers.

        Their outcomes are taken in the order of the plan. Where one fails, none commits any more, and its error is
        raised once all have stopped.
        """
        lake = workspace.lake
        if lake.engine.readers == 1 or len(tasks) < 2:
            for task in tasks:
                self.work(workspace, task, progress)
            return

        def read(task: Task) -> Outcome:
            lake.check_stopped()
            with lake.lock:
                progress(task.step, task.name)
            return _worked(workspace, task)

        try:
            with _Timer(self.seconds, tasks[0].step), ThreadPoolExecutor(lake.engine.readers) as threads:
                # The largest first, so that none of them is left to be read alone.
                contracts = workspace.catalog.contracts
                by_size = sorted(tasks, key=lambda task: -delivered_bytes(workspace.settings, contracts[task.name]))
                reading = {task.name: threads.submit(read, task) for task in by_size}
                try:
                    ended, _ = wait(reading.values(), return_when=FIRST_EXCEPTION)
                    for future in [reading[task.name] for task in tasks]:
                        if future in ended:
                            self.take(future.result())
                except BaseException:
                    lake.stopped.set()
                    raise
        except BaseException:
            lake.stopped.clear()
            raise

    def work(self, workspace: Workspace, task: Task, progress: Progress = lambda step, table: None) -> None:
        """Do one task of the plan; raises StoppedError where the work was told to stop."""
        workspace.lake.check_stopped()
        progress(task.step, task.name)
        with _Timer(self.seconds, task.step):
            self.take(_worked(workspace, task))

    def work_all(
        self, workspace: Workspace, tasks: Sequence[Task], progress: Progress = lambda step, table: None
    ) -> None:
        """Do tasks in their order; where declarations would take too much out of sources, every one of these is told.

        Raises RowsWouldGoError before the first task that works on what is standardised.
        """
        refused: list[RowsWouldGoError] = []
        still: Collection[str] | None = None
        for task in tasks:
            if refused and task.step != Step.STANDARDISE:
                break
            if task.step == Step.STANDARDISE and still is None:  # once all that was delivered is in raw
                still = sources_without_news(workspace)
            is_still = task.step == Step.STANDARDISE and task.name in (still or ())
            try:
                self.work(workspace, _left_alone(task) if is_still else task, progress)
            except RowsWouldGoError as error:
                refused.append(error)
        if refused:
            raise RowsWouldGoError("\n".join(str(error) for error in refused))

    @property
    def changed(self) -> bool:
        new = any(ingested.new for ingested in self.ingested.values())
        return (
            new or any(refreshed.changed for refreshed in self.refreshed) or bool(self.released and self.released.new)
        )

    @property
    def held(self) -> list[str]:
        return [judged.batch for source in self.standardised.values() for judged in source.held]

    @property
    def exit_code(self) -> int:
        return 1 if self.held or self.problems else 0


def run(
    workspace: Workspace,
    progress: Progress = lambda step, table: None,
    recovered: Callable[[Workspace], list[Problem]] = recover,
) -> Run:
    """Landing to returns, then a release. `progress` is told each step and table as it begins.

    `recovered` comes first: it makes good what a power cut or a restored copy left, and says what it cannot. Raises
    UndeclaredSourceError before anything is written where a source's contract was taken away.
    """
    done = Run()
    check_declared(workspace)
    done.problems += recovered(workspace)
    done.problems += undeclared_sources(workspace)
    tasks = plan(workspace)
    files = [task for task in tasks if task.step == Step.INGEST and task.contract and task.contract.table is None]
    done.read(workspace, files, progress)
    done.problems += unkept(workspace)
    done.work_all(workspace, [task for task in tasks if task not in files], progress)
    return done


def follow(
    workspace: Workspace, tasks: Sequence[Task], sources: Collection[str], again: Collection[TableId] = ()
) -> Run:
    """What is new of some sources taken the way that it leads, and no further; no release.

    `tasks` is the plan: a task is done where it works on one of the sources, it writes a table of `again`, or an input
    of it has changed, the day of the newest receipt included. A task that fails stops only those that build on it:
    the run's `failed` says why, its `behind` which tables are still to be written. What concerns all of them (lease,
    store, cluster, settings) is raised.
    """
    done = Run()
    check_declared(workspace)
    moved: set[TableId] = set()
    for task in tasks:
        outputs, inputs = {spec.id for spec in task.outputs}, {*task.inputs}
        may_end = task.follows_day or (task.step == Step.INTEGRATE and workspace.lake.exists(OVERRIDES.id))
        is_next_day = may_end and any(ingested.new for ingested in done.ingested.values())
        is_wanted = is_next_day or (task.contract and task.name in sources) or (moved | done.behind) & inputs
        if task.step == Step.RELEASE or not (is_wanted or outputs & {*again}):
            continue
        if done.behind & inputs:
            done.behind |= outputs
            continue
        before = len(done.refreshed)
        try:
            done.work(workspace, task)
        except Exception as error:
            if _concerns_all(error):
                raise
            done.failed[f"{task.step} {task.name}"] = error
            done.behind |= outputs
        moved |= {refreshed.table for refreshed in done.refreshed[before:] if refreshed.changed}
    return done


def _concerns_all(error: Exception) -> bool:
    is_setting = isinstance(error, LakeError) and error.exit_code == 2 and not isinstance(error, RowsWouldGoError)
    return is_setting or isinstance(error, LeaseError | StoreError | StoppedError) or spark_failure(error) is not None


def _left_alone(task: Task) -> Task:
    """The task of a source without news, which it does not have to be asked for again."""
    contract = task.contract
    assert contract
    return replace(task, work=lambda workspace: left_alone(workspace, contract))


def _worked(workspace: Workspace, task: Task) -> Outcome:
    began = time.monotonic()
    outcome = task.work(workspace)
    log_outcome(workspace.settings, task, outcome, time.monotonic() - began)
    return outcome


class _Timer:
    """Adds the time spent inside to a step's total."""

    def __init__(self, seconds: dict[str, float], step: str) -> None:
        self._seconds, self._step = seconds, step

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._step] = self._seconds.get(self._step, 0.0) + time.monotonic() - self._started
