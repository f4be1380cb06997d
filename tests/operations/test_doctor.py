"""`huiliu doctor`: good where a run would work, and one line on what to do where it would not."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.operations.checking import Check
from pipelines.operations.doctor import examine
from pipelines.settings import Settings
from tests.support.spark_cluster import unused_port

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Machine:
    """A folder with a landing folder, where doctor looks around."""

    folder: Path

    def examined(self, *, open_spark: bool = False, **settings: Any) -> Iterator[Check]:
        places = {"landing": self.folder / "landing", "lake": self.folder / "lake", "project": PROJECT}
        return examine(Settings.model_validate({**places, **settings}), open_spark=open_spark)

    def checks(self, **settings: Any) -> dict[str, Check]:
        return {check.name: check for check in self.examined(**settings)}

    def check(self, name: str, *, open_spark: bool = False, **settings: Any) -> Check:
        """One check; nothing after it is looked at."""
        return next(check for check in self.examined(open_spark=open_spark, **settings) if check.name == name)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "landing").mkdir()
    return Machine(tmp_path)


def bad(checks: Mapping[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.state == "bad"}


def test_a_machine_that_can_run_is_well_and_nothing_is_left_on_it(machine: Machine) -> None:
    checks = machine.checks()
    assert bad(checks) == set()
    assert {"declarations", "landing", "lake", "clock", "database", "disk", "memory", "duckdb delta"} <= {
        name for name, check in checks.items() if check.state == "good"
    }
    assert sorted(path.name for path in machine.folder.iterdir()) == ["landing"]


def test_what_the_embedded_engine_does_not_need_is_never_bad(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("pipelines.engines.spark.java.FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java = machine.check("java")
    assert java.state == "not needed"
    assert "needs Java 17" in java.found
    on_spark = machine.check("java", engine="spark")
    assert on_spark.state == "bad"
    assert on_spark.todo.startswith("apt-get install openjdk-17-jre-headless")


def test_a_broken_declaration_is_told_with_its_place(machine: Machine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "catalog").mkdir(parents=True)
    shutil.copy(PROJECT / "catalog/cities.yml", project / "catalog")
    (project / "catalog" / "agencies.yml").write_text("agencies: [")
    check = machine.check("declarations", project=project)
    assert check.state == "bad"
    assert "agencies.yml" in check.found


def test_a_missing_landing_folder(machine: Machine) -> None:
    check = machine.check("landing", landing=machine.folder / "elsewhere")
    assert (check.state, check.found) == ("bad", f"there is no folder {machine.folder / 'elsewhere'}")
    assert "HUILIU_LANDING" in check.todo


def test_a_lake_that_cannot_be_written(machine: Machine) -> None:
    (machine.folder / "file").write_text("")
    checks = machine.checks(lake=Path("/proc/lake"))
    assert {"lake", "clock"} <= bad(checks)
    assert "/proc/lake cannot be written" in checks["lake"].found
    assert "HUILIU_LAKE" in checks["lake"].todo


def test_a_store_that_does_not_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.storage.store.RETRIES", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    checks = machine.checks(lake="s3://bucket/lake")
    assert {"lake", "clock"} <= bad(checks)
    assert "cannot be reached" in checks["lake"].found
    assert checks["duckdb httpfs"].state == "good"
    assert "hidden" not in repr(checks)


def test_a_database_that_does_not_answer_is_named_without_its_password(machine: Machine) -> None:
    port = unused_port()
    check = machine.check("database", db=f"postgresql://someone:hidden@127.0.0.1:{port}/huiliu")
    assert check.state == "bad"
    assert f"PostgreSQL 127.0.0.1:{port}/huiliu" in check.found
    assert "HUILIU_DB" in check.todo
    assert "hidden" not in repr(check)
    assert "someone" not in repr(check)


def test_a_memory_setting_beyond_the_machine(machine: Machine) -> None:
    assert bad(machine.checks(memory="900TB")) == {"memory"}
    elsewhere = machine.check(
        "memory", memory="900TB", engine="spark", spark_master=f"spark://127.0.0.1:{unused_port()}"
    )
    assert elsewhere.state == "not needed"


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_wrong(machine: Machine, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    shifted = datetime.timedelta(seconds=seconds)
    monkeypatch.setattr("pipelines.clock.now", lambda: datetime.datetime.now(datetime.UTC) + shifted)
    check = machine.check("clock")
    assert check.state == "bad"
    assert re.search(r"3[56]\d\d s " + ("ahead of" if seconds > 0 else "behind"), check.found)
    assert "timedatectl" in check.todo


def test_hardly_any_disk_space(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.operations.doctor.FREE_BYTES", 10**18)
    assert bad(machine.checks()) == {"disk"}


def test_a_cluster_that_does_not_answer(machine: Machine) -> None:
    master = f"spark://127.0.0.1:{unused_port()}"
    check = machine.check("spark master", engine="spark", spark_master=master)
    assert (check.state, check.found) == (
        "bad",
        f"the Spark cluster at {master} cannot be reached (Connection refused)",
    )


def test_jars_that_would_have_to_be_fetched(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"spark.jars.ivy": str(machine.folder / "ivy")}
    monkeypatch.setattr("pipelines.operations.spark_readiness.REPOSITORY", ("127.0.0.1", unused_port()))
    check = machine.check("jars", engine="spark", spark_conf=elsewhere)
    assert check.state == "bad"
    assert "io.delta:delta-spark_4.0_2.13:4.4.0" in check.found
    assert "mirror" in check.todo
    mirrored = {**elsewhere, "spark.jars.repositories": "https://mirror.example/maven"}
    assert machine.check("jars", engine="spark", spark_conf=mirrored).state == "good"
    jars = machine.folder / "ivy" / "jars"
    jars.mkdir(parents=True)
    (jars / "org.example_part-1.0.jar").touch()
    there = {**elsewhere, "spark.jars.packages": "org.example:part:1.0"}
    assert machine.check("jars", engine="spark", spark_conf=there).found.startswith("1 in ")


def test_packages_of_another_version(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pinned = tmp_path / "requirements.in"
    pinned.write_text("pyspark==1.0.0\nno-such-package==2.0\n")
    monkeypatch.setattr("pipelines.operations.spark_readiness.REQUIREMENTS", pinned)
    check = machine.check("pyspark", engine="spark")
    assert check.state == "bad"
    assert re.fullmatch(r"pyspark \S+ \(not 1\.0\.0\), no-such-package none \(not 2\.0\)", check.found)
    assert "requirements-spark.txt" in check.todo


def test_the_verb_shows_a_table_or_json_and_its_exit_code_says_what_is_needed(machine: Machine) -> None:
    def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [Path(sys.executable).with_name("huiliu"), "doctor", *arguments]
        return subprocess.run(command, cwd=machine.folder, capture_output=True, text=True, check=False, timeout=300)

    shown = doctor("--landing", "landing")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(r"^ *landing +good", shown.stdout, re.MULTILINE)
    done = doctor("--landing", "elsewhere", "--json")
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["landing"]["state"] == "bad"
    assert checks["landing"]["todo"]


@pytest.mark.spark
def test_a_few_rows_go_through_spark_and_leave_nothing_in_the_lake(machine: Machine, spark_session: object) -> None:
    check = machine.check("spark session", engine="spark", spark_master="local[2]", open_spark=True)
    assert check.state == "good"
    assert re.fullmatch(r"Spark 4\.0\.\d+ on local\[2\], 1 executor\(s\)", check.found)
    assert list((machine.folder / "lake").rglob("*")) == []
