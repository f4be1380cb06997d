"""A table as its log says it is."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass, field
from typing import Any

from deltalake import DeltaTable

from pipelines.engines import delta_files, delta_rs
from pipelines.lake.watermark import Watermark, content_version, written_key


@dataclass(frozen=True)
class State:
    """A table as its log says. `metadata` is what its newest commit says, and `moment` when that was (ms since 1970).

    `stamp` is the file of its newest log entry, `counted` the rows where they are known, `counts` what else was counted
    of them, by what it is, `values` the different ones of columns that were looked at. The log is opened when somebody
    asks for what only it can tell: `opened` is it where it is open already.
    """

    uri: str
    version: int
    table_id: str
    metadata: str | None
    moment: int | None
    stamp: object
    counted: int | None = None
    opened: DeltaTable | None = None
    counts: dict[str, int] = field(default_factory=dict, compare=False)
    values: dict[str, frozenset[Any]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, uri: str, delta: DeltaTable, stamp: object) -> State:
        """What the log says that is open."""
        newest = delta_rs.newest_commit(delta)
        metadata, table_id = delta_rs.last_metadata(delta, newest), str(delta.metadata().id)
        return cls(uri, delta.version(), table_id, metadata, newest.get("timestamp"), stamp, opened=delta)

    @functools.cached_property
    def delta(self) -> DeltaTable:
        """The table; it moves on with what this process writes."""
        return self.opened or delta_rs.at_version(self.uri, self.version)

    @functools.cached_property
    def content(self) -> int:
        """The version that last changed rows."""
        return content_version(self.metadata, self.version)

    @functools.cached_property
    def rows(self) -> int:
        return delta_files.row_count(self.delta) if self.counted is None else self.counted

    @property
    def known_rows(self) -> int | None:
        """The rows where they have been counted."""
        known: int | None = self.__dict__.get("rows", self.counted)
        return known

    @property
    def committed_at(self) -> datetime.datetime | None:
        """When the newest commit was; None where it does not say."""
        return _instant(self.moment)

    @property
    def written_at(self) -> datetime.datetime | None:
        """When the rows came to be what they are; None where the log does not reach back to that."""
        if self.content == self.version:
            return self.committed_at
        commits = delta_rs.history(self.delta, self.delta.version() - self.content + 1)
        return _instant(
            next((commit.get("timestamp") for commit in commits if commit["version"] == self.content), None)
        )

    @functools.cached_property
    def watermark(self) -> Watermark | None:
        return Watermark.from_json(self.metadata)

    @property
    def key(self) -> tuple[str, ...]:
        """The key that the table's rows were written by."""
        return written_key(self.metadata)


def _instant(milliseconds: int | None) -> datetime.datetime | None:
    return None if milliseconds is None else datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
