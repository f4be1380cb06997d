"""The day on which a lake got its newest file: what is valid until a day is held against it, never against today.

The day is the latest receipt in quality/batch, in Asia/Shanghai. Receipts are evidence: they are written once, when a
file is taken into raw, and never change. So the day only moves on, and a rebuild from raw and quality finds the same
one and computes the same tables. Tables that look at it carry it in their watermark; when it has moved on, the rows
that ended between the two days lead to what is to be computed again, though no row of theirs has changed.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from pipelines.lake.lake import NOWHERE, Lake
from pipelines.lake.refresh import Derivation, Scope, Way, keys_of
from pipelines.lake.watermark import Watermark
from pipelines.settings import PEOPLE_TIME
from pipelines.tables.specs import BATCHES
from pipelines.tables.table import TableSpec

INPUT = f"{BATCHES.id}[day]"


@dataclass(frozen=True)
class Ending:
    """An input whose rows count until the day in their column `until`; `way` leads to the keys they are of."""

    spec: TableSpec
    way: Way
    until: str


def newest_day(lake: Lake) -> datetime.date | None:
    """The day of the newest receipt of any source; None in a lake that has never been given a file."""
    newest = lake.engine.scalar(lake.read(BATCHES).received_at.max())
    return newest.astimezone(PEOPLE_TIME).date() if newest else None


def counts_on(rows: ir.Table, until: str, day: datetime.date | None) -> ir.BooleanValue:
    """Whether a row still counts on a day: its last day is not over, or it has none."""
    last = rows[until]
    return last.isnull() | (last >= ibis.literal(day)) if day else ibis.literal(True)


def by_newest_day(lake: Lake, derivation: Derivation, endings: Sequence[Ending]) -> Derivation:
    """The same derivation, of tables that also follow from the newest day, by rows that end."""
    if not endings:
        return derivation

    def watermark() -> Watermark:
        mark = derivation.watermark()
        day = newest_day(lake)
        return Watermark(mark.inputs | {INPUT: ("", day.toordinal() if day else 0)}, mark.declarations)

    def scope(before: Watermark, now: Watermark) -> Scope:
        then, day = before.inputs.get(INPUT), now.inputs[INPUT]
        own = Scope("inputs changed")
        # Rows of a table that was not there yet have all come since: nothing that ended had counted.
        if then is not None or all(_was_nowhere(before, ending) for ending in endings):
            since = then[1] if then else day[1]
            ended = [_ended(lake, ending, derivation.columns, since, day[1]) for ending in endings]
            own = Scope("inputs changed", ibis.union(*ended) if len(ended) > 1 else ended[0])
        if without_day(before) == without_day(now) or own.keys is None:
            return own
        others = derivation.scope(before, now)
        return others if others.keys is None else Scope(others.reason, others.keys.union(own.keys), others.rows)

    return replace(derivation, watermark=watermark, scope=scope)


def without_day(mark: Watermark) -> dict[str, tuple[str, int]]:
    """The inputs of a watermark that are tables."""
    return {path: place for path, place in mark.inputs.items() if path != INPUT}


def _was_nowhere(before: Watermark, ending: Ending) -> bool:
    return before.inputs.get(ending.spec.id.path, NOWHERE) == NOWHERE


def _ended(lake: Lake, ending: Ending, by: Sequence[str], then: int, now: int) -> ir.Table:
    """The keys of the rows that counted on one of two days (ordinals) and not on the other."""
    rows = lake.read(ending.spec)
    first, last = (datetime.date.fromordinal(max(day, 1)) for day in sorted((then, now)))
    ends = rows[ending.until]
    ended = rows.filter((ends >= ibis.literal(first)) & (ends < ibis.literal(last)))
    return keys_of(ended, ending.way, by)
