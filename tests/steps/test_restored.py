"""A lake of which a part is yesterday's copy: the next run takes again what it can, and names the rest."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from pipelines.service.deliver import deliver_pushed
from pipelines.steps.ingest import ingest_files
from pipelines.storage.durable import UNSAFE
from tests.service.test_push_delivery import queue
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.pushing import AGENCY, Pushed
from tests.support.pushing import SOURCE as DEATHS
from tests.support.tiny_project import tiny_project
from tests.support.whole_lakes import lake_differences, lake_faults

SOURCE = "household_registration"
RETURNED = "returns/person/person"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake after two days, `yesterday` beside it, and what an undisturbed lake holds after a third."""
    folder = tmp_path_factory.mktemp("before")
    place = Place(folder, project=tiny_project(folder / "project"))
    first = [household(number) for number in range(6)]
    Delivered(SOURCE, "1.csv", first).write(place.landing)
    place.run()
    shutil.copytree(place.lake, folder / "yesterday")
    later = [household(2, 户籍地区划代码="150103", 更新时间="2026-04-01 08:00:00"), household(7)]
    Delivered(SOURCE, "2.csv", later).write(place.landing)
    place.run()
    shutil.copytree(place.lake, folder / "today")
    third(place)
    place.run()
    return place


def third(place: Place) -> None:
    rows = [household(4, 姓名="测试", 更新时间="2026-05-01 08:00:00"), household(9)]
    Delivered(SOURCE, "3.csv", rows).write(place.landing)


def restored(before: Place, folder: Path, *tables: str) -> Place:
    """Today's lake with yesterday's copies of some tables; nothing lies in its landing folder any more."""
    place = Place(folder, project=before.project)
    shutil.copytree(before.folder / "today", place.lake)
    for table in tables:
        shutil.rmtree(place.lake / table)
        shutil.copytree(before.folder / "yesterday" / table, place.lake / table)
    (place.landing / SOURCE).mkdir(parents=True)
    return place


@pytest.mark.parametrize(
    "tables",
    [
        (f"raw/{SOURCE}",),
        (f"standard/{SOURCE}",),
        ("quality/batch",),
        (f"raw/{SOURCE}", "quality/batch_verdict", "foundation/person/person"),
        (RETURNED,),
    ],
    ids=lambda tables: tables[0].replace("/", "-"),
)
def test_a_table_that_was_restored_catches_up(before: Place, tmp_path: Path, tables: tuple[str, ...]) -> None:
    """With a delivery beside: its commits may get the numbers of those that are gone."""
    place = restored(before, tmp_path, *tables)
    third(place)
    done = place.run()
    assert [str(problem) for problem in done.problems] == []
    assert lake_differences(before.lake, place.lake) == []
    assert [fault for fault in lake_faults(place.lake, place.landing) if "change feed" not in fault] == []


def test_what_cannot_be_taken_again_is_named_with_what_to_do(before: Place, tmp_path: Path) -> None:
    place = restored(before, tmp_path, f"raw/{SOURCE}")
    sha256 = hashlib.sha256((before.landing / SOURCE / "2.csv").read_bytes()).hexdigest()
    lost = place.lake / f"raw/_files/{sha256}.csv"
    lost.write_bytes(lost.read_bytes()[:-1])
    stray = lost.with_name(f"{'0' * 64}.csv")
    stray.touch()
    os.utime(stray, (0, stray.stat().st_mtime - 2 * UNSAFE))
    done = place.huiliu("run")
    assert done.returncode == 1, done.stderr
    text = " ".join((done.stdout + done.stderr).split())
    assert f"the 2 rows of batch {SOURCE}-{sha256[:16]} are not in raw" in text
    assert "from a backup" in text
    assert f"is not kept whole in {lost}" in text
    assert f"{stray}: is the original of a delivery that the list of batches does not have" in text


def test_pushed_rows_that_a_restored_lake_lacks_are_named_or_delivered_again(before: Place, tmp_path: Path) -> None:
    place = restored(before, tmp_path)
    pushed = Pushed(tmp_path, project=before.project)
    queue(pushed.settings, (AGENCY, "a", [1, 2]))
    (segment,) = deliver_pushed(pushed.settings)
    with place.opened() as at:
        ingest_files(at.workspace, at.workspace.catalog.contracts[DEATHS])
    assert list((place.landing / DEATHS).iterdir()) == []
    kept = next((place.lake / "raw/_files").glob("*.jsonl"))
    for table in (f"raw/{DEATHS}", "quality/batch"):
        shutil.rmtree(place.lake / table)
    shutil.copytree(before.folder / "today/quality/batch", place.lake / "quality/batch")
    content = kept.read_bytes()
    kept.unlink()
    named = place.huiliu("run", "--settle", "0")
    assert named.returncode == 1, named.stderr
    text = " ".join((named.stdout + named.stderr).split())
    assert f"{DEATHS}/{segment.file}: 2 rows that {AGENCY} pushed from" in text
    assert "docs/operating.md" in text
    kept.write_bytes(content)
    again = place.huiliu("run", "--settle", "0")
    assert again.returncode == 0, again.stdout + again.stderr
    with place.opened() as at:
        assert len(at.raw(DEATHS)) == 2
