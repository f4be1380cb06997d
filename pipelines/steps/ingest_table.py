"""Ingest from a front-end database (前置机): the rows of a table that are new since the last reading, into raw.

How far a table has been read is kept in raw's own commit, so that rows and mark are written together or not at all.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.declarations.contract import Contract, SourceTable
from pipelines.declarations.rule import BATCH, RECEIVED_AT
from pipelines.engines import delta_rs
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem, UnreadableFile
from pipelines.readers.delivery import EXTRA, ROW
from pipelines.readers.header import cut, match
from pipelines.readers.postgres.failures import PostgresFailure
from pipelines.readers.postgres.snapshot import access_to, open_snapshot
from pipelines.readers.postgres.table import NO_ROWS, Mark, PostgresTable
from pipelines.rules.great_expectations import warm_up
from pipelines.steps.landing import time_of_receipt
from pipelines.tables.rows import BatchEntry
from pipelines.tables.specs import BATCHES, raw_spec

if TYPE_CHECKING:
    from pipelines.steps.ingest import Ingested

READING = "reading"


@dataclass(frozen=True)
class _Reading:
    """What raw's commit says of the reading it holds: which table, how far, and the batch's entry in quality/batch."""

    of: tuple[str, str, str]
    mark: Mark
    entry: BatchEntry

    def to_json(self) -> str:
        entry = {**self.entry._asdict(), "received_at": self.entry.received_at.isoformat()}
        kept = {"of": self.of, "mark": dataclasses.asdict(self.mark), "entry": entry}
        return json.dumps({READING: kept}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> _Reading | None:
        kept = json.loads(text or "{}").get(READING)
        if kept is None:
            return None
        entry = {**kept["entry"], "received_at": datetime.datetime.fromisoformat(kept["entry"]["received_at"])}
        return cls(tuple(kept["of"]), Mark(**kept["mark"]), BatchEntry(**entry))


def ingest_table(workspace: Workspace, contract: Contract, done: Ingested) -> None:
    """Read what the source's table holds that raw does not; rows that are new or have changed become one batch.

    What keeps the table from being read is a problem of `done`, and the other sources go on.
    """
    declared = contract.table
    assert declared
    try:
        _read(workspace, contract, declared, done)
    except PostgresFailure as failure:
        done.problems.append(Problem(declared.name, failure.what, failure.todo))
    except UnreadableFile as unfit:
        # The readers' advice is for files, which can be tried before they are delivered.
        todo = unfit.problem.todo.removesuffix(f"then try `huiliu check {declared.name}`").rstrip(" ;,")
        done.problems.append(dataclasses.replace(unfit.problem, todo=todo))


def _read(workspace: Workspace, contract: Contract, declared: SourceTable, done: Ingested) -> None:
    lake, spec = workspace.lake, raw_spec(workspace.catalog, contract)
    stored = lake.delta(spec.id)
    last = _Reading.from_json(delta_rs.last_metadata(stored) if stored else None)
    if last:
        _mend(lake, last)
    of = (declared.connection, declared.name, declared.watermark)
    before = last.mark if last and last.of == of else None
    with open_snapshot(access_to(declared.connection)) as snapshot:
        table = PostgresTable(snapshot, declared)
        matched = match(declared.name, table.columns, contract)
        now = table.mark(before)
        news = table.news(before, now)
        rows = table.count(news) if news else 0
        if not news or not rows:
            return
        if lake.hold():  # another writer may have read the table in between
            _read(workspace, contract, declared, done)
            return
        problems = _problems(contract, declared, table, now, list(matched.unknown.values()))
        batch = _batch(contract, last, of, now)
        received_at = time_of_receipt(lake)
        warm_up()
        entry = _entry(contract, declared, batch, received_at, table.columns, rows, problems)
        named = {name: table.columns[place] for name, place in matched.columns.items()}
        cells = {name: named.get(name) for name in spec.names if name not in (BATCH, ROW, RECEIVED_AT, EXTRA)}
        extra = {key: table.columns[place] for place, key in matched.unknown.items()}
        portion = table.portion(news, rows, cells, extra, {BATCH: batch, RECEIVED_AT: received_at})
        with lake.engine.read_postgres(snapshot, portion, spec) as read:
            is_new = lake.append(spec, read, once=batch, metadata=_Reading(of, now, entry).to_json())
    lake.make_durable(spec.id)
    lake.append_rows(BATCHES, [entry], once=batch)
    lake.make_durable(BATCHES.id)
    if not is_new:  # raw's log was cleared of the mark, and the rows are there
        return
    done.new += 1
    done.rows += rows
    done.problems += problems


def _mend(lake: Lake, last: _Reading) -> None:
    """Write the entry of a batch that raw holds and quality/batch does not, because a crash came in between."""
    entries = lake.delta(BATCHES.id)
    if entries is None or not delta_rs.has_committed(entries, last.entry.batch):
        lake.append_rows(BATCHES, [last.entry], once=last.entry.batch)


def _batch(contract: Contract, last: _Reading | None, of: tuple[str, ...], now: Mark) -> str:
    """The same for the same rows after the same reading, on every engine; no two readings of a source share one."""
    identity = json.dumps([last.entry.batch if last else None, of, dataclasses.astuple(now)])
    return f"{contract.name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def _entry(
    contract: Contract,
    declared: SourceTable,
    batch: str,
    received_at: datetime.datetime,
    header: tuple[str, ...],
    rows: int,
    problems: list[Problem],
) -> BatchEntry:
    return BatchEntry(
        batch=batch,
        source=contract.name,
        file=declared.name,
        sha256=None,
        bytes=None,
        received_at=received_at,
        format="postgresql",
        encoding=None,
        delimiter=None,
        header=list(header),
        rows=rows,
        readable=True,
        problems=[str(problem) for problem in problems],
        problems_zh=[problem.in_chinese for problem in problems],
    )


def _problems(
    contract: Contract, declared: SourceTable, table: PostgresTable, now: Mark, unknown: list[str]
) -> list[Problem]:
    """What does not keep the table from being read, and yet somebody should mend."""
    found = []
    if unknown:
        found.append(
            Problem(
                declared.name,
                f"the contract {contract.name} has no such columns: {cut(', '.join(unknown))}; their cells are kept "
                "aside",
                "add them to the contract's columns or aliases, or name a view without them",
                column=unknown[0],
                zh=(
                    f"契约 {contract.name} 没有这些列：{cut('、'.join(unknown))}；其单元格另行保存",
                    "请把它们加进契约的列或别名，或改用不含它们的视图",
                ),
            )
        )
    if now.unordered == NO_ROWS:
        return found
    again, chinese = "; whenever one of them is written, all of them are read again", "其中任何一行写入时，全部重读"
    if count := table.without_watermark():
        what = f"{count} rows have no watermark{again}"
        todo = "ask the agency to fill the column, also for the rows that are there, and to make it NOT NULL"
        zh = (f"{count} 行没有水位值；{chinese}", "请机构填写该列（已有的行也要填），并设为 NOT NULL")
        found.append(Problem(declared.name, what, todo, column=declared.watermark, zh=zh))
    if count := table.in_the_future():
        what = f"{count} rows have a watermark in the future{again}"
        todo = "ask the agency to correct them and the clock of the system that writes them"
        zh = (f"{count} 行的水位值在将来；{chinese}", "请机构改正这些值和写入系统的时钟")
        found.append(Problem(declared.name, what, todo, column=declared.watermark, zh=zh))
    return found
