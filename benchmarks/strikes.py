"""Strikes: where a run is killed or its writes fail. They are armed in the process that runs; production knows none."""

from __future__ import annotations

import errno
import functools
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks import kernel
from benchmarks.forked import Marks
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.storage.store import Store

# Every method of the embedded engine that commits.
WRITES = ("create", "append", "merge", "overwrite", "add_columns")
AT_RANDOM = "at a random time"
ORIGINALS = ("while an original is copied", "before an original is in place", "after an original is in place")
ON_WRITES = (
    "before a write",
    "before its rows",
    "after its rows",
    "before a data file is in place",
    "before the log entry",
    "after a write",
)
FULL = ("disk full at a write", "disk full at an original")
BROKEN = ("write error at a data file", "write error at the log entry")
BY_KERNEL = ("before a data file is in place", "before the log entry", *BROKEN)
AT_WRITES = (*ON_WRITES, *BROKEN, FULL[0])
POINTS = (*ON_WRITES, *ORIGINALS, AT_RANDOM, *FULL, *BROKEN)


@dataclass(frozen=True)
class Strike:
    """One strike: where, at the how-manieth commit or kept original of the run, or after which share of its time.

    `spare` is the room in bytes that a full disk still has.
    """

    point: str
    nth: int = 1
    share: float = 0.0
    spare: int = 0

    def __str__(self) -> str:
        if self.point == AT_RANDOM:
            return f"{self.point} ({self.share:.0%})"
        return f"{self.point} {self.nth}" + (f" ({self.spare} bytes left)" if self.point in FULL else "")


def draw(chance: random.Random, writes: int, originals: int) -> Strike:
    """A strike at a run that, undisturbed, makes so many commits and keeps so many originals."""
    times = {point: writes if point in AT_WRITES else 1 if point == AT_RANDOM else originals for point in POINTS}
    possible = [point for point in POINTS if times[point] and (kernel.can_forbid() or point not in BY_KERNEL)]
    point = chance.choice(possible)
    nth = chance.randint(1, times[point])
    return Strike(point, nth, chance.uniform(0.02, 1.05), chance.randrange(0, 20_000))


def count() -> dict[str, int]:
    """Count commits and kept originals from now on, without striking."""
    counted = {"writes": 0, "originals": 0}

    def counting(kind: str) -> Callable[..., Any]:
        def called(original: Callable[..., Any], *positional: Any, **named: Any) -> Any:
            counted[kind] += 1
            return original(*positional, **named)

        return called

    _wrap(DuckDBEngine, WRITES, counting("writes"))
    _wrap(Store, ("keep",), counting("originals"))
    return counted


def arm(strike: Strike, marks: Marks, disk: Path | None) -> None:
    """Let the strike meet this process. `disk` is the disk of memory under the lake, where there is one."""
    if strike.point in AT_WRITES:
        _wrap(DuckDBEngine, WRITES, _Nth(strike, marks, functools.partial(_struck_write, strike, disk)))
    elif strike.point == ORIGINALS[0]:
        _wrap(shutil, ("copyfile",), _Nth(strike, marks, _half_a_copy))
    elif strike.point in ORIGINALS:
        _wrap(Store, ("keep",), _Nth(strike, marks, functools.partial(_struck_keeping, strike)))
    elif strike.point == FULL[1]:
        _wrap(shutil, ("copyfile",), _Nth(strike, marks, functools.partial(_on_a_full_disk, strike, disk)))


def _wrap(owner: Any, names: tuple[str, ...], around: Callable[..., Any]) -> None:
    """Let `around` be called with what was there, and its arguments, in the place of functions or methods."""
    for name in names:
        setattr(owner, name, _wrapped(getattr(owner, name), around))


def _wrapped(original: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*positional: Any, **named: Any) -> Any:
        return around(original, *positional, **named)

    return wrapped


class _Nth:
    """Calls `struck` in the place of the nth call, and what was there before in the place of the others."""

    def __init__(self, strike: Strike, marks: Marks, struck: Callable[..., Any]) -> None:
        self._strike, self._marks, self._struck, self._calls = strike, marks, struck, 0

    def __call__(self, original: Callable[..., Any], *positional: Any, **named: Any) -> Any:
        self._calls += 1
        if self._calls != self._strike.nth:
            return original(*positional, **named)
        self._marks.struck_at = self._strike.point
        return self._struck(original, *positional, **named)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _struck_write(
    strike: Strike, disk: Path | None, original: Callable[..., Any], *positional: Any, **named: Any
) -> Any:
    match strike.point:
        case "before a write":
            _die()
        case "before its rows" | "after its rows":
            positional = tuple(
                _dying(argument, strike) if isinstance(argument, pa.RecordBatchReader) else argument
                for argument in positional
            )
            _wrap(DuckDBEngine, ("stream",), lambda stream, *rows, **how: _dying(stream(*rows, **how), strike))
        case "before a data file is in place":
            kernel.forbid(kernel.RENAMES)
        case "before the log entry":
            kernel.forbid(kernel.LINKS)
        case "write error at a data file":
            kernel.forbid(kernel.RENAMES, errno.EIO)
        case "write error at the log entry":
            kernel.forbid(kernel.LINKS, errno.EIO)
        case "disk full at a write":
            _fill(strike, disk)
    done = original(*positional, **named)
    if strike.point == "after a write":
        _die()
    return done


def _dying(rows: pa.RecordBatchReader, strike: Strike) -> pa.RecordBatchReader:
    """The same rows, whose reader dies before the first or after the last of them."""

    def batches() -> Iterator[pa.RecordBatch]:
        if strike.point == "after its rows":
            yield from rows
        _die()

    return pa.RecordBatchReader.from_batches(rows.schema, batches())


def _half_a_copy(original: Callable[..., Any], source: Path, target: Path, **_: Any) -> None:
    content = Path(source).read_bytes()
    Path(target).write_bytes(content[: len(content) // 2])
    _die()


def _struck_keeping(strike: Strike, original: Callable[..., Any], *positional: Any, **named: Any) -> None:
    if strike.point == "after an original is in place":
        original(*positional, **named)
    _die()


def _on_a_full_disk(
    strike: Strike, disk: Path | None, original: Callable[..., Any], *positional: Any, **named: Any
) -> Any:
    _fill(strike, disk)
    return original(*positional, **named)


def _fill(strike: Strike, disk: Path | None) -> None:
    if disk:
        kernel.fill(disk, strike.spare)
    else:
        kernel.forbid_growth(strike.spare)
