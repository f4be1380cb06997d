"""One piece of work in a process of its own, forked from this one, which has imported everything already.

Great Expectations alone takes seconds to import, and every run that is struck needs a new process. Forking is safe as
long as this process never opens DuckDB or delta-rs itself: their threads would be missing in the forked one.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

PATIENCE = 300.0  # seconds after which a process is taken to hang
_WIDTH, _SIZE = 128, 1 << 20


class Marks:
    """How far the work has come and what came of it, in memory that outlives the process that writes it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    def __getitem__(self, place: int) -> str:
        field = self._memory[place * _WIDTH : (place + 1) * _WIDTH]
        return field.rstrip(b"\0").decode(errors="replace")

    def __setitem__(self, place: int, mark: str) -> None:
        self._memory[place * _WIDTH : (place + 1) * _WIDTH] = mark.encode()[:_WIDTH].ljust(_WIDTH, b"\0")

    step = property(lambda self: self[0], lambda self, mark: self.__setitem__(0, mark))
    struck_at = property(lambda self: self[1], lambda self, mark: self.__setitem__(1, mark))

    def keep(self, result: Any) -> None:
        encoded = json.dumps(result).encode()
        self._memory[2 * _WIDTH : 2 * _WIDTH + len(encoded) + 1] = encoded + b"\0"

    @property
    def result(self) -> Any:
        mark = self._memory[2 * _WIDTH :].split(b"\0", 1)[0]
        return json.loads(mark) if mark else None


@dataclass(frozen=True)
class Ended:
    """How a process ended, in which step, after how many seconds; `struck_at` says where a strike met it."""

    how: Literal["finished", "killed", "failed", "hung"]
    step: str
    struck_at: str
    seconds: float
    result: Any
    error: str


def import_everything() -> None:
    """Import what a run needs, so that forked processes have it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from pipelines.rules.great_expectations import warm_up

    warm_up().join()
    for name in ("steps.run", "project.workspace", "engines.duckdb.engine", "rules.great_expectations.on_duckdb"):
        import_module(f"pipelines.{name}")
    for name in ("ibis.backends.duckdb", "duckdb_extension_delta", "pyarrow.dataset"):
        import_module(name)


def forked(work: Callable[[Marks], Any], scratch: Path, kill_after: float | None = None) -> Ended:
    """Do `work` in a forked process; `kill_after` seconds it is killed. What it prints is kept under `scratch`."""
    marks, started = Marks(), time.monotonic()
    scratch.mkdir(parents=True, exist_ok=True)
    output = scratch / "said.txt"
    if (child := os.fork()) == 0:
        _work(work, marks, output)
    how, signalled = _waited(child, started, kill_after)
    seconds = time.monotonic() - started
    error = "" if how != "failed" else output.read_text(errors="replace").strip()[-4000:]
    struck_at = marks.struck_at or ("at a random time" if signalled else "")
    return Ended(how, marks.step, struck_at, seconds, marks.result, error)


def _work(work: Callable[[Marks], Any], marks: Marks, output: Path) -> None:
    """Never returns: what this process has yet to do belongs to the one it was forked from."""
    code = 1
    try:
        written = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(written, stream)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        tempfile.tempdir = str(output.parent)
        marks.keep(work(marks))
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _waited(
    child: int, started: float, kill_after: float | None
) -> tuple[Literal["finished", "killed", "failed", "hung"], bool]:
    """How the process ended, and whether it was killed from here as it was to be."""
    signalled = hung = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        elapsed = time.monotonic() - started
        hung = elapsed > PATIENCE
        if hung or (kill_after is not None and elapsed >= kill_after and not signalled):
            os.kill(child, signal.SIGKILL)
            signalled = not hung
        time.sleep(0.005)
    if hung:
        return "hung", False
    if os.WIFSIGNALED(status):
        return ("killed", signalled) if os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGSYS) else ("failed", False)
    return ("finished" if os.WEXITSTATUS(status) == 0 else "failed"), False
