"""The lake on S3: the same run, writers at once that lose nothing, and a store that refuses or goes away."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pytest

from pipelines.engines import delta_rs
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import LakeError, StoreError
from pipelines.operations.deep import examine_files
from pipelines.settings import Settings
from pipelines.steps.run import Run, run
from pipelines.steps.tables import all_tables
from pipelines.storage.refusals import explaining
from pipelines.storage.store import Store
from tests.readers.test_bad_input import two_sources
from tests.support.deliveries import cells_of, csv_text, deliver, household, marriage, person_id
from tests.support.place import Opened, Place
from tests.support.s3_server import BUCKET, OTHER_SECRET, SECRET, S3Server, without_secrets
from tests.support.simulated_demo import huiliu
from tests.support.spark import SPARK

pytestmark = pytest.mark.s3

PEOPLE, COUPLES = range(20), range(10)
AnyPlace = TypeVar("AnyPlace", bound=Place)


@dataclass(frozen=True)
class S3Place(Place):
    """A place whose lake lies on the server."""

    @property
    def lake(self) -> str:  # type: ignore[override]
        return f"s3://{BUCKET}/{self.folder.name}"


def place_with_deliveries(folder: Path, kind: type[AnyPlace]) -> AnyPlace:
    place = kind(folder, project=two_sources(folder / "project"))
    deliver(place.landing, "household_registration", "1.csv", csv_text(cells_of([household(n) for n in PEOPLE])))
    deliver(place.landing, "marriage_registration", "1.csv", csv_text(cells_of([marriage(n) for n in COUPLES])))
    return place


def tables(at: Opened) -> dict[str, list[str]]:
    """Every table's rows, without when and in what order they came."""
    times = {"_received_at", "received_at", "decided_at", "released_at", "table_id", "result"}
    return {
        spec.id.path: sorted(
            str({name: value for name, value in row.items() if name not in times}) for row in at.rows(spec)
        )
        for spec in all_tables(at.workspace)
    }


def versions(at: Opened) -> dict[str, tuple[str, int]]:
    return {spec.id.path: at.workspace.lake.version(spec.id) for spec in all_tables(at.workspace)}


@dataclass(frozen=True)
class Filled:
    """A lake on S3 that one run filled."""

    server: S3Server
    place: S3Place
    done: Run


@pytest.fixture(scope="module")
def filled(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    place = place_with_deliveries(tmp_path_factory.mktemp("lake"), S3Place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        return Filled(s3_server, place, place.run())


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the default database of a lake on S3 lies."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def typed_at(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The filled lake's place, which the environment names for commands."""
    place = filled.place
    for name, value in (("LAKE", place.lake), ("LANDING", place.landing), ("PROJECT", place.project), ("SETTLE", 0)):
        monkeypatch.setenv(f"HUILIU_{name}", str(value))
    return place


def test_a_run_gives_the_same_tables_on_s3_as_in_a_folder(filled: Filled, tmp_path: Path) -> None:
    assert filled.done.changed
    local = place_with_deliveries(tmp_path / filled.place.folder.name, Place)
    local.run()
    with filled.place.opened() as there, local.opened() as here:
        assert tables(there) == tables(here)
        assert len(there.standard("household_registration")) == len(PEOPLE)


@pytest.mark.spark
def test_spark_fills_a_lake_on_s3_and_the_embedded_engine_goes_on(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is a process of its own: this one's session is not set for S3."""
    place = place_with_deliveries(tmp_path / "by-spark", S3Place)
    monkeypatch.chdir(place.folder)
    on_spark = SPARK.model_dump(include={"engine", "spark_master", "memory"}, mode="json")
    with monkeypatch.context() as environment:
        for name, value in {**on_spark, "spark_conf": json.dumps(SPARK.spark_conf)}.items():
            environment.setenv(f"HUILIU_{name.upper()}", value)
        done = place.huiliu("run")
    assert done.returncode == 0, done.stderr
    assert without_secrets(done.stdout + done.stderr)
    assert [path for path in (s3_server.stored(place.lake) / "_staging").rglob("*") if path.is_file()] == []
    local = place_with_deliveries(tmp_path / "here" / "by-spark", Place)
    local.run()
    with place.opened() as there, local.opened() as here:
        assert tables(there) == tables(here)
        written = [delta for spec in all_tables(there.workspace) if (delta := there.workspace.lake.delta(spec.id))]
        engines = {commit["engineInfo"].split("/")[0] for delta in written for commit in delta.history()}
        assert engines == {"Apache-Spark"}
    deliver(place.landing, "marriage_registration", "2.csv", csv_text(cells_of([marriage(11)])))
    assert place.run().ingested["marriage_registration"].rows == 1
    with place.opened() as there:
        assert len(there.standard("marriage_registration")) == len(COUPLES) + 1


def test_the_files_as_sent_are_kept_beside_the_tables(filled: Filled) -> None:
    kept = filled.server.stored(filled.place.lake) / "raw" / "_files"
    sent = [path.read_bytes() for path in filled.place.landing.rglob("*.csv")]
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
        f"{hashlib.sha256(content).hexdigest()}.csv": content for content in sent
    }


def test_every_file_of_a_lake_on_s3_is_looked_at(filled: Filled) -> None:
    with filled.place.opened() as at:
        written = {spec.id.path for spec in all_tables(at.workspace) if at.workspace.lake.exists(spec.id)}
        settings = at.workspace.settings
    assert {*settings.lake.tables()} == written
    *bad, summary = examine_files(settings)
    assert (bad, summary.state) == ([], "good")
    assert f"files of {len(written)} tables" in summary.found


def test_a_second_run_changes_no_table(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.place.folder)
    with filled.place.opened() as at:
        before = versions(at)
    assert not filled.place.run().changed
    with filled.place.opened() as at:
        assert versions(at) == before


def test_every_verb_takes_a_lake_on_s3(filled: Filled, typed_at: Place) -> None:
    for arguments in (["run"], ["gate", "list"], ["report", "--out", "report"], ["duckdb", "--out", "analysis.duckdb"]):
        done = huiliu(*arguments, where=typed_at.folder)
        assert done.code == 0, (arguments, done.shown)
        assert without_secrets(done.shown)


def test_a_lake_elsewhere_is_a_usage_error(typed_at: Place) -> None:
    done = huiliu("gate", "list", "--lake", "gs://elsewhere/lake", where=typed_at.folder)
    assert done.code == 2
    assert "s3://BUCKET/PREFIX" in done.shown


def test_the_analysts_file_opens_with_the_readers_own_credentials(filled: Filled, typed_at: Place) -> None:
    written = huiliu("duckdb", "--unmasked", "--out", "own.duckdb", where=typed_at.folder)
    assert written.code == 0, written.shown
    beside = [path for path in (filled.place.folder / "own").rglob("*") if path.is_file()]
    for path in (filled.place.folder / "own.duckdb", *beside):
        assert SECRET.encode() not in path.read_bytes()
    query = "SELECT count(*) AS people FROM standard.household_registration"
    opened: list[str | Path] = [filled.place.folder / "own" / "open.sh", "-csv", "-c", query]
    with_credentials = subprocess.run(opened, capture_output=True, text=True, check=True)
    assert with_credentials.stdout.split()[-1] == str(len(PEOPLE))
    others = {**os.environ, "AWS_SECRET_ACCESS_KEY": OTHER_SECRET}
    assert subprocess.run(opened, env=others, capture_output=True, check=False).returncode != 0


def break_at(step: str, fault: Callable[[], None]) -> Callable[[str, str], None]:
    """Progress that brings the fault about when a step begins."""
    broken = threading.Event()

    def progress(now: str, _: str) -> None:
        if now == step and not broken.is_set():
            broken.set()
            fault()

    return progress


@pytest.mark.parametrize(("fault", "step"), [("another secret", "integrate"), ("gone", "standardise")])
def test_a_store_that_refuses_or_goes_in_mid_run_leaves_the_lake_whole(
    fallible_server: S3Server, tmp_path: Path, fault: str, step: str
) -> None:
    place = place_with_deliveries(tmp_path / f"{fault.replace(' ', '-')}-{step}", S3Place)
    bring_about = fallible_server.stop if fault == "gone" else lambda: fallible_server.restart(OTHER_SECRET)
    reason = "cannot be reached" if fault == "gone" else "does not accept the credentials"
    with pytest.raises(StoreError, match=reason) as refused, place.opened() as at:
        run(at.workspace, break_at(step, bring_about))
    message = str(refused.value)
    assert place.lake in message
    assert fallible_server.endpoint in message
    assert "what to do: " in message
    assert without_secrets(message)
    assert refused.value.exit_code == (3 if fault == "gone" else 2)
    fallible_server.restart()
    with place.opened() as at:
        assert len(at.raw("household_registration")) == len(PEOPLE)
        before = versions(at)
    assert place.run().changed
    with place.opened() as at:
        assert {row["id_number"] for row in at.standard("household_registration")} == set(map(person_id, PEOPLE))
        assert all(versions(at)[name][1] >= version for name, (_, version) in before.items())
        assert len(at.raw("household_registration")) == len(PEOPLE), "what was written before is not doubled"


@pytest.mark.parametrize(
    ("environment", "exit_code", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": OTHER_SECRET}, 2, "does not accept the credentials"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, 2, "does not accept the credentials"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, 2, "AWS_SECRET_ACCESS_KEY not set"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:1"}, 2, "write it as https://HOST"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 3, "cannot be reached"),
        ({"HUILIU_LAKE": "s3://no-such-bucket/lake"}, 2, "there is no such bucket"),
    ],
)
def test_the_command_says_what_is_wrong_with_the_store(
    typed_at: Place, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], exit_code: int, message: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = huiliu("run", where=typed_at.folder)
    assert message in done.shown
    assert "what to do: " in done.shown
    assert done.code == exit_code
    assert without_secrets(done.shown)


class _Refusing(BaseHTTPRequestHandler):
    """A store that answers everything with one error, such as none that runs here can be made to give."""

    code = ""

    def _refuse(self) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = _refuse  # noqa: N815 — names that http.server asks for

    def log_message(self, *_: Any) -> None:
        """Nothing on the tests' screen."""


@pytest.mark.parametrize(
    ("code", "message", "exit_code"),
    [
        ("RequestTimeTooSkewed", "clock and the store's differ", 3),
        ("ExpiredToken", "the credentials have expired", 2),
        ("AccessDenied", "may not do this there", 2),
    ],
)
@pytest.mark.parametrize("way", ["delta-rs", "DuckDB", "original file"])
def test_what_a_store_answers_is_put_into_words(
    filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, code: str, message: str, exit_code: int
) -> None:
    refusing = HTTPServer(("127.0.0.1", 0), type("Refusing", (_Refusing,), {"code": code}))
    threading.Thread(target=refusing.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{refusing.server_port}")
    store = Store.at(f"s3://{BUCKET}/refusing")
    (tmp_path / "part").write_bytes(b"1")
    with DuckDBEngine("1GB") as engine:
        asked: Callable[[], object] = {
            "delta-rs": lambda: delta_rs.append(store.uri("t"), pa.table({"number": [1]}).to_reader(), "{}"),
            "DuckDB": lambda: engine.read(store.uri("t"), version=0),
            "original file": lambda: store.keep(tmp_path / "part", "part"),
        }[way]
        with pytest.raises(LakeError, match=message) as refused, explaining(store):
            asked()
    refusing.shutdown()
    assert code in str(refused.value)
    assert refused.value.exit_code == exit_code


def test_what_is_not_about_the_store_passes_unchanged() -> None:
    for message in ("Connection refused by postgres at db:5432", "403 Forbidden by a proxy"):
        with pytest.raises(OSError, match=message), explaining(Store.at("s3://bucket/lake")):
            raise OSError(message)
    with pytest.raises(OSError, match="Generic S3 error"), explaining(Store.at("folder")):
        raise OSError("Generic S3 error: AccessDenied")


def test_a_lake_lies_in_a_folder_or_on_s3(tmp_path: Path) -> None:
    assert Settings(lake="s3://bucket/lake/").lake == Store("s3://bucket/lake")
    assert Settings(lake=tmp_path / "lake").lake == Store(str(tmp_path / "lake"))
    assert Settings(lake="relative").lake == Store(str(Path.cwd() / "relative"))
    for wrong, message in (("s3:///lake", "needs a bucket"), ("gs://bucket/lake", "cannot lie on gs://")):
        with pytest.raises(ValueError, match=message):
            Settings(lake=wrong)
