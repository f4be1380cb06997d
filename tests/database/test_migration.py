"""The versions of `HUILIU_DB`: made anew, taken over from before there were versions, refused where they are newer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipelines.database.address import database_of
from pipelines.database.connection import Database, DatabaseAwayError
from pipelines.database.lease import Lease
from pipelines.database.migration import VERSION, VERSIONS, version_of
from pipelines.database.tables import LEASES, REQUESTS, SEGMENTS, TABLES, TOKENS
from pipelines.service.deliver import deliver_pushed
from pipelines.settings import Settings
from pipelines.storage.store import Store
from tests.support.place import HUILIU, PROJECT
from tests.support.pushing import EITHER_DATABASE, SOURCE, TOKEN_KEY, Pushed, death, in_its_database, lines_of, numbers

# As the programs made them that kept no version; {…} are words in which the two databases differ.
LEASE_OF_BEFORE = """
CREATE TABLE lease (lake TEXT NOT NULL, fence BIGINT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    engine TEXT NOT NULL, process TEXT NOT NULL, since {double} NOT NULL, expires {double} NOT NULL,
    claim TEXT NOT NULL, PRIMARY KEY (lake))
"""
TABLES_OF_BEFORE = """
CREATE TABLE token (id TEXT NOT NULL, agency TEXT NOT NULL, digest {bytes} NOT NULL, issued_at {double} NOT NULL,
    expires_at {double} NOT NULL, revoked_at {double}, PRIMARY KEY (id));
CREATE TABLE push_segment (number {numbered}, source TEXT NOT NULL, agency TEXT NOT NULL, file TEXT NOT NULL,
    rows BIGINT NOT NULL, sealed_at {double} NOT NULL, sha256 TEXT, delivered_at {double}, ingested_at {double});
CREATE INDEX push_segment_ingested ON push_segment (ingested_at);
CREATE TABLE push_request (id {numbered}, source TEXT NOT NULL, agency TEXT NOT NULL, "key" TEXT NOT NULL,
    sha256 TEXT NOT NULL, rows BIGINT NOT NULL, receipt TEXT NOT NULL, received_at {double} NOT NULL, segment {number},
    payload {bytes}, UNIQUE (source, agency, "key"));
CREATE INDEX push_request_segment ON push_request (segment, source, agency, id, rows)
"""
OUTCOMES_OF_BEFORE = """
CREATE TABLE push_outcome (receipt TEXT NOT NULL, state TEXT NOT NULL, accepted BIGINT NOT NULL,
    quarantined BIGINT NOT NULL, rules TEXT NOT NULL, noted_at {double} NOT NULL, PRIMARY KEY (receipt))
"""
WORDS = {
    "sqlite": {
        "double": "DOUBLE",
        "bytes": "BLOB",
        "number": "INTEGER",
        "numbered": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
    },
    "postgresql": {
        "double": "DOUBLE PRECISION",
        "bytes": "BYTEA",
        "number": "BIGINT",
        "numbered": "BIGSERIAL NOT NULL PRIMARY KEY",
    },
}
BEFORE = {
    "all tables": (LEASE_OF_BEFORE, TABLES_OF_BEFORE, OUTCOMES_OF_BEFORE),
    "nobody pushed": (LEASE_OF_BEFORE,),
    "no outcomes yet": (LEASE_OF_BEFORE, TABLES_OF_BEFORE),
}
# A process that says when it is ready and brings the database forward when it is told to.
UPGRADE = """
import sys
import sqlalchemy as sa
from pipelines.database.connection import Database

url = sa.make_url(sys.stdin.readline().strip())
print("ready", flush=True)
sys.stdin.readline()
Database(url).upgrade()
print("done", flush=True)
"""


@pytest.fixture(params=EITHER_DATABASE)
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pushed]:
    """A place whose database, of either kind, holds nothing yet."""
    with in_its_database(tmp_path, request, "versions") as pushed:
        yield pushed


def execute(place: Pushed, *statements: str | sa.Executable) -> None:
    with sa.create_engine(database_of(place.settings), poolclass=sa.NullPool).begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement)


def make_of_before(place: Pushed, kind: str) -> None:
    words = WORDS[database_of(place.settings).get_backend_name()]
    execute(place, *(statement for text in BEFORE[kind] for statement in text.format(**words).split(";")))


def differences(settings: Settings) -> list[object]:
    """What Alembic would have to change to make the declared tables of those that are there."""
    with Database.of(settings) as database, database.transaction() as connection:
        assert version_of(connection) == VERSION
        options = {"version_table": VERSIONS.name, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, TABLES))


def huiliu(place: Pushed, *arguments: str) -> subprocess.CompletedProcess[str]:
    where = ("--lake", str(place.settings.lake))
    variables = {"HUILIU_TOKEN_KEY": TOKEN_KEY, **({"HUILIU_DB": place.db} if place.db else {})}
    return subprocess.run(
        [HUILIU, *arguments, *where],
        env={**os.environ, **variables, "COLUMNS": "400"},
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_migrations_lead_to_the_tables_that_are_declared(place: Pushed) -> None:
    with Database.of(place.settings) as database:
        database.upgrade()
        database.upgrade()
    assert differences(place.settings) == []


def test_the_version_that_is_looked_for_is_that_of_the_last_migration() -> None:
    folder = PROJECT / "pipelines/database/migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == VERSION


@pytest.mark.parametrize("kind", BEFORE)
def test_a_database_of_before_versions_is_taken_over(place: Pushed, kind: str) -> None:
    make_of_before(place, kind)
    with Database.of(place.settings) as database:
        database.upgrade()
    assert differences(place.settings) == []


def test_what_a_database_of_before_versions_holds_stays(place: Pushed) -> None:
    make_of_before(place, "all tables")
    lake = str(place.settings.lake)
    held = {"fence": 6, "host": "h", "pid": 1, "engine": "duckdb", "process": "", "since": 1.0, "expires": 2.0}
    request = {"source": SOURCE, "agency": "health", "key": "a", "sha256": "0", "rows": 1, "receipt": "r"}
    segment = {"number": 41, "source": SOURCE, "agency": "health", "file": "push-41.jsonl", "rows": 1, "sealed_at": 1.0}
    known = {"id": "t", "agency": "health", "digest": b"0", "issued_at": 1.0, "expires_at": 9e9}
    execute(
        place,
        sa.insert(LEASES).values(lake=lake, claim="c", **held),
        sa.insert(TOKENS).values(**known),
        sa.insert(SEGMENTS).values(**segment, sha256="1", delivered_at=1.0, ingested_at=1.0),
        sa.insert(REQUESTS).values(**request, received_at=1.0, payload=lines_of([death(1)])),
    )
    assert [segment.agency for segment in deliver_pushed(place.settings)] == ["health"]
    assert numbers(place.landed()) == {"D000001": 1}
    with Lease(database_of(place.settings), Store.at(lake), "duckdb", 0) as lease:
        lease.hold()
        assert lease.fence == 7
    assert "health" in huiliu(place, "token", "list").stdout


def test_a_migration_that_fails_in_its_middle_leaves_nothing_behind(place: Pushed) -> None:
    execute(place, "CREATE VIEW push_request AS SELECT 1 AS id")
    with Database.of(place.settings) as database:
        with pytest.raises(DatabaseAwayError, match="does not answer or refuses"):
            database.upgrade()
        with database.transaction() as connection:
            assert sa.inspect(connection).get_table_names() == []


@pytest.mark.parametrize("verb", [("serve", "--port", "0"), ("token", "list"), ("run",)], ids=" ".join)
def test_a_database_of_a_newer_huiliu_is_refused_and_left_alone(tmp_path: Path, verb: tuple[str, ...]) -> None:
    place = Pushed(tmp_path)
    place.settings.landing.mkdir()
    with Database.of(place.settings) as database:
        database.upgrade()
    execute(place, sa.update(VERSIONS).values(version_num="9999"))
    refused = huiliu(place, *verb)
    assert refused.returncode == 2
    expected = f"{tmp_path / 'huiliu.db'} is at version 9999 of its tables, and this huiliu knows them up to"
    for part in (expected, f"version {VERSION}", "run the newer huiliu on this machine too", "a backup", "HUILIU_DB"):
        assert part in refused.stderr
    assert "Traceback" not in refused.stderr
    with sa.create_engine(database_of(place.settings)).connect() as connection:
        assert version_of(connection) == "9999"


def test_the_doctor_says_that_a_database_is_newer(place: Pushed) -> None:
    with Database.of(place.settings) as database:
        database.upgrade()
    execute(place, sa.update(VERSIONS).values(version_num="9999"))
    checks = json.loads(huiliu(place, "doctor", "--json").stdout)
    (check,) = [entry for entry in checks if entry["name"] == "database"]
    assert check["state"] == "bad"
    assert "is at version 9999 of its tables" in check["found"]
    assert "run the newer huiliu" in check["todo"]


def test_many_processes_make_the_tables_at_once(place: Pushed) -> None:
    url = database_of(place.settings).render_as_string(hide_password=False)
    program = [sys.executable, "-c", UPGRADE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(program, cwd=PROJECT, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for process in processes:
        process.stdin.write(f"{url}\n")
        process.stdin.flush()
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    with ThreadPoolExecutor() as threads:
        ends = threads.map(lambda process: process.communicate("\n", timeout=120)[0], processes)
        assert list(ends) == ["done\n"] * 3
    assert differences(place.settings) == []


def test_many_threads_make_the_tables_at_once(place: Pushed) -> None:
    def upgrade(_: int) -> None:
        with Database.of(place.settings) as database:
            database.upgrade()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(upgrade, range(8)))
    assert differences(place.settings) == []
