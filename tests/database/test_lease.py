"""The lease: one writer at a time, a number that only grows, and no commit by a holder that slept through its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.database.address import database_of
from pipelines.database.lease import Lease, lease_of
from pipelines.database.tables import LEASES
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import LeaseError, LeaseLostError
from pipelines.lake.lake import Lake
from pipelines.settings import Settings
from pipelines.storage.store import Store
from pipelines.tables.layout import quality
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.readers.test_bad_input import two_sources
from tests.support.deliveries import cells_of, csv_text, deliver, household
from tests.support.place import PROJECT, Place
from tests.support.postgres_server import OWNER, PASSWORDS, PostgresServer

NUMBERS = TableSpec(quality("number"), "数", "Numbers.", (), (ColumnSpec("number", "int64", "数"),))
LONG = 3600.0  # seconds: a term that no test outlives

Leases = Callable[..., Lease]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> sa.URL:
    if request.param == "sqlite":
        return sa.URL.create("sqlite", database=str(tmp_path / "huiliu.db"))
    return on_postgres(tmp_path, request.getfixturevalue("postgres_server"))


def on_postgres(tmp_path: Path, server: PostgresServer) -> sa.URL:
    return database_of(Settings(lake=tmp_path / "lake", db=server.url(OWNER)))


@pytest.fixture
def leases(tmp_path: Path, database: sa.URL) -> Iterator[Leases]:
    """Makes leases of one lake; all are released at the end."""
    made: list[Lease] = []

    def new(*, wait: float = 0, term: float = LONG, engine: str = "duckdb") -> Lease:
        made.append(Lease(database, Store.at(tmp_path / "lake"), engine, wait, term))
        return made[-1]

    yield new
    for lease in made:
        lease.release()


def change(database: sa.URL, lake: Path, **values: object) -> None:
    """Set what stands in the row of a lake's lease."""
    of_lake = LEASES.c.lake == str(lake)
    with sa.create_engine(database).begin() as connection:
        assert connection.execute(sa.update(LEASES).where(of_lake).values(**values)).rowcount == 1


# A process that appends numbers under the lease, a line on stdin each; it says the fence, or why it stopped.
WRITER = """
import sys
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import LeaseError
from pipelines.lake.lake import Lake
from pipelines.database.lease import Lease
from pipelines.storage.store import Store
import sqlalchemy as sa
from tests.database.test_lease import NUMBERS

folder, term, database = sys.argv[1], float(sys.argv[2]), sys.stdin.readline().strip()
lease = Lease(sa.make_url(database), Store.at(folder + "/lake"), "duckdb", 0, term)
lake = Lake(Store.at(folder + "/lake"), DuckDBEngine("1GB"), lease)
for line in sys.stdin:
    try:
        lake.append_rows(NUMBERS, [{"number": int(line)}], once=line)
        print(lease.fence, flush=True)
    except LeaseError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""


class Writer:
    """Another process that writes the lake in `folder`."""

    def __init__(self, folder: Path, term: float, database: sa.URL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(term)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.send(database.render_as_string(hide_password=False))

    def append(self, number: int) -> str:
        self.send(number)
        return self.answer()

    def send(self, line: int | str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def writers(tmp_path: Path, database: sa.URL) -> Iterator[Callable[[float], Writer]]:
    started: list[Writer] = []

    def start(term: float) -> Writer:
        started.append(Writer(tmp_path, term, database))
        return started[-1]

    yield start
    for writer in started:
        writer.end()


def numbers(folder: Path) -> list[int]:
    with DuckDBEngine("1GB") as engine:
        lake = Lake(Store.at(folder / "lake"), engine)
        return sorted(row["number"] for row in engine.rows(lake.read(NUMBERS)))


def test_the_fence_grows_whenever_the_lease_is_taken(leases: Leases) -> None:
    fences = []
    for lease in (leases(), leases()):
        assert lease.hold()
        assert not lease.hold(), "held already"
        fences.append(lease.fence)
        lease.release()
    assert fences == [1, 2]


def test_a_second_writer_is_told_who_writes_since_when_and_what_to_do(leases: Leases) -> None:
    leases(engine="spark").hold()
    with pytest.raises(LeaseError) as refused:
        leases().hold()
    message = str(refused.value)
    for part in (
        f"process {os.getpid()} (engine spark, since 20",
        "runs until 20",
        "what to do: ",
        "HUILIU_LEASE_WAIT",
    ):
        assert part in message
    assert refused.value.exit_code == 3


def test_a_second_writer_waits_for_the_first(leases: Leases) -> None:
    first, second = leases(), leases(wait=60)
    first.hold()
    letting_go = threading.Timer(0.2, first.release)
    letting_go.start()
    assert second.hold()
    letting_go.join()
    assert second.fence == 2


def test_of_many_at_once_each_writes_alone(leases: Leases) -> None:
    within: list[int] = []
    most: list[int] = []

    def write(lease: Lease) -> int:
        lease.hold()
        within.append(1)
        most.append(len(within))
        threading.Event().wait(0.01)
        within.pop()
        fence = lease.fence
        lease.release()
        return fence or 0

    with ThreadPoolExecutor(8) as pool:
        fences = list(pool.map(write, [leases(wait=60) for _ in range(8)]))
    assert sorted(fences) == list(range(1, 9))
    assert set(most) == {1}


def test_a_writer_of_this_machine_that_was_killed_blocks_nobody(
    tmp_path: Path, leases: Leases, writers: Callable[[float], Writer]
) -> None:
    writer = writers(LONG)
    assert writer.append(1) == "1"
    with pytest.raises(LeaseError, match=f"process {writer.process.pid} "):
        leases().hold()
    writer.end()
    after = leases()
    after.hold()
    assert after.fence == 2
    assert numbers(tmp_path) == [1]


@pytest.mark.parametrize("elsewhere", [{"process": "another machine 1"}, {"engine": "spark", "process": "gone"}])
def test_the_lease_of_a_dead_writer_elsewhere_or_of_spark_ends_by_itself(
    tmp_path: Path, database: sa.URL, leases: Leases, elsewhere: dict[str, str]
) -> None:
    leases().hold()
    change(database, tmp_path / "lake", **elsewhere)
    with pytest.raises(LeaseError):
        leases().hold()
    change(database, tmp_path / "lake", expires=0.0)
    assert leases().hold()


def test_a_holder_that_slept_through_its_end_commits_no_more(
    tmp_path: Path, leases: Leases, writers: Callable[[float], Writer]
) -> None:
    """The fence at work: a process is stopped, another takes the lease over, the first wakes up and wants to write."""
    sleeper = writers(1.0)
    assert sleeper.append(1) == "1"
    sleeper.process.send_signal(signal.SIGSTOP)
    other = leases(wait=60)
    with DuckDBEngine("1GB") as engine:
        lake = Lake(Store.at(tmp_path / "lake"), engine, other)
        lake.append_rows(NUMBERS, [{"number": 2}], once="2")
    assert other.fence == 2
    sleeper.send(3)
    sleeper.process.send_signal(signal.SIGCONT)
    answer = sleeper.answer()
    assert answer.startswith("LeaseLostError: ")
    assert f"process {os.getpid()} " in answer
    assert "fence 2; this process had 1" in answer
    assert numbers(tmp_path) == [1, 2]


def test_a_lease_is_renewed_while_its_holder_works(tmp_path: Path, database: sa.URL, leases: Leases) -> None:
    leases(term=0.3).hold()
    seen = set()
    expires = sa.select(LEASES.c.expires).where(LEASES.c.lake == str(tmp_path / "lake"))
    with sa.create_engine(database).connect() as connection:
        for _ in range(1000):
            seen.add(connection.execute(expires).scalar_one())
            connection.rollback()
            if len(seen) == 5:
                break
            threading.Event().wait(0.01)
    assert len(seen) == 5


def test_a_lease_that_ended_and_that_nobody_took_goes_on(tmp_path: Path, database: sa.URL, leases: Leases) -> None:
    lease = leases()
    lease.hold()
    change(database, tmp_path / "lake", expires=0.0)
    assert not lease.hold()
    with pytest.raises(LeaseError):
        leases().hold()


def test_whoever_works_on_is_told_when_the_lease_is_lost(tmp_path: Path, database: sa.URL, leases: Leases) -> None:
    lease, lost = leases(term=0.3), threading.Event()
    lease.on_lost = lost.set
    lease.hold()
    change(database, tmp_path / "lake", fence=7)
    assert lost.wait(60)
    with pytest.raises(LeaseLostError, match="fence 7; this process had 1"):
        lease.hold()


def test_the_clock_is_the_databases(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock is a day ahead does not take the lease away from the others."""
    leases().hold()
    monkeypatch.setattr("time.time", lambda: 2e9)
    with pytest.raises(LeaseError):
        leases().hold()


def test_readers_and_runs_without_news_take_no_lease(tmp_path: Path) -> None:
    place = Place(tmp_path, project=two_sources(tmp_path / "project"))
    deliver(place.landing, "household_registration", "1.csv", csv_text(cells_of([household(1)])))
    database = tmp_path / "huiliu.db"
    with place.opened() as at:
        assert at.standard("household_registration") == []
    assert not database.exists()
    place.run()
    assert database.exists()
    change(database_of(Settings(lake=place.lake)), place.lake, expires=9e9, process="another machine 1")
    assert not place.run().changed
    with place.opened() as at:
        assert len(at.standard("household_registration")) == 1


@pytest.mark.postgres
def test_nothing_is_written_while_the_database_is_away(tmp_path: Path, postgres_server: PostgresServer) -> None:
    lease = Lease(on_postgres(tmp_path, postgres_server), Store.at(tmp_path / "lake"), "duckdb", 0)
    with DuckDBEngine("1GB") as engine, lease:
        lake = Lake(Store.at(tmp_path / "lake"), engine, lease)
        lake.append_rows(NUMBERS, [{"number": 1}], once="1")
        postgres_server.stop()
        try:
            with pytest.raises(LeaseError, match="does not answer or refuses") as refused:
                lake.append_rows(NUMBERS, [{"number": 2}], once="2")
        finally:
            postgres_server.start()
        assert PASSWORDS[OWNER] not in str(refused.value)
        assert numbers(tmp_path) == [1]
        lake.append_rows(NUMBERS, [{"number": 2}], once="2")
        assert numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize(
    ("written", "exit_code", "named"),
    [
        ("postgresql://writer:topsecret@127.0.0.1:1/huiliu", 3, "postgresql 127.0.0.1:1/huiliu"),
        ("mysql://writer:topsecret@db/huiliu", 2, "HUILIU_DB"),
        ("topsecret", 2, "HUILIU_DB"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    tmp_path: Path, written: str, exit_code: int, named: str
) -> None:
    settings = Settings(lake=tmp_path / "lake", db=written)
    with pytest.raises(LeaseError) as refused:
        Lease(database_of(settings), settings.lake, "duckdb", 0).hold()
    assert named in str(refused.value)
    assert "what to do: " in str(refused.value)
    assert "topsecret" not in str(refused.value) + repr(settings)
    assert refused.value.exit_code == exit_code


def test_a_lake_by_a_link_or_by_a_detour_is_the_same_lake(tmp_path: Path) -> None:
    (tmp_path / "disk" / "lake").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "lake")
    ways = [tmp_path / "disk/lake", tmp_path / "link", tmp_path / "disk/../disk/lake"]
    settings = [Settings(lake=way, lease_wait=0) for way in ways]
    assert len({*map(database_of, settings)}) == 1
    with lease_of(settings[0]) as first:
        first.hold()
        for other in settings[1:]:
            with lease_of(other) as second, pytest.raises(LeaseError, match="is being written by"):
                second.hold()


def test_a_lake_by_links_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="leads in a circle"):
        Settings(lake=tmp_path / "a")
