"""A task of the plan: which step it is of, what it reads and writes, and where the columns that it writes come from."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.lake.refresh import Refreshed
from pipelines.project.workspace import Workspace
from pipelines.tables.layout import TableId
from pipelines.tables.lineage import parents
from pipelines.tables.table import TableSpec

# Per output column the input columns that its values come from, each with its table.
Origins = Mapping[str, frozenset[tuple[TableId, str]]]


class Step(enum.StrEnum):
    """The steps, in the order of the data's way."""

    INGEST = "ingest"
    STANDARDISE = "standardise"
    INTEGRATE = "integrate"
    DERIVE = "derive"
    FIND = "find"
    RETURN_FLOW = "return_flow"
    RELEASE = "release"


class Outcome:
    """What a task did; each step has its own."""


@dataclass(frozen=True)
class Tables(Outcome):
    """What a task did whose work is to refresh tables."""

    refreshed: tuple[Refreshed, ...]


@dataclass(frozen=True)
class Task:
    """One piece of work that brings its `outputs` up to date from its `inputs`.

    `group` is the database that it works for. `origins` gives, per output table and column, the input columns that
    the values come from; a column that is in no origin comes from the pipeline itself. `follows_day` says that it also
    has work when no input has changed, but a file of any source came on a later day.
    """

    step: Step
    name: str
    group: str
    outputs: tuple[TableSpec, ...]
    inputs: tuple[TableId, ...]
    work: Callable[[Workspace], Outcome]
    origins: Callable[[], Mapping[TableId, Origins]] = dict
    declared_in: tuple[Path, ...] = ()
    contract: Contract | None = None
    follows_day: bool = False


def taken_over(spec: TableSpec, source: TableSpec) -> Origins:
    """Of columns that a table takes over from another under their names."""
    return {name: frozenset({(source.id, name)}) for name in spec.names if name in source.names}


def origins_of(expression: ir.Table) -> Origins:
    """Read off an expression over tables as declared (`TableSpec.unbound`)."""
    found = parents(expression)
    return {column: frozenset((TableId.at(path), name) for path, name in origins) for column, origins in found.items()}
