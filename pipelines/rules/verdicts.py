"""Verdicts on batches: the gate's own, which follows the rules of the day, and people's, which stand."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from pipelines import clock
from pipelines.declarations.rule import BATCH, ROW_NUMBER
from pipelines.lake.lake import Lake
from pipelines.modelling import latest
from pipelines.tables.rows import BatchEntry, VerdictRow
from pipelines.tables.specs import BATCHES, VERDICTS
from pipelines.tables.table import TableSpec
from pipelines.tables.verdict import BY_PEOPLE, DECIDES, TAKES_BACK, Verdict

# What a batch whose rows cannot be typed is held for: nobody can release it.
TYPABLE = "batch.typable"
MOST_NAMED = 10


@dataclass(frozen=True)
class Judged:
    """The verdict on one batch. `accepted` rows keep every critical rule; `flagged` ones of them break a warning."""

    batch: str
    source: str
    file: str
    verdict: Verdict
    rules: tuple[str, ...]
    rows: int
    accepted: int
    flagged: int
    quarantined: int

    def repeats(self, before: VerdictRow | None) -> bool:
        """Whether the gate's verdict `before` says the same."""
        if before is None or before.rules is None:
            return False
        names = ("verdict", "rows", "accepted", "flagged", "quarantined")
        same = all(getattr(self, name) == getattr(before, name) for name in names)
        return same and self.rules == tuple(before.rules)


def batches_of(lake: Lake, source: str | None = None) -> list[BatchEntry]:
    """The delivered files of a source (all), oldest first."""
    batches = lake.read(BATCHES)
    asked = batches if source is None else batches.filter(batches.source == source)
    return [BatchEntry(**row) for row in lake.engine.rows(asked.order_by("received_at", "file"))]


def batches_by_source(lake: Lake) -> dict[str, list[BatchEntry]]:
    """The delivered files of every source that has any, oldest first."""
    found: dict[str, list[BatchEntry]] = {}
    for entry in batches_of(lake):
        found.setdefault(entry.source, []).append(entry)
    return found


def verdicts_of(lake: Lake, source: str | None = None) -> dict[str, Verdict]:
    """The verdict that stands on each judged batch: a person's last one, or else the gate's."""
    return {row["batch"]: Verdict(row["verdict"]) for row in lake.engine.rows(in_order(on_batches(lake, source)))}


def on_batches(lake: Lake, source: str | None = None) -> ir.Table:
    """Verdicts on whole batches, of one source or all."""
    decided = lake.read(VERDICTS)
    whole = decided.filter(decided["row"].isnull())
    return whole if source is None else whole.filter(whole.source == source)


def verdicts_with(standing: Mapping[str, Verdict], judged: Sequence[Judged]) -> dict[str, Verdict]:
    """The verdicts that would stand were the gate's on `judged` written: what people decided stands."""
    own = {found.batch: found.verdict for found in judged if standing.get(found.batch) not in BY_PEOPLE}
    return {**standing, **own}


def in_order(decided: ir.Table) -> ir.Table:
    """Verdicts that count, those that count before others last."""
    counting = _counting(decided)
    return counting.order_by(counting.verdict.isin(BY_PEOPLE), "decided_at")


def last_verdicts(lake: Lake) -> ir.Table:
    """The verdict that stands on each judged batch, as `verdicts_of`."""
    counting = _counting(on_batches(lake))
    weighed = counting.mutate(_by_people=counting.verdict.isin(BY_PEOPLE))
    return latest(weighed, key="batch", order=["_by_people", "decided_at"])


def unjudged_sources(lake: Lake) -> set[str]:
    """The sources of batches on which there is no verdict yet."""
    waiting = lake.read(BATCHES).anti_join(_counting(on_batches(lake)), "batch")
    return {row["source"] for row in lake.engine.rows(waiting.select("source").distinct())}


def _counting(decided: ir.Table) -> ir.Table:
    """The gate may judge anew, but what people decided stands.

    What was revoked counts no more, and neither does the revocation itself.
    """
    taken_back = decided.filter(decided.verdict == Verdict.REVOKED)
    revoked = taken_back.group_by(revoked_batch=taken_back.batch).agg(revoked_at=taken_back.decided_at.max())
    met = decided.left_join(revoked, decided.batch == revoked.revoked_batch)
    is_by_people = met.verdict.isin(BY_PEOPLE)
    counting = met.filter(~is_by_people | met.revoked_at.isnull() | (met.decided_at > met.revoked_at))
    return counting.select(*decided.columns)


def gate_verdicts(lake: Lake, source: str) -> dict[str, VerdictRow]:
    """The gate's last verdict on each batch of a source, with its counts."""
    own = by_gate(lake)
    rows = lake.engine.rows(own.filter(own.source == source).order_by("decided_at"))
    return {row["batch"]: VerdictRow.read(row) for row in rows}


def by_gate(lake: Lake) -> ir.Table:
    """The gate's last verdict on each batch, whatever people decided: those before it were by other rules."""
    decided = on_batches(lake)
    own = decided.filter(decided.verdict.notin(BY_PEOPLE))
    return latest(own, key="batch", order=["decided_at"])


def as_untypable(lake: Lake, source: str, batches: Sequence[str]) -> list[Judged]:
    """Batches whose rows the engine cannot type, as held: so they stop nobody."""
    known = {entry.batch: entry for entry in batches_of(lake, source)}
    return [
        Judged(batch, source, known[batch].file, Verdict.HELD, (TYPABLE,), known[batch].rows, 0, 0, 0)
        for batch in batches
    ]


def write_untypable(lake: Lake, source: str, held: Sequence[Judged]) -> None:
    """Hold batches whose rows the engine cannot type."""
    moment = moment_of_decision(lake)
    rows = [verdict_row(untyped.batch, source, Verdict.HELD, f"gate: {TYPABLE}", moment, untyped) for untyped in held]
    lake.append_rows(
        VERDICTS, rows, once=f"{TYPABLE}:{','.join(untyped.batch for untyped in held)}:{moment.isoformat()}"
    )


def untypable(lake: Lake, source: str) -> list[str]:
    """The batches of a source whose rows could not be typed."""
    return sorted(name for name, row in gate_verdicts(lake, source).items() if TYPABLE in (row.rules or ()))


EPOCH, MICROSECOND = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), clock.MICROSECOND


NEVER = ("0", 0)  # what is said of a source on whose batches there is no verdict


def last_decided(lake: Lake, source: str) -> tuple[str, int]:
    """How many verdicts there are on a source's batches, and when the last one was given (microseconds since 1970)."""
    decided = lake.read(VERDICTS)
    return _last_decided(lake, decided.filter(decided.source == source)).get(source, NEVER)


def last_decisions(lake: Lake) -> dict[str, tuple[str, int]]:
    """The same by source, of every one on whose batches there is a verdict."""
    return _last_decided(lake, lake.read(VERDICTS))


def _last_decided(lake: Lake, decided: ir.Table) -> dict[str, tuple[str, int]]:
    last = lake.engine.rows(decided.group_by("source").agg(verdicts=decided.count(), last=decided.decided_at.max()))
    return {row["source"]: (str(row["verdicts"]), (row["last"] - EPOCH) // MICROSECOND) for row in last}


def decided_since(lake: Lake, source: str, moment: int) -> list[str]:
    """The source's batches that got a verdict after `moment` (microseconds since 1970)."""
    decided = on_batches(lake, source)
    late = decided.filter(decided.decided_at > EPOCH + moment * MICROSECOND)
    return [row["batch"] for row in lake.engine.rows(late.select("batch").distinct())]


def settled_rows(lake: Lake, source: str) -> ir.Table:
    """(batch, row, decided_at) of a source's rows of which people have said that they wait for no correction."""
    decided = lake.read(VERDICTS)
    on_rows = decided.filter((decided.source == source) & decided["row"].notnull())
    last = latest(on_rows, key=["batch", "row"], order=["decided_at"])
    return last.filter(last.verdict == Verdict.SETTLED).select("batch", "row", "decided_at")


def settled_since(lake: Lake, source: str, moment: int) -> ir.Table:
    """The batches of rows that were settled after `moment` (microseconds since 1970)."""
    rows = settled_rows(lake, source)
    return rows.filter(rows.decided_at > EPOCH + moment * MICROSECOND).select("batch").distinct()


def is_taken_back_since(lake: Lake, source: str, moment: int) -> bool:
    """Whether rows of the source that stood may stand no more, by a decision after `moment` (as `last_decided`)."""
    decided = lake.read(VERDICTS)
    late = decided.filter((decided.source == source) & (decided.decided_at > EPOCH + moment * MICROSECOND))
    return bool(lake.engine.scalar(late.filter(late.verdict.isin(TAKES_BACK)).count()))


def sources_decided_since(lake: Lake, moment: int) -> tuple[set[str], int]:
    """The sources of verdicts after `moment`, and when the last one was given (microseconds since 1970)."""
    decided = lake.read(VERDICTS)
    late = decided.filter(decided.decided_at > EPOCH + moment * MICROSECOND)
    found = lake.engine.rows(late.group_by("source").agg(last=late.decided_at.max()))
    return {row["source"] for row in found}, max([moment, *((row["last"] - EPOCH) // MICROSECOND for row in found)])


def gate_reasons(lake: Lake) -> dict[str, str]:
    """Why each batch got the verdict that stands."""
    return {row["batch"]: row["reason"] for row in lake.engine.rows(in_order(on_batches(lake)))}


@dataclass(frozen=True)
class Person:
    """Who decides: the name that they give themselves, if they do, and the account that they work under."""

    name: str | None = None
    account: str | None = None


def decide(lake: Lake, batch: str, verdict: Verdict, reason: str, by: Person | None = None) -> None:
    """A person's decision on a batch: a held one is `released` or `rejected`, a passed one `recalled`.

    `revoked` takes such a decision back, and the gate's verdict stands again. Raises LookupError where there is no such
    batch, ValueError where the verdict that stands cannot be changed in this way.
    """
    known = batch_named(lake, batch)
    before = verdicts_of(lake).get(batch)
    # Or two people would decide at once, each on what the other had not said yet.
    if before in DECIDES[verdict] and lake.hold():
        before = verdicts_of(lake).get(batch)
    if before not in DECIDES[verdict]:
        wanted = " or ".join(DECIDES[verdict])
        raise ValueError(f"batch {batch} is {before or 'not judged yet'}: only a {wanted} batch can be {verdict}")
    if verdict == Verdict.RELEASED and not known.readable:
        raise ValueError(f"batch {batch} holds no readable rows: ask for a new file and reject this one")
    if verdict == Verdict.RELEASED and batch in untypable(lake, known.source):
        raise ValueError(f"the rows of batch {batch} cannot be read as values: ask for a new file and reject this one")
    row = verdict_row(batch, known.source, verdict, reason, moment_of_decision(lake), by=by)
    lake.append_rows(VERDICTS, [row], once=f"{batch}:{verdict}:{_times_decided(lake, batch)}")
    lake.make_durable(VERDICTS.id)  # what the gate says can be worked out again, a person's word cannot


def batch_named(lake: Lake, batch: str) -> BatchEntry:
    """What is on record of a batch. Raises LookupError where there is none of that name."""
    batches = lake.read(BATCHES)
    found = lake.engine.rows(batches.filter(batches.batch == batch))
    if not found:
        raise LookupError(f"there is no batch {batch}; `huiliu gate list` shows those that are held")
    return BatchEntry(**found[0])


def settle(
    lake: Lake, quarantine: TableSpec, batch: str, rows: Sequence[int], reason: str, by: Person | None = None
) -> None:
    """A person's word that `rows` of a batch wait in the source's `quarantine` for no correction any more.

    It is for rows whose key was wrong: nothing that is delivered later under the right key can be told to be of them,
    and whom they are about is not for a program to guess. Raises LookupError where there is no such batch, ValueError
    where one of the rows does not wait.
    """
    lake.hold()
    waiting = lake.read(quarantine)
    there = waiting.filter(waiting[BATCH] == batch).select(row=waiting[ROW_NUMBER])
    _decide_on_rows(lake, batch, rows, there, Verdict.SETTLED, "in quarantine", reason, by)


def unsettle(lake: Lake, batch: str, rows: Sequence[int], reason: str, by: Person | None = None) -> None:
    """Take back that `rows` were settled. Raises LookupError for an unknown batch, ValueError where one is not."""
    lake.hold()
    settled = settled_rows(lake, batch_named(lake, batch).source)
    there = settled.filter(settled.batch == batch).select("row")
    _decide_on_rows(lake, batch, rows, there, Verdict.REVOKED, Verdict.SETTLED, reason, by)


def _decide_on_rows(
    lake: Lake,
    batch: str,
    rows: Sequence[int],
    there: ir.Table,
    verdict: Verdict,
    wanted: str,
    reason: str,
    by: Person | None,
) -> None:
    source, asked = batch_named(lake, batch).source, sorted({*rows})
    found = {int(row["row"]) for row in lake.engine.rows(there.filter(there["row"].isin(asked)))}
    if missing := [row for row in asked if row not in found]:
        named = ", ".join(map(str, missing[:MOST_NAMED])) + (" …" if len(missing) > MOST_NAMED else "")
        raise ValueError(f"batch {batch}: {len(missing)} of the {len(asked)} rows are not {wanted}: {named}")
    moment = moment_of_decision(lake)
    decisions = [verdict_row(batch, source, verdict, reason, moment, by=by, row=row) for row in asked]
    lake.append_rows(VERDICTS, decisions, once=f"{batch}:{verdict}:rows:{moment.isoformat()}")
    lake.make_durable(VERDICTS.id)


def _times_decided(lake: Lake, batch: str) -> int:
    """How often people have decided on a batch: what was decided, revoked and decided again is no repetition."""
    decided = on_batches(lake)
    by_people = decided.filter((decided.batch == batch) & decided.verdict.isin(BY_PEOPLE))
    return int(lake.engine.scalar(by_people.count()))


def moment_of_decision(lake: Lake) -> datetime.datetime:
    """Now, and after every verdict there is: their order decides which one counts, and clocks are set back."""
    last = lake.engine.scalar(lake.read(VERDICTS).decided_at.max())
    return clock.after(last)


def verdict_row(
    batch: str,
    source: str,
    verdict: Verdict,
    reason: str,
    moment: datetime.datetime,
    found: Judged | None = None,
    by: Person | None = None,
    row: int | None = None,
) -> VerdictRow:
    return VerdictRow(
        batch=batch,
        source=source,
        row=row,
        verdict=verdict,
        rules=list(found.rules) if found else [],
        reason=reason,
        decided_at=moment,
        rows=found.rows if found else None,
        accepted=found.accepted if found else None,
        flagged=found.flagged if found else None,
        quarantined=found.quarantined if found else None,
        decided_by=by.name if by else None,
        account=by.account if by else None,
    )
