"""The whole way of the data in its order: what `huiliu run` does, and what Dagster does asset by asset."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.lake.lake import Refreshed
from pipelines.quality.great_expectations import warm_up
from pipelines.readers import Problem
from pipelines.steps.derive import derive, find
from pipelines.steps.ingest import Ingested, ingest, undeclared_sources
from pipelines.steps.integrate import integrate
from pipelines.steps.release import Released, release
from pipelines.steps.return_flow import flows, return_flow
from pipelines.steps.standardise import Standardised, standardise
from pipelines.steps.tables import integrated_tables, returned_tables
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
    done, catalog = Run(), workspace.catalog

    def timed(step: str, table: str) -> _Timer:
        progress(step, table)
        return _Timer(done.seconds, step)

    warm_up()
    done.problems += undeclared_sources(workspace)
    for contract in catalog.contracts.values():
        with timed("ingest", contract.name):
            done.ingested[contract.name] = ingest(workspace, contract)
            done.problems += done.ingested[contract.name].problems
    for contract in catalog.contracts.values():
        with timed("standardise", contract.name):
            result = standardise(workspace, contract)
        done.standardised[contract.name] = result
        done.refreshed += [result.standard, result.quarantine]
    for record in catalog.records.values():
        with timed("integrate", record.name):
            done.refreshed += integrate(workspace, record)
    foundation = [placed for placed in workspace.models.tables.values() if placed.layer == "foundation"]
    themes = [placed for placed in workspace.models.tables.values() if placed.layer == "theme"]
    for placed in foundation:
        with timed("derive", placed.declared.name):
            done.refreshed.append(derive(workspace, placed))
    for record in catalog.records.values():
        with timed("find", record.database):
            done.refreshed.append(find(workspace, record))
    for placed in themes:
        with timed("derive", placed.declared.name):
            done.refreshed.append(derive(workspace, placed))
    for flow in flows(workspace):
        with timed("return_flow", flow.spec.id.path):
            done.refreshed += return_flow(workspace, flow)
    with timed("release", ""):
        tables = [*integrated_tables(workspace), *returned_tables(workspace)]
        done.released = release(workspace, [spec.id for spec in tables])
    return done


class _Timer:
    """Adds the time spent inside to a step's total."""

    def __init__(self, seconds: dict[str, float], step: str) -> None:
        self._seconds, self._step = seconds, step

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._step] = self._seconds.get(self._step, 0.0) + time.monotonic() - self._started
