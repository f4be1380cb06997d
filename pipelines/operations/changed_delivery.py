"""A delivery in which one key in a thousand has changed, for each source of a lake: what a day brings."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import DELETE_FLAG, Contract
from pipelines.declarations.rule import BATCH, ROW_NUMBER
from pipelines.project.workspace import Workspace
from pipelines.tables.specs import raw_spec, standard_spec

# Of 4096 first triples of a hash in hexadecimal.
CHOSEN = "004"
LATER = datetime.timedelta(days=400)
CHANGED = "（变更）"


def deliver_changes(workspace: Workspace, landing: Path, keys: int | None = None) -> dict[str, int]:
    """Write `landing/<source>/changes.jsonl`, the newest rows of the chosen keys with another text; rows by source.

    `keys` is how many of each source are chosen instead of one in a thousand. Where each delivery is a snapshot, all
    other rows come along as they are.
    """
    written = {}
    for contract in workspace.catalog.contracts.values():
        chosen = workspace.lake.engine.rows(_chosen(workspace, contract, keys))
        rows = [_changed(workspace, contract, row) for row in chosen]
        if contract.is_snapshot:
            places = {(row[BATCH], row[ROW_NUMBER]) for row in chosen}
            every = workspace.lake.engine.rows(_standing(workspace, contract))
            rows += [_sent(contract, row) for row in every if (row[BATCH], row[ROW_NUMBER]) not in places]
        folder = landing / contract.name
        folder.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "changes.jsonl").write_text("".join(lines), encoding="utf-8")
        written[contract.name] = len(rows)
    return written


def _chosen(workspace: Workspace, contract: Contract, keys: int | None) -> ir.Table:
    """Raw's cells of the standing rows of the chosen keys, and the version of each."""
    standing = workspace.lake.read(standard_spec(workspace.catalog, contract))
    key = ibis.literal("/").join([standing[name].cast("string") for name in contract.key])
    mixed = key.hexdigest("md5")
    chosen = standing.order_by(mixed).limit(keys) if keys else standing.filter(mixed.substr(0, 3) < CHOSEN)
    return _standing(workspace, contract, chosen)


def _standing(workspace: Workspace, contract: Contract, rows: ir.Table | None = None) -> ir.Table:
    """Raw's cells of some rows of standard, or of all."""
    catalog, lake = workspace.catalog, workspace.lake
    chosen = lake.read(standard_spec(catalog, contract)) if rows is None else rows
    version = chosen[contract.version] if contract.version else ibis.null("string")
    places = chosen.select(_of_batch=BATCH, _of_row=ROW_NUMBER, _version=version)
    raw = lake.read(raw_spec(catalog, contract))
    return raw.inner_join(places, [(BATCH, "_of_batch"), (ROW_NUMBER, "_of_row")])


def _sent(contract: Contract, row: dict[str, Any]) -> dict[str, str]:
    return {header: row[cell] for header, cell in contract.cells.items() if row[cell] and cell != DELETE_FLAG}


def _changed(workspace: Workspace, contract: Contract, row: dict[str, Any]) -> dict[str, str]:
    """The row as its agency would send it again: the cells that were sent, a later version, and another text."""
    sent = _sent(contract, row)
    if contract.version and isinstance(row["_version"], datetime.datetime | datetime.date):
        sent[contract.column(contract.version).header] = f"{row['_version'] + LATER:%Y-%m-%d}"
    texts = [column.header for column in contract.columns if column.element in ("text", "address", "organisation_name")]
    for header in [header for header in texts if header in sent][:1]:
        sent[header] += CHANGED
    return sent
