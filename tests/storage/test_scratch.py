"""What a process puts aside is gone when it ends, and what a killed one left when the next begins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.storage.scratch import JUST_MADE, LOCK
from tests.support.place import PROJECT

WORKING = "import time; from pipelines.storage.scratch import Scratch; one = Scratch(); print(one.name, flush=True)"


def working(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a scratch folder, made some time ago."""
    command = [sys.executable, "-c", f"{WORKING}; time.sleep(600)"]
    surroundings = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, cwd=PROJECT, env=surroundings, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    earlier = time.time() - 2 * JUST_MADE
    os.utime(folder / LOCK, (earlier, earlier))
    (folder / "spilled").write_text("rows")
    return process, folder


def test_scratch_of_a_killed_run_is_removed_and_that_of_a_running_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "huiliu-of-a-person").mkdir()
    process, folder = working(tmp_path)
    try:
        with DuckDBEngine("2GB"):
            assert (folder / "spilled").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        with DuckDBEngine("2GB"):
            assert not folder.exists()
    finally:
        process.kill()
        if process.stdout:
            process.stdout.close()
    assert [path.name for path in tmp_path.iterdir()] == ["huiliu-of-a-person"]
