"""What the gate asks of a whole batch beside its declared rules: its share of rejects, its size, its version column."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.declarations.contract import Contract
from pipelines.readers.header import known_headers, same
from pipelines.rules.counting import BatchCounts
from pipelines.tables.rows import BatchEntry

REJECT_SHARE, SNAPSHOT_SIZE, VERSION_COLUMN = "batch.reject_share", "batch.snapshot_size", "batch.version_column"


def titles(contract: Contract) -> dict[str, str]:
    """What each rule says, for people."""
    return {
        REJECT_SHARE: f"隔离记录不应既达到 {contract.reject_least} 条、又超过 {_share(contract.reject_limit)}",
        SNAPSHOT_SIZE: f"全量交付的记录数不应少于上一次的 {_share(contract.shrink_limit)}",
        VERSION_COLUMN: f"文件应含版本列 {_version_header(contract)}",
    }


def broken_by_batch(contract: Contract, batch: BatchEntry, counted: BatchCounts, rows_before: int | None) -> list[str]:
    """The rules that a batch (its entry in quality/batch) breaks; `rows_before` are those of the last snapshot."""
    rows, broken = batch.rows, []
    if counted.quarantined >= contract.reject_least and counted.quarantined > contract.reject_limit * rows:
        broken.append(REJECT_SHARE)
    # Of few rows a few may go: what would be lost must be as many as rejects must be to hold a batch.
    if rows_before and rows < contract.shrink_limit * rows_before and rows_before - rows >= contract.reject_least:
        broken.append(SNAPSHOT_SIZE)
    if contract.unversioned == "held" and not has_version(contract, batch.header):
        broken.append(VERSION_COLUMN)
    return broken


def has_version(contract: Contract, header: Sequence[str] | None) -> bool:
    """Whether a header (None: not known) names the column by which rows are told older from newer."""
    if contract.version is None or header is None:
        return True
    known, wanted = known_headers(contract), contract.cells[_version_header(contract)]
    return any(known.get(same(name)) == wanted for name in header)


def _version_header(contract: Contract) -> str:
    return contract.column(contract.version).header if contract.version else ""


def _share(limit: float) -> str:
    return f"{limit:.0%}"
