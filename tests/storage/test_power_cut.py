"""A power cut at any moment: what was acknowledged or ingested is on the disk before its last copy elsewhere goes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.power_cut import can_mount
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import decide
from pipelines.service import deliver as service
from pipelines.steps.ingest import Ingested, ingest_files
from pipelines.tables.specs import BATCHES
from pipelines.tables.verdict import Verdict
from tests.service.test_push_delivery import queue
from tests.support.deliveries import Delivered, deliver, household, json_lines
from tests.support.fsyncs import Disk, recorded
from tests.support.place import PROJECT, Place
from tests.support.pushing import AGENCY, Pushed
from tests.support.pushing import SOURCE as DEATHS
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
PUSHED = "push-00000001-0123abcd.jsonl"
ROWS = [household(number) for number in range(3)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def place(tmp_path: Path, project: Path) -> Place:
    return Place(tmp_path, project=project)


def ingested(workspace: Workspace) -> Ingested:
    return ingest_files(workspace, workspace.catalog.contracts[SOURCE])


def entries(place: Place, table: str) -> list[Path]:
    return sorted((place.lake / table / "_delta_log").glob("*.json"))


def kept(place: Place, path: Path) -> Path:
    return place.lake / "raw/_files" / (hashlib.sha256(path.read_bytes()).hexdigest() + path.suffix)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    with recorded(monkeypatch) as disk:
        yield disk


def at_removal(monkeypatch: pytest.MonkeyPatch, look: Callable[[Path], None]) -> None:
    """Look at each file just before it is removed."""
    unlink = os.unlink

    def looked(path: Path, **options: int) -> None:
        look(Path(path))
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", looked)


def test_pushed_rows_are_on_the_disk_before_their_file_is_removed(
    place: Place, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: dict[str, list[str]] = {}

    def look(path: Path) -> None:
        if path.name.startswith("push-"):
            tables = (place.lake / "raw", place.lake / BATCHES.id.path)
            lost[path.name] = disk.would_be_lost(*tables, under=place.folder)

    at_removal(monkeypatch, look)
    with place.opened() as at:
        for number, name in enumerate((PUSHED, PUSHED.replace("1-", "2-"))):
            deliver(place.landing, SOURCE, name, json_lines(ROWS[number:]))
            assert ingested(at.workspace).new == 1
    assert lost == {PUSHED: [], PUSHED.replace("1-", "2-"): []}
    assert list((place.landing / SOURCE).iterdir()) == []


def test_a_file_that_another_process_took_is_removed_once_it_is_on_the_disk(
    place: Place, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between listing a batch and removing its file: the next process knows of nothing that was written."""
    file = deliver(place.landing, SOURCE, PUSHED, json_lines(ROWS))
    content = file.read_bytes()
    with place.opened() as at:
        ingested(at.workspace)
    deliver(place.landing, SOURCE, PUSHED, content)
    kept(place, file).write_bytes(b"")  # as a cut leaves it
    disk.written.clear()
    lost: list[str] = ["nothing was removed"]

    def look(path: Path) -> None:
        if path == file:
            lost[:] = disk.would_be_lost(place.lake / "raw", place.lake / BATCHES.id.path, under=place.folder)
            assert kept(place, file).read_bytes() == content

    at_removal(monkeypatch, look)
    with place.opened() as at:
        assert ingested(at.workspace).known == 1
    assert lost == []


def test_originals_come_before_rows_and_rows_before_the_list_of_batches(place: Place, disk: Disk) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def look(path: Path) -> None:
        if path.is_file():
            seen[path.relative_to(place.lake).as_posix()] = (len(entries(place, f"raw/{SOURCE}")), len(listed()))

    def listed() -> list[Path]:
        return entries(place, BATCHES.id.path)

    disk.on_sync = look
    file = Delivered(SOURCE, "1.csv", ROWS).write(place.landing)
    with place.opened() as at:
        ingested(at.workspace)
    name = kept(place, file).relative_to(place.lake).as_posix()
    assert seen[f"{name}.part"] == (0, 0)
    assert seen[f"raw/{SOURCE}/_delta_log/{0:020d}.json"] == (1, 0)
    assert [counts for path, counts in seen.items() if path.endswith(".parquet") and SOURCE in path] == [(1, 0)]
    assert disk.would_be_lost(place.lake / "raw", place.lake / BATCHES.id.path, under=place.lake) == []


@pytest.mark.parametrize("left", [b"", b"x"], ids=["empty", "other bytes"])
def test_an_original_that_is_not_whole_is_copied_again(place: Place, left: bytes) -> None:
    file = Delivered(SOURCE, "1.csv", ROWS).write(place.landing)
    kept(place, file).parent.mkdir(parents=True)
    kept(place, file).write_bytes(left * file.stat().st_size)
    with place.opened() as at:
        done = ingested(at.workspace)
        assert (done.rows, done.problems) == (len(ROWS), [])
    assert kept(place, file).read_bytes() == file.read_bytes()


def test_a_persons_decision_is_on_the_disk_when_it_is_acknowledged(place: Place, disk: Disk) -> None:
    deliver(place.landing, SOURCE, "1.csv", b"\x00\x01")
    held = place.run().held
    with place.opened() as at:
        decide(at.workspace.lake, held[0], Verdict.REJECTED, "测试")
    assert disk.would_be_lost(place.lake / "quality/batch_verdict", under=place.lake) == []


def test_a_segment_is_on_the_disk_before_its_payloads_are_let_go(tmp_path: Path, disk: Disk) -> None:
    pushed = Pushed(tmp_path / "new")
    queue(pushed.settings, (AGENCY, "a", [1, 2]))
    folder = pushed.settings.landing / DEATHS
    lost: list[list[str]] = []

    def look(_: sa.Connection) -> None:
        if list(folder.glob("push-*")):
            lost.append(disk.would_be_lost(folder, under=folder.parent))

    sa.event.listen(sa.Engine, "commit", look)
    try:
        service.deliver_pushed(pushed.settings)
    finally:
        sa.event.remove(sa.Engine, "commit", look)
    assert lost
    assert [file for file in lost if file] == []


@pytest.mark.parametrize("torn", ["entry", "data"])
def test_a_run_after_a_cut_goes_on_where_a_commit_is_in_pieces(place: Place, torn: str) -> None:
    Delivered(SOURCE, "1.csv", ROWS).write(place.landing)
    place.run()
    for table in ("foundation/person/person", f"standard/{SOURCE}", f"raw/{SOURCE}"):
        if torn == "entry":
            entries(place, table)[-1].write_bytes(b"")
        else:
            next((place.lake / table).glob("*.parquet")).write_bytes(b"")
    done = place.run()
    problems = "\n".join(map(str, done.problems))
    assert f"standard/{SOURCE}: was not whole in its newest commits" in problems
    assert "foundation/person/person: was not whole" in problems
    assert place.run().problems == []
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == len(at.raw(SOURCE)) == len(ROWS)


@pytest.mark.skipif(not can_mount(), reason="this account may not mount")
def test_a_disk_that_is_cut_off_keeps_what_was_acknowledged() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/power_cut.py", "--seconds", "0"],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 cuts, 0 failures" in done.stdout
