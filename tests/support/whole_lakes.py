"""Whole lakes of files: what must hold of any of them, and how two that had the same deliveries may differ."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from tests.support.lakes_compared import connection

# When something was received, decided or released is each lake's own, and so are ids and versions of tables, and the
# words of Great Expectations' result.
OWN_TO_A_LAKE = {"_received_at", "received_at", "decided_at", "released_at"}
OWN_IN = {"quality/release": {"release", "table_id", "version"}, "quality/validation": {"result", "batches"}}
RELEASE = "quality/release"
IMAGES = {"insert": 1, "update_postimage": 1, "delete": -1, "update_preimage": -1}


def tables_of(lake: Path) -> set[str]:
    """The places of all Delta tables of a lake."""
    return {log.parent.relative_to(lake).as_posix() for log in lake.rglob("_delta_log") if any(log.glob("*.json"))}


def lake_differences(first: Path, other: Path) -> list[str]:
    """In which tables two lakes differ: missing ones, columns, or the number of rows that only one of them has.

    Of releases the newest counts alone. No value is shown.
    """
    opened = connection()
    in_first, in_other = tables_of(first), tables_of(other)
    found = [f"{table}: only in {first.name}" for table in sorted(in_first - in_other)]
    found += [f"{table}: only in {other.name}" for table in sorted(in_other - in_first)]
    for table in sorted(in_first & in_other):
        found += _table_differences(opened, table, first, other)
    return found


def _table_differences(opened: duckdb.DuckDBPyConnection, table: str, left: Path, other: Path) -> list[str]:
    described = [opened.execute(f"DESCRIBE {_scan(lake / table)}").fetchall() for lake in (left, other)]
    columns = [{row[0]: row[1] for row in rows} for rows in described]
    if columns[0] != columns[1]:
        return [f"{table}: columns or their types differ"]
    names = [name for name in columns[0] if name not in OWN_TO_A_LAKE | OWN_IN.get(table, set())]
    queries = [_scan(lake / table, names, newest=table == RELEASE) for lake in (left, other)]
    found = []
    for first, second, lake in ((queries[0], queries[1], left), (queries[1], queries[0], other)):
        only = _number(opened, f"SELECT count(*) FROM ({first} EXCEPT ALL {second})")
        if only:
            found.append(f"{table}: {only} rows only in {lake.name}")
    return found


def _scan(table: Path, names: list[str] | None = None, newest: bool = False) -> str:
    listed = ", ".join(f'"{name}"' for name in names) if names else "*"
    scan = f"delta_scan('{table}')"
    return f"SELECT {listed} FROM {scan}" + (f" WHERE release = (SELECT max(release) FROM {scan})" if newest else "")


def _number(opened: duckdb.DuckDBPyConnection, query: str) -> int:
    answer = opened.execute(query).fetchone()
    return int(answer[0]) if answer else 0


def lake_faults(lake: Path, landing: Path) -> list[str]:
    """What is wrong with a lake that a run has just gone through, whatever was delivered before.

    Rows of raw that stand twice, originals that are not whole, deliveries without batch or verdict, change feeds that
    cannot be read from the beginning or do not add up to the table, a release that is not of the tables as they are.
    """
    opened = connection()
    found = _raw_faults(opened, lake) + _original_faults(opened, lake, landing) + _release_faults(opened, lake)
    for table in sorted(tables_of(lake)):
        found += _feed_faults(opened, lake, table)
    return found


def _raw_faults(opened: duckdb.DuckDBPyConnection, lake: Path) -> list[str]:
    found = []
    for table in sorted(path for path in tables_of(lake) if path.startswith("raw/")):
        twice = f"SELECT _batch, _row FROM delta_scan('{lake / table}') GROUP BY ALL HAVING count(*) > 1"
        if doubled := _number(opened, f"SELECT count(*) FROM ({twice})"):
            found.append(f"{table}: {doubled} rows stand there more than once")
        counted = f"SELECT _batch AS batch, count(*) AS held FROM delta_scan('{lake / table}') GROUP BY ALL"
        entries = f"SELECT * FROM delta_scan('{lake}/quality/batch') WHERE source = '{table.partition('/')[2]}'"
        unlike = f"SELECT count(*) FROM ({entries}) FULL JOIN ({counted}) USING (batch)"
        if wrong := _number(opened, f"{unlike} WHERE rows IS NULL OR coalesce(held, 0) <> rows"):
            found.append(f"{table}: {wrong} batches whose rows are not those of quality/batch")
    return found


def _original_faults(opened: duckdb.DuckDBPyConnection, lake: Path, landing: Path) -> list[str]:
    """Files are known by their hash and their source: the same file under two names is one batch."""
    found = []
    kept = {path.name.partition(".")[0]: path for path in (lake / "raw/_files").glob("*")}
    for name, path in kept.items():
        if path.name.endswith(".part") or hashlib.sha256(path.read_bytes()).hexdigest() != name:
            found.append(f"raw/_files: {path.name[:12]}… is not whole")
    sent = {(path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in landing.glob("*/*")}
    entered = opened.execute(f"SELECT source, sha256 FROM delta_scan('{lake}/quality/batch')").fetchall()
    if lost := sent - {*entered}:
        found.append(f"quality/batch: {len(lost)} deliveries have no batch")
    if len(entered) > len({*entered}):
        found.append(f"quality/batch: {len(entered) - len({*entered})} deliveries were taken more than once")
    if missing := {sha256 for _, sha256 in entered} - {*kept}:
        found.append(f"raw/_files: {len(missing)} originals are missing")
    batches, verdicts = (
        f"SELECT DISTINCT batch FROM delta_scan('{lake}/quality/{n}')" for n in ("batch", "batch_verdict")
    )
    if unjudged := _number(opened, f"SELECT count(*) FROM ({batches} EXCEPT {verdicts})"):
        found.append(f"quality/batch_verdict: {unjudged} batches have no verdict")
    return found


def _release_faults(opened: duckdb.DuckDBPyConnection, lake: Path) -> list[str]:
    if RELEASE not in tables_of(lake):
        return [f"{RELEASE}: there is no release"]
    rows = opened.execute(_scan(lake / RELEASE, ["table", "table_id", "version"], newest=True)).fetchall()
    released = {table: (table_id, version) for table, table_id, version in rows}
    found = [f"{RELEASE}: a table stands twice in the newest release"] if len(rows) > len(released) else []
    layers = ("foundation/", "theme/", "returns/")
    for table in sorted(path for path in tables_of(lake) if path.startswith(layers)):
        stored = DeltaTable(str(lake / table))
        if released.get(table) != (str(stored.metadata().id), stored.version()):
            found.append(f"{RELEASE}: {table} is not released as it is")
    return found


def _feed_faults(opened: duckdb.DuckDBPyConnection, lake: Path, table: str) -> list[str]:
    try:
        feed = pa.table(DeltaTable(str(lake / table)).load_cdf(starting_version=0))
    except Exception as error:
        return [f"{table}: the change feed cannot be read from version 0 ({type(error).__name__})"]
    opened.register("feed", feed)
    stored = opened.execute(f"DESCRIBE {_scan(lake / table)}").fetchall()
    names = ", ".join(f'"{row[0]}"' for row in stored if row[0] in feed.column_names)
    signs = " ".join(f"WHEN '{kind}' THEN {sign}" for kind, sign in IMAGES.items())
    replayed = f"SELECT {names}, CASE _change_type {signs} END AS times FROM feed"
    now = f"SELECT {names}, -1 AS times FROM delta_scan('{lake / table}')"
    together = f"SELECT {names} FROM ({replayed} UNION ALL {now}) GROUP BY ALL HAVING sum(times) <> 0"
    wrong = _number(opened, f"SELECT count(*) FROM ({together})")
    opened.unregister("feed")
    return [f"{table}: the change feed adds up to {wrong} other rows"] if wrong else []
