"""Rows of the tables that every lake has, each with the columns of its spec, for what is decided or shown."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.tables.verdict import Verdict


class BatchEntry(NamedTuple):
    """A batch as it is listed: one delivered file, or one reading of a table. `received_at` is in UTC.

    What is of files alone is None of a reading, and so is what was noticed of nothing that could be read.
    """

    batch: str
    source: str
    file: str
    sha256: str | None
    bytes: int | None
    received_at: datetime.datetime
    format: str | None
    encoding: str | None
    delimiter: str | None
    header: Sequence[str] | None
    rows: int
    readable: bool
    problems: Sequence[str] | None
    problems_zh: Sequence[str] | None = None
    agency: str | None = None


class VerdictRow(NamedTuple):
    """What was decided about a batch, or about one `row` of it. Counts are the gate's, and None of people's."""

    batch: str
    source: str
    row: int | None
    verdict: Verdict
    rules: Sequence[str] | None
    reason: str
    decided_at: datetime.datetime
    rows: int | None
    accepted: int | None
    flagged: int | None
    quarantined: int | None
    decided_by: str | None
    account: str | None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> VerdictRow:
        """As the lake holds it; raises ValueError where it is no verdict of ours."""
        return cls(**{**row, "verdict": Verdict(row["verdict"])})


class RuleResult(NamedTuple):
    """How a rule fared in a batch: how many rows of those `evaluated` broke it; None is evaluated of a whole batch."""

    batch: str
    source: str
    rule: str
    title: str
    severity: str
    standard: str | None
    evaluated: int | None
    broken: int
