"""A run on a real cluster: it says so when all workers are lost, and goes on right when one is lost in its middle."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.engines import delta_rs
from pipelines.project.workspace import open_project
from pipelines.settings import Settings
from pipelines.steps.tables import all_tables
from pipelines.storage.extensions import load_extension
from simulation import simulate
from tests.support.lakes_compared import connection, differences
from tests.support.spark_cluster import Cluster, EventLog, Worker, eventually, started_cluster

pytestmark = [pytest.mark.spark, pytest.mark.cluster, pytest.mark.whole_lake]

HUILIU = Path(sys.executable).with_name("huiliu")
PEOPLE, SEED = 500, 4
RUN_SECONDS = 1500  # when this machine is busy; by itself the whole module takes a few minutes
PATIENCE_SECONDS = 15
# When and in how many commits something was written differs from lake to lake, and nothing else may.
OF_THE_WRITING = {
    "_received_at",
    "_version",  # where a delivery states none, its receipt
    "decided_at",
    "first_received_at",
    "received_at",
    "released_at",
    "version",
}


@dataclass
class Running:
    """A `huiliu run` in a process of its own, and what it writes while it goes on."""

    process: subprocess.Popen[bytes]
    terminal: Path
    log: EventLog

    def shown(self) -> str:
        return self.terminal.read_text()

    def began(self, step: str) -> bool:
        assert self.process.poll() is None, f"the run ended before its step {step}: {self.shown()}"
        return f"  {step} …" in self.shown()

    def in_the_middle_of(self, step: str, worker: Worker) -> bool:
        """Whether the step has begun and the worker holds shuffled data of this run."""
        return self.began(step) and self.log.shuffled_by(worker.executors()) > 0

    def is_stuck(self) -> bool:
        """Whether a job has begun and does not end: what it waits for is on a worker that does not move."""
        assert self.process.poll() is None, f"the run ended without the worker: {self.shown()}"
        before = self.log.open_jobs()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            return bool(before & self.log.open_jobs())
        return False

    def end(self) -> int:
        code = self.process.wait(RUN_SECONDS)
        eventually("Spark has closed its event log", lambda: self.log.closed, 120)
        return code


# What is shown is that lost work is done again, whatever is declared: a few sources are work enough.
DELIVERED = (
    "household_registration",
    "marriage_registration",
    "death_registration",
    "social_insurance",
    "market_entity",
)


class Place:
    """One landing folder, and lakes that runs on this cluster and in this machine fill from it."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        simulate(PEOPLE, SEED, folder)
        for delivered in (folder / "landing").iterdir():
            if delivered.name not in DELIVERED:
                shutil.rmtree(delivered)

    def lake(self, name: str) -> Path:
        return self.folder / name / "lake"

    def start(self, name: str, lake: str, engine: str) -> Running:
        events, terminal = self.folder / f"events-{name}", self.folder / f"terminal-{name}"
        events.mkdir()
        self.lake(lake).mkdir(parents=True, exist_ok=True)
        conf = {
            "spark.executor.memory": "1g",
            "spark.sql.shuffle.partitions": "2",
            "spark.huiliu.patience": str(PATIENCE_SECONDS),
            "spark.network.timeout": "900s",
            "spark.locality.wait": "0s",
            "spark.ui.enabled": "false",
            # Plans with every element's checks in them would make the event log hundreds of megabytes.
            "spark.sql.maxPlanStringLength": "1000",
            "spark.sql.debug.maxToStringFields": "2",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
        }
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HUILIU_")} | {
            "HUILIU_LANDING": str(self.folder / "landing"),
            "HUILIU_LAKE": str(self.lake(lake)),
            "HUILIU_SETTLE": "0",
            "HUILIU_ENGINE": engine,
            "HUILIU_SPARK_MASTER": self.cluster.url,
            "HUILIU_SPARK_CONF": json.dumps(conf),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # A row that went through Python on a worker would end the run.
            "PYSPARK_PYTHON": "/no/python/on/workers",
        }
        with terminal.open("wb") as written:
            process = subprocess.Popen(
                [HUILIU, "run"], env=surroundings, cwd=self.folder, stdout=written, stderr=subprocess.STDOUT
            )
        return Running(process, terminal, EventLog(events))


@dataclass(frozen=True)
class Story:
    """What happened: a run that lost all workers, then one over the same lake that lost one of two."""

    place: Place
    abandoned: Running
    versions: dict[str, int]
    survived: Running
    lost_bytes: int
    lost_executors: set[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    running: list[Running] = []
    with ended(running), started_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        place = Place(tmp_path_factory.mktemp("cluster-run"), cluster)
        [only] = cluster.add_workers(1)
        running.append(abandoned := place.start("abandoned", "spark", "spark"))
        eventually("work on the worker", lambda: abandoned.began("standardise"), RUN_SECONDS)
        only.perish()
        abandoned.end()
        versions = readable_tables(place.lake("spark"))

        doomed, _ = cluster.add_workers(2)
        running.append(survived := place.start("survived", "spark", "spark"))
        eventually("data on the worker", lambda: survived.in_the_middle_of("integrate", doomed), RUN_SECONDS)
        # It stops moving first, so that the run surely waits for it when it dies.
        doomed.send(signal.SIGSTOP)
        eventually("the run waits for the worker", survived.is_stuck, RUN_SECONDS)
        executors, lost_bytes = doomed.executors(), survived.log.shuffled_by(doomed.executors())
        doomed.perish()
        survived.end()
        yield Story(place, abandoned, versions, survived, lost_bytes, executors)


@contextmanager
def ended(running: list[Running]) -> Iterator[None]:
    """No run outlives the tests; Spark's own process ends with the one that started it."""
    try:
        yield
    finally:
        for process in running:
            process.process.kill()
            process.process.wait()


def readable_tables(lake: Path) -> dict[str, int]:
    """Every table of a lake with its version, each read whole; fails where one cannot be read."""
    found = {}
    with duckdb.connect() as connection:
        load_extension(connection, "delta")
        for log in sorted(lake.rglob("_delta_log")):
            table = log.parent
            connection.execute(f"SELECT count(columns(*)) FROM delta_scan('{table}')").fetchall()
            found[str(table.relative_to(lake))] = delta_rs.stored(str(table)).version()
    return found


def test_a_run_without_workers_ends_with_a_message(story: Story) -> None:
    shown = story.abandoned.shown()
    assert story.abandoned.process.returncode == 3, shown
    assert re.search(rf"^spark Spark on {story.place.cluster.url} had work and no executor", shown, re.MULTILINE)
    assert "what to do:" in shown
    assert "Traceback" not in shown
    assert "Exception" not in shown


def test_the_lake_stays_whole_when_all_workers_are_lost(story: Story) -> None:
    assert any(name.startswith("raw/") for name in story.versions)
    assert not any(name.startswith("foundation/") for name in story.versions)


def test_a_run_that_loses_one_worker_ends_well(story: Story) -> None:
    shown = story.survived.shown()
    assert story.survived.process.returncode in (0, 1), shown  # 1: the demo has batches that are held
    assert "release 1 (new)" in shown


def test_the_lost_worker_had_shuffled_data(story: Story) -> None:
    assert story.lost_bytes > 0


def test_lost_tasks_and_stages_were_done_again(story: Story) -> None:
    log = story.survived.log
    removed = {event["Executor ID"] for event in log.events("ExecutorRemoved")}
    assert story.lost_executors <= removed
    reasons = [event["Task End Reason"]["Reason"] for event in log.events("TaskEnd")]
    assert {"ExecutorLostFailure", "FetchFailed", "Resubmitted"} & set(reasons)
    again = [event for event in log.events("TaskStart") if event["Task Info"]["Attempt"] > 0]
    stages_again = [event for event in log.events("StageSubmitted") if event["Stage Info"]["Stage Attempt ID"] > 0]
    assert again or stages_again


def test_executors_ran_all_the_way_to_the_release(story: Story) -> None:
    jobs = story.survived.log.events("JobEnd")
    assert jobs[-1]["Job Result"]["Result"] == "JobSucceeded"


def test_every_table_equals_the_embedded_engines(story: Story) -> None:
    place = story.place
    embedded = place.start("embedded", "duckdb", "duckdb")
    assert embedded.process.wait(RUN_SECONDS) == story.survived.process.returncode, embedded.shown()
    specs = all_tables(open_project(Settings(landing=place.folder / "landing", lake=place.lake("spark"))))
    assert len(specs) > 50
    with connection() as opened:
        for spec in specs:
            assert differences(opened, spec, place.lake("duckdb"), place.lake("spark"), ignored=OF_THE_WRITING) == []
