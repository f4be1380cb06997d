"""What a run needs of this machine, and what is the matter with it: one check for each thing."""

from __future__ import annotations

import datetime
import importlib.util
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from pipelines import clock
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.reading import DeclarationError
from pipelines.engines.delta_rs import open_table
from pipelines.errors import LakeError
from pipelines.operations.checking import Check, Unwell, checked
from pipelines.operations.spark_readiness import spark_checks
from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from pipelines.readers.postgres.failures import PostgresFailure
from pipelines.readers.postgres.snapshot import access_to, open_snapshot
from pipelines.settings import EngineName, Settings
from pipelines.storage.memory import in_bytes
from pipelines.storage.scratch import scratch_folder
from pipelines.storage.trial import nearest_folder, written_now
from pipelines.tables.specs import BATCHES, RELEASES

# A store refuses requests at a quarter of an hour; times of receipt and leases go wrong well before.
SKEW_SECONDS = 60
FREE_BYTES = 2_000_000_000


def examine(settings: Settings, *, open_spark: bool = False, expects_lake: bool = False) -> Iterator[Check]:
    """Every check in turn. `open_spark` also starts a session and lets a few rows through it.

    `expects_lake` is for a place that somebody named as a lake: it is bad where no run has written there.

    What the settings do not call for is looked at as well, but it cannot be `bad`.
    """
    catalog: list[Catalog] = []
    yield checked("declarations", True, partial(_declarations, settings, catalog))
    contracts = [contract for read in catalog for contract in read.contracts.values()]
    tables = [contract.table for contract in contracts if contract.table]
    yield checked("landing", len(tables) < len(contracts) or not contracts, partial(_landing, settings))
    yield checked("lake", True, partial(_lake, settings, is_expected=expects_lake))
    yield checked("clock", True, partial(_clock, settings))
    yield checked("database", True, partial(_database, settings))
    yield checked("disk", True, partial(_disk, settings))
    on_spark = settings.engine == EngineName.SPARK
    computes_here = not on_spark or settings.spark_master.startswith("local")
    yield checked("memory", computes_here, partial(_memory, settings))
    needed = {"delta": True, "spatial": False, "httpfs": settings.lake.is_s3, "postgres_scanner": bool(tables)}
    for name, is_needed in needed.items():
        yield checked(f"duckdb {name}", is_needed, partial(_extension, name))
    for connection in sorted({table.connection for table in tables}):
        yield checked(f"source {connection}", True, partial(_front_end, connection))
    for name, look in spark_checks(settings, open_spark=open_spark):
        yield checked(name, on_spark or name == "spark session", look)


def _declarations(settings: Settings, catalog: list[Catalog]) -> str:
    try:
        catalog.append(read_catalog(settings.project))
        models = read_models(catalog[0])
    except DeclarationError as error:
        raise Unwell(str(error), "correct the declaration; `git diff` shows what was changed last") from None
    return f"{len(catalog[0].contracts)} sources, {len(models.tables)} models in {settings.project}"


def _landing(settings: Settings) -> str:
    if not settings.landing.is_dir():
        todo = "say with HUILIU_LANDING where agencies deliver, or make the folder"
        raise Unwell(f"there is no folder {settings.landing}", todo)
    if not os.access(settings.landing, os.R_OK | os.X_OK):
        raise Unwell(f"{settings.landing} cannot be read", "let the account under which huiliu runs read it")
    return str(settings.landing.absolute())


def _lake(settings: Settings, is_expected: bool = False) -> str:
    try:
        written_now(settings.lake)
    except OSError as error:
        why = error.strerror or type(error).__name__
        todo = "let the account under which huiliu runs write there, or say with HUILIU_LAKE where it may"
        raise Unwell(f"{settings.lake} cannot be written: {why}", todo) from None
    if is_expected and not any(open_table(settings.lake.uri(spec.id.path)) for spec in (BATCHES, RELEASES)):
        raise Unwell(
            f"{settings.lake} is no lake: no run has written there",
            f"name another, or fill it: {settings.command('run')}",
        )
    new = "" if settings.lake.is_s3 or settings.lake.path.is_dir() else " (will be made)"
    return f"{settings.lake} can be written{new}"


def _clock(settings: Settings) -> str:
    before = clock.now()
    try:
        there = written_now(settings.lake)
    except (LakeError, OSError):
        raise Unwell("cannot be compared: the lake takes no file", "see the check of the lake") from None
    # A store tells whole seconds, and the file may have been written at any time since `before`.
    ahead = (before - there).total_seconds() - 1
    behind = (there - clock.now()).total_seconds()
    if max(ahead, behind) > SKEW_SECONDS:
        word = f"{ahead:.0f} s ahead of" if ahead > behind else f"{behind:.0f} s behind"
        todo = "set the clock that is wrong: `timedatectl status`, NTP on both"
        raise Unwell(f"this machine's is {word} the lake's store", todo)
    return f"{before.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC, as the lake's store has it"


def _database(settings: Settings) -> str:
    from pipelines.database.address import database_of
    from pipelines.database.connection import Database, DatabaseAwayError
    from pipelines.database.migration import NewerDatabaseError

    url = database_of(settings)
    place = f"PostgreSQL {url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
    answers = f"{place} answers"
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not os.access(file if file.exists() else nearest_folder(file.parent), os.W_OK):
            raise Unwell(f"{file} cannot be written", "let the account write there, or name another by HUILIU_DB")
        place = str(file)
        answers = f"{file}; several machines that write one lake need PostgreSQL (HUILIU_DB)"
        if not file.exists():
            return answers
    try:
        with Database(url) as database:
            database.check()
    except NewerDatabaseError as error:
        raise Unwell(error.what, error.todo) from None
    except DatabaseAwayError as error:
        todo = "see that it runs and lets this machine in, and that HUILIU_DB has the right user and password"
        raise Unwell(f"{place} does not answer or refuses ({error.reason})", todo) from None
    return answers


def _front_end(connection: str) -> str:
    try:
        access = access_to(connection)
        with open_snapshot(access):
            return f"{access.variable}: the database lets this machine read"
    except PostgresFailure:
        raise
    except Exception as error:  # its text may name user and address
        todo = "see the check of `duckdb postgres_scanner`, and that the server lets a transaction read only"
        raise Unwell(f"its table cannot be looked at ({type(error).__name__})", todo) from None


def _disk(settings: Settings) -> str:
    places = {scratch_folder()} | (set() if settings.lake.is_s3 else {nearest_folder(settings.lake.path)})
    by_device = {place.stat().st_dev: place for place in sorted(places)}
    free = {place: shutil.disk_usage(place).free for place in by_device.values()}
    short = [f"{place}: {_gigabytes(bytes_)}" for place, bytes_ in free.items() if bytes_ < FREE_BYTES]
    if short:
        raise Unwell(
            f"hardly any space is left ({', '.join(short)})", "free some, or let TMPDIR and HUILIU_LAKE differ"
        )
    return ", ".join(f"{_gigabytes(bytes_)} free in {place}" for place, bytes_ in free.items())


def _memory(settings: Settings) -> str:
    asked, machine = in_bytes(settings.memory), _machine_memory()
    finding = f"HUILIU_MEMORY is {settings.memory}, the machine has {_gigabytes(machine)}"
    if asked > 0.8 * machine:
        raise Unwell(finding, "lower HUILIU_MEMORY: the system and what else runs here need a fifth")
    return finding


def _machine_memory() -> int:
    """Bytes that this process may have: the machine's, or what its container is limited to."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    limit_text = limit.read_text().strip() if limit.is_file() else ""
    return min(machine, int(limit_text)) if limit_text.isdigit() else machine


def _gigabytes(amount: float) -> str:
    return f"{amount / 1e9:.1f} GB"


def _extension(name: str) -> str:
    from pipelines.storage.extensions import load_extension

    package = f"duckdb-extension-{name.replace('_', '-')}"
    if importlib.util.find_spec(f"duckdb_extension_{name}") is None:
        raise Unwell(f"{package} is not installed", f"uv pip install {package}=={duckdb.__version__}")
    try:
        with duckdb.connect() as connection:
            load_extension(connection, name)
    except Exception as error:
        todo = f"install the package of DuckDB's own version: uv pip install {package}=={duckdb.__version__}"
        raise Unwell(f"it does not load into DuckDB {duckdb.__version__} ({type(error).__name__})", todo) from None
    return f"loads into DuckDB {duckdb.__version__}"
