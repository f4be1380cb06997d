"""Writers of one lake on S3 at once, of the same engine and of different ones: not a row is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.database.lease import Lease
from pipelines.engines import delta_rs
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import LeaseError
from pipelines.lake.lake import Lake
from pipelines.storage.store import Store
from pipelines.tables.layout import quality
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.support.place import PROJECT
from tests.support.s3_server import BUCKET, OTHER_SECRET, SECRET, S3Server, without_secrets

pytestmark = pytest.mark.s3

NUMBERS = TableSpec(quality("number"), "数", "Numbers.", (), (ColumnSpec("number", "int64", "数"),))
EACH = 8  # appends of each of two writers
BY_SPARK = 100_000  # the first number that Spark appends
BOTH = Store(f"s3://{BUCKET}/both")


def numbers_at(place: str) -> list[int]:
    with DuckDBEngine("1GB") as engine:
        lake = Lake(Store.at(place), engine)
        return sorted(row["number"] for row in engine.rows(lake.read(NUMBERS)))


def append_numbers(place: str, numbers: Iterable[int], lease: Callable[[], Lease | None]) -> None:
    """An append for each, the lease given back after each."""
    with DuckDBEngine("1GB") as engine:
        for number in numbers:
            lake = Lake(Store.at(place), engine, lease())
            lake.append_rows(NUMBERS, [{"number": number}], once=str(number))
            if lake.lease:
                lake.lease.release()


def test_two_writers_of_the_embedded_engine_lose_nothing(s3_server: S3Server) -> None:
    """Even without a lease: a commit is a put that fails where another has put one."""
    place = f"s3://{BUCKET}/embedded"
    delta_rs.create(Store.at(place).uri(NUMBERS.id.path), NUMBERS, None, "{}")
    with ThreadPoolExecutor(2) as pool:
        halves = (range(EACH), range(EACH, 2 * EACH))
        for done in [pool.submit(append_numbers, place, half, lambda: None) for half in halves]:
            done.result()
    assert numbers_at(place) == list(range(2 * EACH))
    table = delta_rs.open_table(Store.at(place).uri(NUMBERS.id.path))
    assert table is not None
    assert table.version() == 2 * EACH


# Another process, with a Spark session of its own, that appends under the lease.
SPARK_WRITER = """
import sys
import sqlalchemy as sa
from pipelines.engines.spark.session import open_session
from pipelines.errors import StoreError
from pipelines.database.lease import Lease
from pipelines.storage.refusals import explaining
from pipelines.storage.store import Store, spark_uri
from pipelines.settings import Settings

place, table, database, first, each = sys.argv[1:]
settings = Settings(lake=place, engine="spark", spark_master="local[1]", memory="1GB",
                    spark_conf={"spark.ui.enabled": "false"})
session = open_session(settings)
command = open(f"/proc/{session.sparkContext._gateway.proc.pid}/cmdline").read()
shown = str(session.sparkContext.getConf().getAll()) + command
print("ready", shown.count(sys.stdin.readline().strip()), flush=True)
sys.stdin.readline()
for number in range(int(first), int(first) + int(each)):
    with Lease(sa.make_url(database), Store.at(place), "spark", 300) as lease:
        lease.hold()
        rows = session.range(number, number + 1).toDF("number").coalesce(1)
        rows.write.format("delta").mode("append").save(spark_uri(table))
print("done", flush=True)
for _ in sys.stdin:
    try:
        with explaining(Store.at(place)):
            session.read.format("delta").load(spark_uri(table)).count()
    except StoreError as error:
        print(error, flush=True)
session.stop()
"""


@dataclass(frozen=True)
class SparkWriter:
    """The other process, told line by line what to do."""

    process: subprocess.Popen[str]

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@contextmanager
def spark_writer(database: str, first: int) -> Iterator[SparkWriter]:
    """The other process, ready to append its numbers from `first` on."""
    place, table = BOTH.root, BOTH.uri(NUMBERS.id.path)
    process = subprocess.Popen(
        [sys.executable, "-c", SPARK_WRITER, place, table, database, str(first), str(EACH)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        writer = SparkWriter(process)
        writer.say(SECRET)
        assert writer.answer() == "ready 0", "no secret in Spark's settings or in the process list"
        yield writer
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def written_by_all(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkWriter]:
    """A table that two Sparks appended to, and the embedded engine all the while, each under the lease."""
    database = f"sqlite:///{tmp_path_factory.mktemp('both')}/huiliu.db"
    delta_rs.create(BOTH.uri(NUMBERS.id.path), NUMBERS, None, "{}")
    with spark_writer(database, BY_SPARK) as first, spark_writer(database, 2 * BY_SPARK) as other:
        with ThreadPoolExecutor(2) as pool:
            for writer in (first, other):
                writer.say("go")
            done = [pool.submit(writer.answer) for writer in (first, other)]
            number = 0
            while not all(future.done() for future in done) or number < EACH:
                append_numbers(BOTH.root, [number], lambda: Lease(sa.make_url(database), BOTH, "duckdb", 300))
                number += 1
            assert [future.result() for future in done] == ["done", "done"]
        yield first


@pytest.mark.spark
def test_sparks_and_the_embedded_engine_at_once_lose_nothing_by_the_lease(written_by_all: SparkWriter) -> None:
    """Spark's log store on S3 overwrites what another writer has put; only the lease keeps writers apart."""
    found = numbers_at(BOTH.root)
    embedded = [number for number in found if number < BY_SPARK]
    assert embedded == list(range(len(embedded)))
    by_sparks = [first + n for first in (BY_SPARK, 2 * BY_SPARK) for n in range(EACH)]
    assert found[len(embedded) :] == by_sparks
    table = delta_rs.stored(BOTH.uri(NUMBERS.id.path))
    assert table.version() == len(found)
    by = ["Spark" in (entry.get("engineInfo") or "") for entry in table.history()]
    assert sum(by) == len(by_sparks)
    assert by != sorted(by), "they wrote by turns"


@pytest.mark.spark
@pytest.mark.parametrize(
    ("fault", "expected"), [("another secret", "does not accept the credentials"), ("gone", "cannot be reached")]
)
def test_spark_says_what_is_wrong_with_the_store(
    written_by_all: SparkWriter, fallible_server: S3Server, fault: str, expected: str
) -> None:
    if fault == "gone":
        fallible_server.stop()
    else:
        fallible_server.restart(OTHER_SECRET)
    written_by_all.say("read")
    message = written_by_all.answer()
    assert expected in message
    assert without_secrets(message)


def test_machines_that_do_not_share_a_database_do_not_write_one_lake(s3_server: S3Server, tmp_path: Path) -> None:
    """Two leases would protect nothing: the lake remembers which database keeps its own."""
    store = Store.at(f"s3://{BUCKET}/claimed")
    first, second = (Lease(sa.make_url(f"sqlite:///{tmp_path}/{name}.db"), store, "duckdb", 0) for name in "ab")
    with first:
        first.hold()
    with second, pytest.raises(LeaseError, match="set HUILIU_DB to the same PostgreSQL") as refused:
        second.hold()
    assert refused.value.exit_code == 2
    with first:
        assert first.hold()
    assert first.fence is None
