"""Sources that no contract declares any more: refused while their rows stand, until a person retires them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines import clock
from pipelines.engines import delta_rs
from pipelines.errors import LakeError, with_todo
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import Person
from pipelines.steps.losses import keep_confirmation
from pipelines.tables import layout
from pipelines.tables.layout import TableId
from pipelines.tables.specs import BATCHES, CONFIRMATIONS

# What stands in the place of declarations where a person has confirmed that there are none any more.
NONE_DECLARED = ""
# What is built from a source's deliveries alone. Its rows in other tables leave with the next run.
BUILT = (layout.standard, layout.withdrawn, layout.quarantine, layout.alias)


class UndeclaredSourceError(LakeError):
    """The lake holds batches of a source that no contract declares any more."""

    kind = "undeclared source"


@dataclass(frozen=True)
class Retired:
    """What a retirement did: how many rows left the source's own tables, and how many raw keeps."""

    source: str
    rows: int
    kept: int


def retired_sources(lake: Lake) -> set[str]:
    """Sources that were retired, and from which nothing has come since."""
    confirmations, batches = lake.read(CONFIRMATIONS), lake.read(BATCHES)
    removals = confirmations.filter(confirmations.declarations == NONE_DECLARED)
    retired = removals.group_by("source").agg(at=removals.decided_at.max())
    since = batches.inner_join(retired, "source")
    later = since.filter(since.received_at > since.at).select("source")
    return {str(row["source"]) for row in lake.engine.rows(retired.anti_join(later, "source").select("source"))}


def check_declared(workspace: Workspace) -> None:
    """Raise UndeclaredSourceError where the lake holds batches of sources that are neither declared nor retired.

    Their rows stand in golden records and in cities' tables: a file that was lost must not take them out of there.
    """
    lake = workspace.lake
    with lake.lock:
        batches = lake.read(BATCHES)
        gone = batches.filter(batches.source.notin(sorted(workspace.catalog.contracts)))
        found = lake.engine.rows(gone.group_by("source").agg(batches=gone.count()).order_by("source"))
        retired = retired_sources(lake) if found else set()
    found = [row for row in found if row["source"] not in retired]
    if not found:
        return
    command = workspace.settings.command
    listed = ", ".join(f"{row['source']} ({row['batches']} batches)" for row in found)
    files = ", ".join(f"foundation_dbs/*/sources/{row['source']}.yml" for row in found)
    retire = "; ".join(f"`{command('source', 'retire', row['source'])}`" for row in found)
    raise UndeclaredSourceError(
        f"the lake {lake.root} holds what was delivered by sources that no contract declares any more: {listed}",
        f"put {files} back (`git log --diff-filter=D -- foundation_dbs` shows who took it away). A source "
        f"that delivers no more keeps its contract; where its rows are to go too, retire it, then run: {retire}",
        2,
    )


def retire(workspace: Workspace, source: str, reason: str, by: Person) -> Retired:
    """Take the rows of a source that is declared no more out of the tables that are its own; raw keeps every row.

    What was built from them loses them with the next run, since its declarations are others. Until the contract comes
    back: then all that raw keeps is standardised anew. Raises ValueError where the source is declared, LookupError
    where it never delivered anything.
    """
    lake = workspace.lake
    if contract := workspace.catalog.contracts.get(source):
        place = workspace.catalog.place_of(contract)
        todo = (
            "remove that file and name the source in no golden record, expectation or model any more, see with "
            f"`{workspace.settings.command('status')}` that the declarations can be read, then retire it. A source "
            "that only delivers no more keeps its contract, and its rows stand"
        )
        raise ValueError(with_todo(f"{source} is declared in {place}", todo))
    batches = lake.read(BATCHES)
    if not lake.engine.scalar(batches.filter(batches.source == source).count()):
        raise LookupError(f"the lake {lake.root} holds nothing of a source {source}")
    lake.hold()
    rows = sum(_emptied(lake, table) for table in _own_tables(lake, source))
    if source not in retired_sources(lake):
        _confirm(lake, source, reason, by)
    return Retired(source, rows, lake.row_count(layout.raw(source)))


def _own_tables(lake: Lake, source: str) -> Iterator[TableId]:
    return (table for table in (place(source) for place in BUILT) if lake.exists(table))


def _emptied(lake: Lake, table: TableId) -> int:
    """Remove every row in one commit, which carries no watermark: under a contract the table is computed anew."""
    rows = lake.row_count(table)
    if rows:
        delta_rs.remove_all_rows(lake.uri(table), "{}")
        lake.make_durable(table)
    return rows


def _confirm(lake: Lake, source: str, reason: str, by: Person) -> None:
    decided_at = clock.after(_last_moment(lake))
    once = f"{source}:retired:{decided_at}"
    keep_confirmation(lake, source, NONE_DECLARED, reason, by, decided_at, once=once)


def _last_moment(lake: Lake) -> datetime.datetime | None:
    """The newest receipt or confirmation: a retirement comes after both, whatever the clock says."""
    moments = (lake.read(CONFIRMATIONS).decided_at.max(), lake.read(BATCHES).received_at.max())
    return max((moment for last in moments if (moment := lake.engine.scalar(last)) is not None), default=None)
