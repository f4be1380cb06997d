"""What every engine offers: Delta tables in and out of Ibis expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.tables.table import TableSpec

if TYPE_CHECKING:
    from pipelines.readers.delivery import Delivery
    from pipelines.readers.postgres.snapshot import Snapshot
    from pipelines.readers.postgres.table import Portion

OPERATION = "_operation"


class FeedGapError(Exception):
    """A table's change feed cannot be read as far back as was asked: its files or log entries are gone."""


@dataclass(frozen=True)
class Merge:
    """Rows whose `_operation` is `upsert` or `delete`, to be matched by `key` in one commit that says `metadata`.

    `rows` is how many there are. `within` gives the values of the table's partition columns among them: files of other
    partitions are not read.
    """

    uri: str
    changes: ir.Table
    key: tuple[str, ...]
    metadata: str
    rows: int
    within: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadInParallel:
    """A delivered file as a plan: the columns of its `schema`, and how many rows there will be."""

    rows: ir.Table
    count: int


class Engine(ABC):
    """Computes expressions and writes tables. Not thread-safe, but for appending a stream of rows to a table.

    `readers` is how many deliveries may be read and appended at once.
    """

    readers = 1

    @abstractmethod
    def read(self, uri: str, version: int | None = None) -> ir.Table:
        """A Delta table as it is at `version` (default: now)."""

    @abstractmethod
    def changes(self, uri: str, first: int, last: int, columns: Sequence[str], name: str) -> ir.Table:
        """Rows that the versions `first` to `last` of a table have changed, as they were and as they became.

        Only `columns`, kept as `name`; raises FeedGapError where the change feed does not reach back.
        """

    @abstractmethod
    def read_csv(self, path: Path) -> ir.Table:
        """A plain CSV file of ours (UTF-8, a header), every column as text."""

    @abstractmethod
    def read_postgres(
        self, snapshot: Snapshot, portion: Portion, spec: TableSpec
    ) -> AbstractContextManager[ir.Table | pa.RecordBatchReader]:
        """A portion of a PostgreSQL table in the spec's columns, to be appended inside; raises PostgresFailure."""

    def read_in_parallel(
        self, delivery: Delivery, url: str, note_reason: Callable[[str], None]
    ) -> ReadInParallel | None:
        """A large delivered file read by many machines at once, or None where it is to be streamed by this one.

        `url` is where the others find its bytes. `note_reason` hears why a large file cannot be read that way.
        """
        return None

    @abstractmethod
    def taken_in(self, rows: pa.RecordBatchReader, name: str) -> ir.Table:
        """A stream of rows as a table, kept as `materialise` keeps one."""

    @abstractmethod
    def materialise(self, expression: ir.Table, name: str) -> ir.Table:
        """Compute once, keep until the engine is closed or `name` is materialised again; may spill to disk."""

    def kept_if_few(self, expression: ir.Table, name: str) -> ir.Table:
        """The expression; computed already, and kept as `materialise` keeps one, where that makes its use cheaper."""
        return expression

    @abstractmethod
    def empty(self, spec: TableSpec) -> ir.Table:
        """No rows, in the declared columns: what a table holds that has not been written yet."""

    @abstractmethod
    def view(self, expression: ir.Table, name: str) -> str:
        """Name an expression, so that Great Expectations can query it on this engine's connection."""

    @abstractmethod
    def named(self, expression: ir.Table, name: str) -> ir.Table:
        """An expression under a name: what is made of its columns does not repeat how they are computed."""

    @abstractmethod
    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """A small result as Python rows, for what is shown or decided, never for the way of the data."""

    @abstractmethod
    def stream(self, expression: ir.Table) -> pa.RecordBatchReader:
        """A result of any size as Arrow batches, a part of it in memory at a time, in its own order."""

    @abstractmethod
    def scalar(self, expression: ir.Scalar) -> Any:
        """A single value."""

    @abstractmethod
    def create(
        self,
        uri: str,
        spec: TableSpec,
        rows: ir.Table | pa.RecordBatchReader | None,
        metadata: str,
        once: str | None = None,
    ) -> None:
        """Create a table with its first rows in one commit, titles as column comments and the change data feed on.

        Without rows it is there and empty.
        """

    @abstractmethod
    def append(self, uri: str, rows: ir.Table | pa.RecordBatchReader, metadata: str, once: str | None = None) -> None:
        """Append in one commit. `once` names the commit as an application transaction (see `has_committed`)."""

    @abstractmethod
    def merge(self, merge: Merge) -> None:
        """Apply a merge in one commit."""

    @abstractmethod
    def overwrite(self, uri: str, rows: ir.Table, spec: TableSpec, metadata: str) -> None:
        """Replace rows and schema in one commit: only where the declared columns no longer fit the table."""

    @abstractmethod
    def add_columns(self, uri: str, spec: TableSpec, names: list[str], metadata: str) -> None:
        """Add declared columns that the table lacks, in a commit that says `metadata`."""

    def blames_rows(self, error: Exception) -> bool:
        """Whether a computation failed by what rows hold, and not for want of memory, files or time."""
        return False

    @abstractmethod
    def interrupt(self) -> None:
        """Stop what another thread is computing, which fails there: this process may write no more."""

    @abstractmethod
    def close(self) -> None:
        """Release memory and scratch space."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def difference(new: ir.Table, old: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """The rows that turn `old` into `new`: `_operation` says upsert or delete. NULLs compare as equal.

    A deleted row has its key alone. Each side is read once, and neither needs to be kept for it.
    """
    rest = [name for name in new.columns if name not in key]
    was = old.select(*new.columns).rename({f"{name}__was": name for name in new.columns})
    both = new.outer_join(was, [(name, f"{name}__was") for name in key])
    differs = ibis.or_(
        both[f"{key[0]}__was"].isnull(), *(~both[name].identical_to(both[f"{name}__was"]) for name in rest)
    )
    operation = ibis.cases((both[key[0]].isnull(), "delete"), (differs, "upsert"))
    keys = {name: both[name].coalesce(both[f"{name}__was"]) for name in key}
    marked = both.select(**keys, **{name: both[name] for name in rest}, **{OPERATION: operation})
    return marked.filter(marked[OPERATION].notnull()).select(*new.columns, OPERATION)


def matching(merge: Merge, quote: str) -> str:
    """The condition by which rows of `target` and `source` are one, in SQL whose names stand between `quote`s."""

    def conditions() -> Iterator[str]:
        for name in merge.key:
            yield f"target.{quote}{name}{quote} = source.{quote}{name}{quote}"
        for name, values in merge.within.items():
            listed = ", ".join(f"'{value}'" for value in sorted(values))  # codes of ours
            yield f"target.{quote}{name}{quote} IN ({listed})"

    return " AND ".join(conditions())


def check_columns(expression: ir.Table, spec: TableSpec) -> Mapping[str, Any]:
    """The expression's columns in the spec's order and types; raises ValueError where one is missing or surplus."""
    have, want = set(expression.columns), set(spec.names)
    if have != want:
        raise ValueError(
            f"{spec.id}: columns differ from what is declared; "
            f"missing {sorted(want - have)}, surplus {sorted(have - want)}"
        )
    return {column.name: expression[column.name].cast(column.ibis_type) for column in spec.columns}
