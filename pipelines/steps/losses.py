"""What changed declarations would take out of standard: more than a reject limit's worth waits for a person's word."""

from __future__ import annotations

import datetime

import ibis.expr.types as ir

from pipelines import clock
from pipelines.declarations.contract import Contract
from pipelines.errors import LakeError
from pipelines.lake.lake import Lake
from pipelines.project.digest import standard_digest
from pipelines.project.workspace import Workspace
from pipelines.rules.gate import Weighed
from pipelines.rules.verdicts import Person, batches_of
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.typed_rows import DELETED
from pipelines.tables.specs import AS_SENT, CONFIRMATIONS, raw_spec, standard_spec
from pipelines.tables.verdict import Verdict

MOST_NAMED = 3
Renamed = tuple[list[str], list[str]]  # columns declared no more, and those declared since that hold nothing


class RowsWouldGoError(LakeError):
    """Changed declarations would take rows or a column's values out of standard; nothing of the source was written."""

    kind = "rows would go"

    def __init__(self, what: str, todo: str = "") -> None:
        super().__init__(what, todo, exit_code=2)


def check_loss(workspace: Workspace, contract: Contract, standing: ir.Table, weighed: Weighed | None) -> None:
    """Compare what stands in standard with what would stand for each key under the declarations as they are now.

    Raises RowsWouldGoError where all rows would go, or more than the contract's `reject_limit` of them and at least
    `reject_least`, or where a renamed column would be empty until it is read again; unless a person has confirmed it.
    """
    lake, spec = workspace.lake, standard_spec(workspace.catalog, contract)
    state = lake.state(spec.id)
    if state is None or not state.rows:
        return
    stored = {field.name for field in state.delta.schema().fields}
    there = standing.filter(~standing[DELETED])
    rows = lake.read(spec)
    if stored.issuperset(spec.key) and all(rows[name].type() == there[name].type() for name in spec.key):
        lost = int(lake.engine.scalar(rows.anti_join(there, list(spec.key)).count()))
    else:  # what stands cannot be looked up by its key
        lost = max(0, state.rows - int(lake.engine.scalar(there.count())))
    is_much = lost >= contract.reject_least and lost > contract.reject_limit * state.rows
    renamed = _renamed(workspace, contract, stored)
    if not (lost == state.rows or is_much or renamed) or _is_confirmed(workspace, contract):
        return
    raise RowsWouldGoError(_what(workspace, contract, lost, state.rows, renamed, weighed), _todo(workspace, contract))


def confirm_loss(workspace: Workspace, contract: Contract, reason: str, by: Person) -> None:
    """Let the next run take out of standard what does not stand under the declarations as they are now.

    Raises ValueError where standard stands under them already, or has never been written.
    """
    lake, spec = workspace.lake, standard_spec(workspace.catalog, contract)
    declared, state = standard_digest(workspace.catalog, contract), lake.state(spec.id)
    if state is None or (state.watermark and state.watermark.declarations == declared):
        raise ValueError(
            f"nothing waits to be confirmed: {spec.id.path} "
            + ("was never written" if state is None else "stands under the declarations as they are")
        )
    decided_at = clock.after(lake.engine.scalar(lake.read(CONFIRMATIONS).decided_at.max()))
    keep_confirmation(lake, contract.name, declared, reason, by, decided_at, once=f"{contract.name}:{declared}")


def keep_confirmation(
    lake: Lake, source: str, declarations: str, reason: str, by: Person, decided_at: datetime.datetime, *, once: str
) -> None:
    """Keep a person's word on the declarations of a source, under the name `once`."""
    confirmed = {"source": source, "declarations": declarations, "reason": reason}
    row = {**confirmed, "decided_by": by.name, "account": by.account, "decided_at": decided_at}
    lake.append_rows(CONFIRMATIONS, [row], once=once)
    lake.make_durable(CONFIRMATIONS.id)


def _renamed(workspace: Workspace, contract: Contract, stored: set[str]) -> Renamed | None:
    """Columns of standard that are declared no more, and those declared since of which raw holds no value at all."""
    lake, names = workspace.lake, standard_spec(workspace.catalog, contract).names
    gone = sorted(name for name in stored - {*names} if not name.endswith(AS_SENT))
    new = {column.name: contract.cells[column.header] for column in contract.columns if column.name not in stored}
    if not (gone and new):
        return None
    rows = lake.read(raw_spec(workspace.catalog, contract))
    filled = lake.engine.rows(rows.agg(**{name: rows[cell].count() for name, cell in new.items()}))[0]
    empty = [name for name in new if not filled[name]]
    return (gone, empty) if empty else None


def _is_confirmed(workspace: Workspace, contract: Contract) -> bool:
    kept = workspace.lake.read(CONFIRMATIONS)
    is_of_these = kept.declarations == standard_digest(workspace.catalog, contract)
    return bool(workspace.lake.engine.scalar(kept.filter((kept.source == contract.name) & is_of_these).count()))


def _what(
    workspace: Workspace,
    contract: Contract,
    lost: int,
    rows: int,
    renamed: Renamed | None,
    weighed: Weighed | None,
) -> str:
    what = [f"{contract.name}: {lost:,} of {rows:,} rows would go from standard under the declarations as they are now"]
    if why := _why(weighed) if lost else "":
        what.append(f" ({why})")
    what.append("; nothing of the source was written, nor of what follows from it")
    if renamed:
        what.append(
            f"; {', '.join(renamed[0])} is declared no more, and {', '.join(renamed[1])} holds nothing of what came "
            "before: a renamed column has to be read again"
        )
    return "".join(what)


def _todo(workspace: Workspace, contract: Contract) -> str:
    name, command = contract.name, workspace.settings.command
    ways = ["take the change back"]
    if first := _first_day(workspace.lake, contract):
        ways.append(f"read the originals again with `{command('backfill', name, '--from', first)}`, then run")
    return "; or ".join([*ways, f"confirm the loss with `{command('gate', 'confirm', name)}`, then run"])


def _why(weighed: Weighed | None) -> str:
    """The critical rules that the most rows break, and how many batches would be held."""
    if weighed is None:
        return ""
    broken: dict[str, int] = {}
    for result in weighed.results:
        if result.severity == "critical" and result.broken and result.evaluated is not None:
            broken[result.rule] = broken.get(result.rule, 0) + result.broken
    most = sorted(broken.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMED]
    causes = [f"{rule} broken by {count:,}" for rule, count in most]
    held = [judged for judged in weighed.in_order if judged.verdict == Verdict.HELD]
    return ", ".join([*causes, *([f"{len(held)} of {len(weighed.in_order)} batches held"] if held else [])])


def _first_day(lake: Lake, contract: Contract) -> str | None:
    """The day of the first receipt of a file; None where none is kept."""
    if contract.table:
        return None
    received = [entry.received_at for entry in batches_of(lake, contract.name) if entry.sha256]
    return min(received).astimezone(PEOPLE_TIME).date().isoformat() if received else None
