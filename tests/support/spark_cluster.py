"""A Spark standalone cluster on loopback, from the installed PySpark: a master, and workers that a test may kill."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyspark

from pipelines.engines.spark.java import find_java

SPARK_HOME = Path(pyspark.__file__).parent
# Daemons of Spark log what they did, and so it is known that they are ready.
STARTED = re.compile(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
REGISTERED = re.compile(r"Successfully registered with master")
READY_SECONDS = 180
Found = TypeVar("Found")


def eventually(what: str, look: Callable[[], Found | None], seconds: float) -> Found:
    """What `look` finds as soon as it finds something; fails the test where that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


def unused_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Daemon:
    """A process of the cluster in a process group of its own, with its folder and its log."""

    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, *command: str) -> None:
        self.folder.mkdir(parents=True)
        surroundings = {
            "PATH": os.defpath,
            "JAVA_HOME": str(find_java().home),
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            # A worker that a test lets stand still is not given up before it is killed.
            "SPARK_MASTER_OPTS": "-Dspark.worker.timeout=900",
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [SPARK_HOME / "bin" / "spark-class", *command],
                env=surroundings,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def logged(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        text = self.log.read_text(errors="replace")
        assert self.process.poll() is None, f"it ended at once: {text[-2000:]}"
        return pattern.search(text)

    def send(self, number: signal.Signals) -> None:
        """A signal to the process and its children: a worker's executors are in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()


class Worker(Daemon):
    """A worker with one core; its executors keep shuffled data in its own local folder."""

    def executors(self) -> set[str]:
        """Ids of the executors that it was given."""
        return {path.name for path in (self.folder / "work").glob("app-*/*")}

    def perish(self) -> None:
        """As a machine does that burns down: processes and data gone at once, and no word to anybody."""
        self.kill()
        for name in ("local", "work"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


class Cluster:
    """A running master and the workers that were started. `url` is its `HUILIU_SPARK_MASTER`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[Worker] = []
        self.master = Daemon(folder / "master")
        self.url = ""

    def start(self) -> None:
        self.master.start(
            "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"
        )
        self.url = eventually("the master is up", lambda: self.master.logged(STARTED), READY_SECONDS)[1]

    def add_workers(self, count: int, memory: str = "1g") -> list[Worker]:
        added = [Worker(self.folder / f"worker{len(self.workers) + n}") for n in range(count)]
        self.workers += added
        for worker in added:
            limits = ("--cores", "1", "--memory", memory)
            places = ("--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(worker.folder / "work"))
            worker.start("org.apache.spark.deploy.worker.Worker", *limits, *places, self.url)
        for worker in added:
            eventually("a worker has registered", functools.partial(worker.logged, REGISTERED), READY_SECONDS)
        return added

    def stop(self) -> None:
        for daemon in (*self.workers, self.master):
            if hasattr(daemon, "process"):
                daemon.kill()


@contextmanager
def started_cluster(folder: Path) -> Iterator[Cluster]:
    """A master, without workers yet; whatever was started is killed in the end."""
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class EventLog:
    """What Spark's driver wrote about its own run, event by event, while it goes on and afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read = 0
        self._events: list[dict[str, Any]] = []

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Events so far of the given kinds (such as `StageSubmitted`)."""
        for path in self.folder.glob("app-*"):
            with path.open("rb") as log:
                log.seek(self._read)
                for line in log:
                    if not line.endswith(b"\n"):
                        break  # it is still being written
                    self._read += len(line)
                    # Those of plans are left out: they are nearly all of the log, and not about workers.
                    if line.startswith(b'{"Event":"SparkListener'):
                        self._events.append(json.loads(line))
        wanted = {f"SparkListener{kind}" for kind in kinds}
        return [event for event in self._events if event["Event"] in wanted]

    @property
    def closed(self) -> bool:
        names = [path.name for path in self.folder.glob("app-*")]
        return bool(names) and not any(name.endswith(".inprogress") for name in names)

    def open_jobs(self) -> set[int]:
        """Ids of the jobs that were begun and have not ended."""
        ended = {event["Job ID"] for event in self.events("JobEnd")}
        return {event["Job ID"] for event in self.events("JobStart")} - ended

    def shuffled_by(self, executors: set[str]) -> int:
        """Bytes that tasks of these executors left there for tasks of later stages."""
        return sum(
            event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            for event in self.events("TaskEnd")
            if event["Task Info"]["Executor ID"] in executors and event.get("Task Metrics")
        )
