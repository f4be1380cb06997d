"""One small demo for all test processes, made by the real verb, for the tests of what people do after `make demo`."""

from __future__ import annotations

import atexit
import fcntl
import functools
import io
import os
import shutil
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from pipelines.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
PEOPLE = 500


@dataclass(frozen=True)
class Typed:
    """What came of a command: exit code, and what stood on the terminal (stdout, then stderr)."""

    code: int
    shown: str


def huiliu(*arguments: str, where: Path) -> Typed:
    """The verb as typed in the folder `where`, in this process: starting anew for each would cost ten seconds."""
    output, errors = io.StringIO(), io.StringIO()
    typed = patch.object(sys, "argv", ["huiliu", *arguments])
    wide = patch.dict(os.environ, {"COLUMNS": "200"})
    with typed, wide, chdir(where), redirect_stdout(output), redirect_stderr(errors):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
    return Typed(code, output.getvalue() + errors.getvalue())


@functools.cache
def demo_project() -> Path:
    """A folder that looks like the project after `make demo`: its files, and a `demo/` of its own."""
    folder = _project_folder(Path(tempfile.mkdtemp(prefix="huiliu-demo-")))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(_made_demo(), folder / "demo", symlinks=True)
    return folder


def _project_folder(folder: Path) -> Path:
    for path in ROOT.iterdir():
        if path.name != "demo":
            (folder / path.name).symlink_to(path)
    return folder


def _made_demo() -> Path:
    """The demo that all processes of one run of the tests copy: it takes minutes, so the first to ask makes it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"huiliu-demo-of-{run}"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            atexit.register(Path(lock.name).unlink, missing_ok=True)
            made = huiliu("demo", "--people", str(PEOPLE), "--dir", "demo", where=_project_folder(folder))
            assert made.code == 0, made.shown
    return folder / "demo"
