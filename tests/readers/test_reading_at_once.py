"""Files of several sources read at once: the same tables, one copy of the same bytes, and one error that is told."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from pipelines.declarations.contract import Contract
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import LeaseError
from pipelines.lake.lake import StoppedError
from pipelines.readers import Delivery, open_delivery
from pipelines.steps import ingest
from pipelines.steps.run import Run, run
from pipelines.tables.layout import standard
from pipelines.tables.specs import BATCHES
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.support.deliveries import Delivered, household, marriage
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

PEOPLE, COUPLES = "household_registration", "marriage_registration"
PATIENCE = 30.0  # seconds until a thread is taken to wait in vain


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def place(project: Path, tmp_path: Path) -> Place:
    """Ten people and five couples, delivered."""
    found = Place(tmp_path, project=project)
    Delivered(PEOPLE, "1.csv", [household(number) for number in range(10)]).write(found.landing)
    Delivered(COUPLES, "1.csv", [marriage(number) for number in range(5)]).write(found.landing)
    return found


def run_by_two(place: Place) -> Run:
    """A run that reads two files at once, on machines with one core too."""
    with place.opened() as at:
        at.workspace.lake.engine.readers = 2
        return run(at.workspace)


def rows_in_raw(place: Place) -> dict[str, int]:
    with place.opened() as at:
        return {source: len(at.raw(source)) for source in (PEOPLE, COUPLES)}


def test_two_sources_are_read_at_the_same_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def met(path: Path, contract: Contract) -> Delivery:
        both.wait()
        return open_delivery(path, contract)

    monkeypatch.setattr(ingest, "open_delivery", met)
    done = run_by_two(place)
    taken = {source: ingested.rows for source, ingested in done.ingested.items() if ingested.new}
    assert taken == {PEOPLE: 10, COUPLES: 5}
    assert rows_in_raw(place) == {PEOPLE: 10, COUPLES: 5}
    assert not run_by_two(place).changed


def test_where_one_source_fails_the_others_commit_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is that of the source that failed, and the next run makes all of it good."""
    with place.opened() as at:
        lake = at.workspace.lake
        lake.engine.readers = 2
        halfway = threading.Event()

        def struck(path: Path, contract: Contract) -> Any:
            if contract.name == PEOPLE:
                assert halfway.wait(PATIENCE)
                raise OSError(28, "No space left on device")
            return _Waiting(open_delivery(path, contract), halfway, lake.stopped)

        monkeypatch.setattr(ingest, "open_delivery", struck)
        with pytest.raises(OSError, match="No space left on device"):
            run(at.workspace)
    assert rows_in_raw(place) == {PEOPLE: 0, COUPLES: 0}
    monkeypatch.undo()
    run_by_two(place)
    assert rows_in_raw(place) == {PEOPLE: 10, COUPLES: 5}


class _Waiting:
    """A delivery whose second batch comes when the run has been stopped."""

    def __init__(self, delivery: Delivery, halfway: threading.Event, stopped: threading.Event) -> None:
        self._delivery, self._halfway, self._stopped = delivery, halfway, stopped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._delivery, name)

    def batches(self) -> pa.RecordBatchReader:
        def waiting() -> Iterator[pa.RecordBatch]:
            for batch in self._delivery.batches():
                yield batch.slice(0, 2)
                self._halfway.set()
                assert self._stopped.wait(PATIENCE)
                yield batch.slice(2)

        return pa.RecordBatchReader.from_batches(self._delivery.schema, waiting())


def test_the_same_bytes_for_two_sources_are_kept_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two cannot read them: its batch is held."""
    shutil.rmtree(place.landing / COUPLES)
    (place.landing / COUPLES).mkdir()
    sent = shutil.copyfile(place.landing / PEOPLE / "1.csv", place.landing / COUPLES / "1.csv").read_bytes()
    copied: list[Path] = []
    original = shutil.copyfile

    def noted(source: Path, target: Path) -> Any:
        copied.append(Path(source))
        return original(source, target)

    monkeypatch.setattr(shutil, "copyfile", noted)
    done = run_by_two(place)
    assert len(copied) == 1
    (kept,) = (place.lake / "raw/_files").iterdir()
    assert kept.name == f"{hashlib.sha256(sent).hexdigest()}.csv"
    assert kept.read_bytes() == sent
    with place.opened() as at:
        assert {row["source"]: row["readable"] for row in at.rows(BATCHES)} == {PEOPLE: True, COUPLES: False}
    assert len(done.held) == 1


NUMBERS = TableSpec(standard("number"), "数", "Numbers.", ("n",), (ColumnSpec("n", "int64", "数"),))


def test_what_is_computed_for_a_table_is_interrupted(tmp_path: Path) -> None:
    """A process that has lost its lease commits none of it."""
    with DuckDBEngine("4GB") as engine:
        few = engine.materialise(ibis.range(0, 20_000).unnest().name("n").as_table(), "few")
        many = few.cross_join(few.view()).select(n=few.n)
        threading.Timer(1.0, engine.interrupt).start()
        with pytest.raises(Exception, match=r"(?i)interrupt"):
            engine.create(str(tmp_path / "one"), NUMBERS, many, "{}")
    assert not list(tmp_path.rglob("*.json"))


def test_who_is_told_to_stop_does_not_wait_for_another_writer(place: Place) -> None:
    place.run()
    with place.opened() as other, place.opened() as at:
        other.workspace.lake.hold()
        threading.Timer(0.5, at.workspace.lake.stopped.set).start()
        with ThreadPoolExecutor() as threads, pytest.raises(LeaseError, match="is being written by"):
            threads.submit(at.workspace.lake.hold).result(PATIENCE)
        with pytest.raises(StoppedError):
            at.workspace.lake.hold()
