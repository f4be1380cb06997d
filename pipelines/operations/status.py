"""Where every table stands: what it holds, of which versions of its inputs, and what still waits for it.

Read from the tables' logs and the few rows of quality/batch; nothing is written and no lease is taken.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import clock
from pipelines.declarations.contract import Contract
from pipelines.engines import delta_rs
from pipelines.lake.lake import NOWHERE
from pipelines.lake.state import State
from pipelines.lake.watermark import content_version
from pipelines.operations.due import Due, next_due
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem, looks_temporary, shown_name
from pipelines.rules.verdicts import NEVER, batches_by_source, last_decisions, verdicts_of
from pipelines.steps.carried_over import former_tables
from pipelines.steps.landing import Lying, file_hash, lying_for, no_delivery, unopened
from pipelines.steps.plan import plan
from pipelines.steps.retire import BUILT, retired_sources
from pipelines.steps.return_flow import flows
from pipelines.steps.tables import all_tables
from pipelines.steps.task import Step, Task
from pipelines.tables import layout
from pipelines.tables.layout import TableId
from pipelines.tables.specs import OVERRIDES, VERDICTS
from pipelines.tables.table import TableSpec
from pipelines.tables.verdict import Verdict

Place = tuple[str, int]


@dataclass(frozen=True)
class Input:
    """An input of a table: (table id, version) that the table holds, and where the input is now.

    `lag` is the age of the oldest commit that the table does not hold, `rows` how many rows such commits changed.
    """

    table: str
    consumed: Place | None
    now: Place
    lag: datetime.timedelta | None = None
    rows: int = 0

    @property
    def is_behind(self) -> bool:
        return self.consumed != self.now


@dataclass(frozen=True)
class TableStatus:
    """A table as it is now; without a version where it has not been written yet.

    `files` wait in the landing folder, `unjudged` and `held` are batches of the source, `rows_pending` the changed
    rows of inputs. `delivered` is when each agency that is known to have delivered to the source last did, `due` when
    the next delivery must have come of the sources that the table follows from. `problems` say what in the landing
    folder could not be looked at. A table that is not `declared` lies in the lake, and no run writes it any more.
    """

    table: TableId
    refreshed_at: datetime.datetime | None = None
    version: int | None = None
    rows: int = 0
    inputs: list[Input] = field(default_factory=list)
    files: int = 0
    unjudged: int = 0
    held: int = 0
    due: datetime.datetime | None = None
    overdue: bool = False
    problems: tuple[Problem, ...] = ()
    delivered: Mapping[str, datetime.datetime] = field(default_factory=dict)
    declared: bool = True

    @property
    def lag(self) -> datetime.timedelta | None:
        return max((consumed.lag for consumed in self.inputs if consumed.lag is not None), default=None)

    @property
    def rows_pending(self) -> int:
        return sum(consumed.rows for consumed in self.inputs)


def status(workspace: Workspace) -> list[TableStatus]:
    """The status of every table that the plan writes, in the order of the data's way; then those of none any more."""
    return _Status(workspace).all()


def _carried_over_next(workspace: Workspace) -> Iterator[str]:
    """Where a lake of before has tables that the next run carries over."""
    for flow in flows(workspace):
        for spec in former_tables(workspace.catalog.cities, flow.spec.id, flow.returned).values():
            yield spec.id.path


class _Status:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._lake, self._now = workspace, workspace.lake, clock.now()
        self._states: dict[TableId, State | None] = {}
        self._histories: dict[TableId, list[dict[str, Any]]] = {}
        self._sources: dict[TableId, set[str]] = {}
        contracts = workspace.catalog.contracts
        delivered, self._decided = batches_by_source(self._lake), last_decisions(self._lake)
        self._batches = {name: delivered.get(name, []) for name in contracts}
        self._verdicts = verdicts_of(self._lake)
        self._due = {name: self._next_due(contract) for name, contract in contracts.items()}

    def all(self) -> list[TableStatus]:
        return [
            self._status(task, spec) for task in plan(self._workspace) for spec in task.outputs
        ] + self._undeclared()

    def _undeclared(self) -> list[TableStatus]:
        """Tables whose declaration was taken away; not those of retired sources, which keep what they delivered."""
        declared = {spec.id.path for spec in all_tables(self._workspace)} | {*_carried_over_next(self._workspace)}
        found = [TableId.at(path) for path in self._lake.root.tables() if path not in declared and "/" in path]
        if found:
            own = {table(source) for source in retired_sources(self._lake) for table in (layout.raw, *BUILT)}
            found = [table for table in found if table not in own]
        held = [(table, self._state(table)) for table in found]
        return [
            TableStatus(table, state.committed_at, state.version, state.rows, declared=False)
            for table, state in held
            if state
        ]

    def _status(self, task: Task, spec: TableSpec) -> TableStatus:
        sources = {task.contract.name} if task.contract else set()
        self._sources[spec.id] = sources.union(*(self._sources.get(table, set()) for table in task.inputs))
        state = self._state(spec.id)
        status: dict[str, Any] = {"due": min((due for due in self._dues(spec.id) if due), default=None)}
        if state:
            status |= {
                "refreshed_at": state.committed_at,
                "version": state.version,
                "rows": state.rows,
                "inputs": self._inputs(task, state),
            }
        if task.contract and task.step == Step.INGEST:
            overdue = self._due[task.contract.name].overdue
            files, problems = self._waiting(task.contract)
            status |= {"files": files, "problems": problems, "overdue": overdue}
            status["delivered"] = {
                entry.agency: entry.received_at for entry in self._batches[task.contract.name] if entry.agency
            }
        elif task.contract:
            batches = [self._verdicts.get(entry.batch) for entry in self._batches[task.contract.name]]
            status |= {"unjudged": batches.count(None), "held": batches.count(Verdict.HELD)}
        return TableStatus(spec.id, **status)

    def _dues(self, table: TableId) -> list[datetime.datetime | None]:
        return [self._due[source].at for source in self._sources[table]]

    def _state(self, table: TableId) -> State | None:
        if table not in self._states:
            self._states[table] = self._lake.state(table)
        return self._states[table]

    def _history(self, table: TableId) -> list[dict[str, Any]]:
        """The commits of a table that its log still knows, newest first."""
        state = self._state(table)
        assert state
        if table not in self._histories:
            self._histories[table] = delta_rs.history(state.delta)
        return self._histories[table]

    def _inputs(self, task: Task, state: State) -> list[Input]:
        mark = state.watermark
        if mark is None:
            return []
        found = [self._input(table, mark.inputs.get(table.path)) for table in task.inputs]
        if task.contract and task.step == Step.STANDARDISE:
            name = f"{VERDICTS.id}[{task.contract.name}]"
            found.append(Input(name, mark.inputs.get(name), self._decided.get(task.contract.name, NEVER)))
        if (settled := mark.inputs.get(OVERRIDES.id.path)) and self._state(OVERRIDES.id):
            found.append(self._input(OVERRIDES.id, settled))
        return found

    def _input(self, table: TableId, consumed: Place | None) -> Input:
        state = self._state(table)
        now = (state.table_id, state.content) if state else NOWHERE
        if consumed == now or state is None:
            return Input(table.path, consumed, now)
        since = consumed[1] if consumed and consumed[0] == now[0] else -1
        missing = [commit for commit in self._history(table) if since < commit["version"] <= state.content]
        news = [commit for commit in missing if not _only_says(commit)]
        lag = self._now - min(map(_time, news)) if news else None
        return Input(table.path, consumed, now, lag, sum(map(_rows_changed, news)))

    def _next_due(self, contract: Contract) -> Due:
        received = [entry.received_at for entry in self._batches[contract.name]]
        return next_due(contract.update, max(received, default=None), self._now)

    def _waiting(self, contract: Contract) -> tuple[int, tuple[Problem, ...]]:
        """How many files in the landing folder raw does not hold, and what could not be looked at."""
        if contract.table:
            return 0, ()
        batches, landing = self._batches[contract.name], self._workspace.settings.landing
        taken: dict[tuple[str | None, str, int | None], datetime.datetime] = {}
        for entry in batches:
            for agency in {None, entry.agency}:
                taken[agency, entry.file, entry.bytes] = entry.received_at
        hashes = {entry.sha256 for entry in batches}
        found, problems = lying_for(landing, contract)
        files = 0
        for lying in found:
            try:
                if not looks_temporary(lying.path) and not no_delivery(lying, landing, contract):
                    files += not _is_taken(lying, lying.path.stat(), taken, hashes)
            except FileNotFoundError:  # taken away meanwhile: it waits no more
                continue
            except OSError as error:
                problems.append(unopened(lying.path, error).renamed(f"{contract.name}/{lying.shown}"))
        return files, tuple(problems)


def _is_taken(
    lying: Lying,
    state: os.stat_result,
    taken: Mapping[tuple[str | None, str, int | None], datetime.datetime],
    hashes: set[str | None],
) -> bool:
    """By name, size and time where they tell: only other files are read for their hash."""
    received = taken.get((lying.agency, shown_name(lying.path), state.st_size))
    return bool(received and state.st_mtime < received.timestamp()) or file_hash(lying.path) in hashes


def _time(commit: Mapping[str, Any]) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(commit["timestamp"] / 1000, datetime.UTC)


def _only_says(commit: Mapping[str, Any]) -> bool:
    return content_version(commit.get("userMetadata"), commit["version"]) != commit["version"]


ROWS = {  # as delta-rs and Spark name them
    "num_added_rows",
    "num_target_rows_inserted",
    "num_target_rows_updated",
    "num_target_rows_deleted",
    "numTargetRowsInserted",
    "numTargetRowsUpdated",
    "numTargetRowsDeleted",
}


def _rows_changed(commit: Mapping[str, Any]) -> int:
    metrics = commit.get("operationMetrics") or {}
    found = sum(int(value) for name, value in metrics.items() if name in ROWS)
    return found or (0 if commit["operation"] == "MERGE" else int(metrics.get("numOutputRows", 0)))
