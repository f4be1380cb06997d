"""What people are told when Spark fails, each failure provoked: one message with what to do, and no stack trace."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from dagster_project.failures import told_without_values
from pipelines.engines.spark.failures import SparkFailure, spark_failure, start_failure
from pipelines.engines.spark.java import Java, find_java, installed
from pipelines.engines.spark.launch import addresses
from pipelines.storage.extensions import load_extension
from tests.support.spark_cluster import started_cluster, unused_port

HUILIU = Path(sys.executable).with_name("huiliu")
SECONDS = 600  # when this machine is busy
NO_JAVA = "apt-get install openjdk-17-jre-headless"
SHOWN = re.compile(r"^spark (?P<what>.+); what to do: (?P<todo>.+)\. Every table is at its last commit", re.MULTILINE)


@dataclass(frozen=True)
class Failure:
    """What stood on the terminal of a run that failed."""

    code: int
    shown: str

    @property
    def what(self) -> str:
        found = SHOWN.search(self.shown)
        assert found, self.shown
        assert not re.search(r"Traceback|\.java:|\.scala:|^\s+at ", self.shown, re.MULTILINE), self.shown
        return found["what"]

    @property
    def todo(self) -> str:
        found = SHOWN.search(self.shown)
        assert found, self.shown
        return found["todo"]


def run(folder: Path, conf: dict[str, str] | None = None, **variables: str) -> Failure:
    """`huiliu run` on Spark over an empty landing folder, in a process of its own."""
    (folder / "landing").mkdir(exist_ok=True)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HUILIU_")} | {
        "HUILIU_LANDING": str(folder / "landing"),
        "HUILIU_LAKE": str(folder / "lake"),
        "HUILIU_ENGINE": "spark",
        "HUILIU_SPARK_MASTER": "local[1]",
        "HUILIU_MEMORY": "1GB",
        "HUILIU_SPARK_CONF": json.dumps({"spark.ui.enabled": "false", **(conf or {})}),
        **variables,
    }
    done = subprocess.run(
        [HUILIU, "run"], env=surroundings, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    return Failure(done.returncode, done.stdout + done.stderr)


def pretended_java(folder: Path, version: str) -> Path:
    """The home of a `java` that says it is of another version."""
    program = folder / version / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2018-09-25' >&2\n")
    program.chmod(0o755)
    return program.parents[1]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which no Java is installed but what a test puts into this folder."""
    folder = tmp_path / "jvm"
    folder.mkdir()
    monkeypatch.setattr("pipelines.engines.spark.java.FOLDERS", (folder,))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def test_without_java_one_line_says_what_to_install(only: Path) -> None:
    with pytest.raises(SparkFailure, match=r"needs Java 17.*what to do: " + NO_JAVA) as caught:
        find_java()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("version", "release"), [("11.0.2", 11), ("1.8.0_402", 8), ("25.0.3", 25), ("21", 21)])
def test_another_java_is_named_and_refused(only: Path, version: str, release: int) -> None:
    home = pretended_java(only, version)
    assert [java.release for java in installed()] == [release]
    with pytest.raises(SparkFailure, match=f"there is only Java {re.escape(version)} in {home}.*{NO_JAVA}"):
        find_java()


def test_java_17_is_found_behind_another_on_the_path(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{pretended_java(only, '11.0.2')}/bin")
    monkeypatch.setenv("JAVA_HOME", str(pretended_java(only, "21.0.4")))
    wanted = pretended_java(only, "17.0.15")
    assert find_java() == Java(wanted, "17.0.15")


def test_what_is_no_java_is_passed_over(only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = only / "broken" / "bin"
    broken.mkdir(parents=True)
    (broken / "java").write_text("no program")
    (broken / "java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", "/no/such/folder")
    assert list(installed()) == []


@pytest.mark.parametrize(
    ("master", "found"),
    [
        ("local[*]", []),
        ("yarn", []),
        ("spark://a.example:7077", [("a.example", 7077)]),
        ("spark://a:7077,b:7078", [("a", 7077), ("b", 7078)]),
        ("k8s://https://c:6443", [("c", 6443)]),
        ("k8s://https://c", [("c", 443)]),
        ("k8s://http://c/path", [("c", 80)]),
    ],
)
def test_addresses_of_a_master(master: str, found: list[tuple[str, int]]) -> None:
    assert list(addresses(master)) == found


def test_the_embedded_install_says_how_to_get_spark() -> None:
    program = (
        "import sys; sys.modules['pyspark'] = None; import os; os.environ['HUILIU_ENGINE'] = 'spark';"
        "sys.argv = ['huiliu', 'run']; from pipelines.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=SECONDS)
    failure = Failure(done.returncode, done.stderr)
    assert failure.code == 2
    assert "not installed" in failure.what
    assert "requirements-spark.txt" in failure.todo


def test_dagster_keeps_the_same_message() -> None:
    with pytest.raises(SparkFailure, match="not installed here"), told_without_values("a task"):
        raise ModuleNotFoundError("No module named 'pyspark'", name="pyspark")


def test_a_mistake_of_ours_is_not_taken_for_sparks() -> None:
    assert spark_failure(ValueError("java.lang.OutOfMemoryError")) is None
    assert spark_failure(ModuleNotFoundError("no", name="duckdb")) is None


def test_what_fails_at_the_start_for_an_unknown_reason_names_the_master() -> None:
    failure = start_failure(RuntimeError("of the data"), "330100199001011234", "spark://a:7077")
    assert "did not start on spark://a:7077" in str(failure)
    assert "of the data" not in str(failure)
    assert "330100199001011234" not in str(failure)


@pytest.mark.spark
def test_an_unreachable_cluster_is_told_at_once(tmp_path: Path) -> None:
    master = f"spark://127.0.0.1:{unused_port()}"
    failure = run(tmp_path, HUILIU_SPARK_MASTER=master)
    assert failure.code == 3
    assert failure.what == f"the Spark cluster at {master} cannot be reached (Connection refused)"
    assert "HUILIU_SPARK_MASTER" in failure.todo


@pytest.mark.spark
def test_a_jar_that_no_repository_has_is_named(tmp_path: Path) -> None:
    """Nothing is fetched from anywhere: the only repository is a port on which nobody listens."""
    settings = tmp_path / "ivysettings.xml"
    settings.write_text(
        '<ivysettings><settings defaultResolver="there"/><resolvers><ibiblio name="there" m2compatible="true" '
        f'root="http://127.0.0.1:{unused_port()}/"/></resolvers></ivysettings>'
    )
    conf = {
        "spark.jars.packages": "org.example:missing-part_2.13:1.0",
        "spark.jars.ivy": str(tmp_path / "ivy"),
        "spark.jars.ivySettings": str(settings),
    }
    failure = run(tmp_path, conf)
    assert failure.code == 3
    assert failure.what == (
        "Spark's jars are not here, and the repositories cannot be reached: org.example:missing-part_2.13:1.0"
    )
    assert "spark.jars.ivySettings" in failure.todo


@pytest.mark.spark
@pytest.mark.parametrize("memory", ["1MB", "100MB"])
def test_too_little_memory_for_a_driver_is_told(tmp_path: Path, memory: str) -> None:
    failure = run(tmp_path, HUILIU_MEMORY=memory)
    assert failure.code == 2
    assert "cannot start with the memory that is set" in failure.what
    assert "HUILIU_MEMORY" in failure.todo


@pytest.mark.spark
def test_a_yarn_that_nothing_describes_is_told(tmp_path: Path) -> None:
    failure = run(tmp_path, HUILIU_SPARK_MASTER="yarn")
    assert failure.code == 2
    assert "HADOOP_CONF_DIR" in failure.todo


# Two rows that each need more than an executor has, appended to a table; how the error is told, and that it is told.
TOO_MUCH = """
import sys
from pyspark.sql import functions
from pipelines.engines.spark.failures import spark_failure
from pipelines.engines.spark.session import open_session
from pipelines.settings import Settings

session = open_session(Settings())
many = functions.expr("array_join(transform(sequence(1, 60000000), i -> concat('name', i)), '')")
rows = session.range(0, 2, 1, 2).withColumn("name", many)
try:
    rows.write.format("delta").mode("append").save(sys.argv[1])
except Exception as error:
    print("spark", spark_failure(error))
"""


def appended_too_much(table: Path, master: str, conf: dict[str, str]) -> Failure:
    write_deltalake(str(table), pa.table({"id": pa.array([7], pa.int64()), "name": ["here"]}))
    return on_spark(TOO_MUCH, master, conf, str(table))


def on_spark(program: str, master: str, conf: dict[str, str], *arguments: str) -> Failure:
    """A program in a process of its own: a process has one session."""
    surroundings = os.environ | {
        "HUILIU_ENGINE": "spark",
        "HUILIU_SPARK_MASTER": master,
        "HUILIU_MEMORY": "600MB",
        "HUILIU_SPARK_CONF": json.dumps({"spark.ui.enabled": "false", **conf}),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Failure(done.returncode, done.stdout + done.stderr)


def rows_of(table: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        load_extension(connection, "delta")
        return connection.execute(f"FROM delta_scan('{table}')").fetchall()


@pytest.mark.spark
def test_an_executor_out_of_memory_is_told_and_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    with started_cluster(tmp_path / "cluster") as cluster:
        cluster.add_workers(1)
        failure = appended_too_much(tmp_path / "table", cluster.url, {"spark.executor.memory": "512m"})
        assert failure.what == f"Spark on {cluster.url} ran out of memory"
    assert "spark.executor.memory" in failure.todo
    assert DeltaTable(str(tmp_path / "table")).version() == 0
    assert rows_of(tmp_path / "table") == [(7, "here")]


@pytest.mark.spark
def test_this_machine_out_of_memory_is_told_and_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    failure = appended_too_much(tmp_path / "table", "local[1]", {})
    assert failure.what == "Spark on local[1] ran out of memory"
    assert "HUILIU_MEMORY" in failure.todo
    assert DeltaTable(str(tmp_path / "table")).version() == 0
    assert rows_of(tmp_path / "table") == [(7, "here")]


# The system kills Spark's process; what is told, and that the next run in this process has a Spark of its own.
KILLED = """
from py4j import java_gateway
from pyspark import SparkContext
from pipelines.engines.spark.failures import spark_failure
from pipelines.engines.spark.session import open_session
from pipelines.settings import Settings

session = open_session(Settings())
SparkContext._gateway.proc.kill()
SparkContext._gateway.proc.wait()
try:
    session.range(1).count()
except Exception as error:
    print("spark", spark_failure(error))
# What py4j does where the connection is reset and does not merely end.
exec(compile("import logging; logging.exception('while sending')", java_gateway.__file__, "exec"))
print(open_session(Settings()).range(7).count(), "rows")
"""


@pytest.mark.spark
def test_a_killed_spark_is_told_and_started_again() -> None:
    failure = on_spark(KILLED, "local[1]", {})
    assert "Spark's own process on this machine ended" in failure.what
    assert "HUILIU_MEMORY" in failure.todo
    assert "7 rows" in failure.shown
    assert "while sending" not in failure.shown


@pytest.mark.spark
def test_executors_larger_than_any_worker_are_not_waited_for_without_end(tmp_path: Path) -> None:
    with started_cluster(tmp_path / "cluster") as cluster:
        cluster.add_workers(1, memory="600m")
        conf = {"spark.executor.memory": "2g", "spark.huiliu.patience": "5"}
        failure = run(tmp_path, conf, HUILIU_SPARK_MASTER=cluster.url, SPARK_LOCAL_IP="127.0.0.1")
        assert failure.code == 3
        assert failure.what.startswith(f"Spark on {cluster.url} had work and no executor to do it")
    assert "spark.executor.memory" in failure.todo
