"""Power cuts: a disk is copied as it is at some moment, its journal replayed, and what was acknowledged looked for.

`python benchmarks/power_cut.py --seconds 0 2 6` pushes rows, delivers and ingests them on a loop-mounted ext4 file. So
many seconds after each step, and at once before each file that is removed, the disk is copied: what had not been
written through is not in the copy. On each copy the next run is made, and every row that was acknowledged must stand in
raw. `--without-fsync` shows that the harness sees what is lost. Needs an account that may mount.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.database.connection import Database
from pipelines.database.queue import Queue, Request
from pipelines.project.workspace import open_workspace
from pipelines.service.deliver import deliver_pushed
from pipelines.settings import Settings
from pipelines.steps.run import run
from pipelines.tables.specs import raw_spec
from tests.support.deliveries import Delivered, death, household, json_lines
from tests.support.tiny_project import tiny_project

SIZE = "96M"
PUSHED, FILED, AGENCY = "death_registration", "household_registration", "health"
ROUNDS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.0, 2.0, 6.0], help="from a step to the cut")
    parser.add_argument("--without-fsync", action="store_true", help="let nothing of ours be written through")
    options = parser.parse_args(arguments)
    cuts, failures = 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="huiliu-cut-") as folder:
        project = tiny_project(Path(folder, "project"))
        for number, seconds in enumerate(options.seconds):
            work = Path(folder, str(number))
            work.mkdir()
            copies = _Steps(work, project, seconds, options.without_fsync).go()
            for copy in copies:
                failures += [f"{seconds:g} s {copy.when}: {fault}" for fault in _faults(copy, project, work)]
            cuts += len(copies)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{cuts} cuts, {len(failures)} failures")
    return 1 if failures else 0


def can_mount() -> bool:
    """Whether this account may mount a file as a disk."""
    with tempfile.TemporaryDirectory(prefix="huiliu-cut-") as folder:
        try:
            with _mounted(_new_disk(Path(folder, "disk")), Path(folder, "at")):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@dataclass
class _Copy:
    """The disk as a cut left it, when that was, and what had been acknowledged: by source the keys of rows."""

    image: Path
    when: str
    due: dict[str, set[str]]


@dataclass
class _Steps:
    """Rows pushed, delivered and ingested, with a copy of the disk after each step."""

    work: Path
    project: Path
    seconds: float
    careless: bool
    due: dict[str, set[str]] = field(default_factory=lambda: {PUSHED: set(), FILED: set()})
    copies: list[_Copy] = field(default_factory=list)

    def go(self) -> list[_Copy]:
        disk = _new_disk(self.work / "disk")
        with _mounted(disk, self.work / "at") as at, _watched(self._before_removal, self.careless):
            settings = _settings(at, self.project)
            for turn in range(ROUNDS):
                self._push(settings, turn)
                self._cut(f"after push {turn}")
                deliver_pushed(settings)
                self._cut(f"after delivery {turn}")
                self._deliver_file(settings, turn)
                with open_workspace(settings) as workspace:
                    run(workspace)
                self._cut(f"after run {turn}")
        return self.copies

    def _push(self, settings: Settings, turn: int) -> None:
        rows = [death(10 * turn + place) for place in range(3)]
        body = json_lines(rows).encode()
        with Database.of(settings) as database:
            database.upgrade()
            request = Request.of(PUSHED, AGENCY, str(turn), body)
            Queue(database, 100).take(request, body.splitlines(keepends=True))
        self.due[PUSHED] |= {row["公民身份号码"] for row in rows}

    def _deliver_file(self, settings: Settings, turn: int) -> None:
        """An agency's file, which the agency has written through to the disk."""
        rows = [household(10 * turn + place) for place in range(3)]
        path = Delivered(FILED, f"{turn}.csv", rows).write(settings.landing)
        subprocess.run(["sync", path, path.parent], check=True)
        self.due[FILED] |= {row["公民身份号码"] for row in rows}

    def _before_removal(self, path: Path) -> None:
        if path.name.startswith("push-"):
            self._cut(f"before {path.name[:13]} is removed", at_once=True)

    def _cut(self, when: str, at_once: bool = False) -> None:
        time.sleep(0 if at_once else self.seconds)
        image = self.work / f"cut-{len(self.copies)}"
        subprocess.run(["cp", "--sparse=always", self.work / "disk", image], check=True)
        self.copies.append(_Copy(image, when, {source: {*keys} for source, keys in self.due.items()}))


def _faults(copy: _Copy, project: Path, work: Path) -> list[str]:
    """What the next run does not find again of what had been acknowledged at the cut."""
    with _mounted(copy.image, work / f"found-{copy.image.name}") as at:
        settings = _settings(at, project)
        try:
            deliver_pushed(settings)
            settings.landing.mkdir(exist_ok=True)
            with open_workspace(settings) as workspace:
                run(workspace)
                lake, contracts = workspace.lake, workspace.catalog.contracts
                stand = {
                    source: {
                        row["id_number"] for row in lake.engine.rows(lake.read(raw_spec(workspace.catalog, contract)))
                    }
                    for source, contract in contracts.items()
                }
        except Exception as error:
            return [f"the next run fails ({type(error).__name__}: {str(error)[:300]})"]
    return [
        f"{len(lost)} of {len(keys)} rows of {source} are lost"
        for source, keys in copy.due.items()
        if (lost := keys - stand[source])
    ]


def _settings(at: Path, project: Path) -> Settings:
    return Settings(project=project, landing=at / "landing", lake=at / "lake", settle=0, lease_wait=5)


@contextmanager
def _watched(before_removal: Callable[[Path], None], careless: bool) -> Iterator[None]:
    unlink, fsync = os.unlink, os.fsync

    def removing(path: Path, **folder: int) -> None:
        before_removal(Path(path))
        unlink(path, **folder)

    os.unlink = removing  # type: ignore[assignment]
    if careless:
        os.fsync = lambda fd: None
    try:
        yield
    finally:
        os.unlink, os.fsync = unlink, fsync


def _new_disk(image: Path) -> Path:
    subprocess.run(["truncate", "-s", SIZE, image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
    return image


@contextmanager
def _mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, at], check=True, capture_output=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
