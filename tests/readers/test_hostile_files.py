"""Files that break readers, end to end: each is a problem of its own; neither the others nor later runs hear of it."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.readers import Delivery
from pipelines.readers.csv import CsvDelivery
from pipelines.service.refusals import Refusal
from pipelines.service.rows import Rows
from pipelines.settings import Settings
from pipelines.steps.dry_run import dry_run
from pipelines.steps.ingest import ingest
from pipelines.steps.standardise import standardise
from pipelines.tables.specs import BATCHES
from tests.support.deliveries import (
    cells_of,
    csv_text,
    deliver,
    household,
    json_lines,
    parquet_table,
    person_id,
    workbook,
)
from tests.support.place import Opened, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
FIRST, LATER = range(100, 103), range(200, 203)


def people(*numbers: int, **columns: Any) -> dict[str, Any]:
    header, *rows = cells_of([household(number) for number in numbers])
    return {name: [row[at] for row in rows] for at, name in enumerate(header)} | columns


def text(*values: bytes) -> pa.Array:
    return pa.array(values, pa.binary()).view(pa.string())


def strange_zip() -> bytes:
    """A workbook whose parts say that they need version 8.6 of ZIP."""
    written = io.BytesIO()
    whole = io.BytesIO(workbook(cells_of([household(1)])))
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(written, "w") as after:
        for part in before.infolist():
            after.writestr(part.filename, before.read(part))
    return written.getvalue().replace(b"PK\x01\x02\x14\x03\x14\x00", b"PK\x01\x02\x14\x03\x56\x00")


def own_columns() -> str:
    return json_lines({**household(number % 1_000), f"列{number}": "1"} for number in range(20_000))


# File, content, and whether its rows get into raw.
HOSTILE: dict[str, tuple[bytes | str, bool]] = {
    "编码.parquet": (parquet_table(people(1, 2, 姓名=text("乌".encode(), b"\xd6\xd0"))), True),
    "附列编码.parquet": (parquet_table(people(3, 备注=text(b"\xff\xfe"))), True),
    "标识.parquet": (
        parquet_table(people(4, 记录=pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"x" * 16], pa.binary(16))))),
        True,
    ),
    "重复键.parquet": (parquet_table(people(5, 图=pa.array([[("a", 1), ("a", 2)]], pa.map_("string", "int64")))), True),
    "半精度.parquet": (parquet_table(people(6, 列=pa.array([[1.5]], pa.list_(pa.float16())))), True),
    "大十进.parquet": (parquet_table(people(7, 列=pa.array([[1]], pa.list_(pa.decimal256(60, 2))))), True),
    "零字符.jsonl": (json_lines([{**household(8), "姓名": "乌\0云"}]), True),
    "各有一列.jsonl": (own_columns(), False),
    "压缩版本.xlsx": (strange_zip(), False),
    "数组.json": (json.dumps([household(9)]), False),
    "长后缀." + "x" * 200: (csv_text(cells_of([household(10)])), True),
}


def taken(at: Opened) -> tuple[list[str], dict[str, dict[str, Any]], set[str]]:
    """What ingest and standardise make of what lies in landing: problems, entries by file, and who stands."""
    contract = at.workspace.catalog.contracts[SOURCE]
    done = ingest(at.workspace, contract)
    standardise(at.workspace, contract)
    entries = {row["file"]: row for row in at.rows(BATCHES)}
    return [str(row) for row in done.problems], entries, {row["id_number"] for row in at.standard(SOURCE)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, project=tiny_project(tmp_path / "project"))


def deliver_good(place: Place, name: str, numbers: range) -> set[str]:
    deliver(place.landing, SOURCE, name, csv_text(cells_of([household(number) for number in numbers])))
    return {person_id(number) for number in numbers}


def test_hostile_files_stop_and_stick_nothing(place: Place) -> None:
    good = deliver_good(place, "好.csv", FIRST)
    for file, (content, _) in HOSTILE.items():
        deliver(place.landing, SOURCE, file, content)
    with place.opened() as at:
        problems, entries, standing = taken(at)
        raw = at.raw(SOURCE)
    assert good <= standing
    for file, (_, readable) in HOSTILE.items():
        assert entries[file]["readable"] == readable, file
        assert bool([row for row in raw if row["_batch"] == entries[file]["batch"]]) == readable, file
        assert readable or any(problem.startswith(file) and "what to do" in problem for problem in problems), file
    assert [row["_damage"] for row in raw if row["_batch"] == entries["编码.parquet"]["batch"]] == [
        None,
        "row.undecodable",
    ]
    later = deliver_good(place, "后.csv", LATER)
    with place.opened() as at:
        _, again, standing = taken(at)
    assert good | later <= standing
    assert {*again} == {*entries, "后.csv"}


@pytest.mark.parametrize("file", ["编码.parquet", "各有一列.jsonl", "压缩版本.xlsx"])
def test_the_check_before_delivery_says_the_same(place: Place, file: str, tmp_path: Path) -> None:
    content, readable = HOSTILE[file]
    path = deliver(tmp_path / "outbox", SOURCE, file, content)
    settings = Settings(project=place.project, landing=place.landing, lake=place.lake)
    found = dry_run(settings, SOURCE, path)
    assert found.judged.verdict in ({"passed", "held"} if readable else {"held"})
    assert readable or found.problems


class UnforeseenError(Exception):
    pass


def broken_after_a_batch(error: BaseException) -> Any:
    read = CsvDelivery._rows

    def rows(self: Delivery) -> Iterator[pa.RecordBatch]:
        for batch in read(self):  # type: ignore[arg-type]
            yield batch
            if person_id(1) in batch.column("id_number").to_pylist():
                raise error

    return rows


def test_an_error_that_no_reader_foresees_is_the_files_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    good = deliver_good(place, "好.csv", FIRST)
    deliver_good(place, "坏.csv", range(1, 3))
    monkeypatch.setattr(CsvDelivery, "_rows", broken_after_a_batch(UnforeseenError(f"row {person_id(1)}")))
    with place.opened() as at:
        problems, entries, standing = taken(at)
        raw = at.raw(SOURCE)
    assert standing == good
    assert not entries["坏.csv"]["readable"]
    assert len(raw) == len(FIRST)  # no half of a batch
    (problem,) = [problem for problem in problems if "坏.csv" in problem]
    assert "UnforeseenError" in problem
    assert "row 4" in problem
    assert person_id(1) not in problem


def test_a_batch_that_raw_could_not_be_read_with_is_the_files_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = deliver_good(place, "好.csv", FIRST)
    deliver_good(place, "坏.csv", range(1, 3))
    read = CsvDelivery._rows

    def rows(self: CsvDelivery) -> Iterator[pa.RecordBatch]:
        for batch in read(self):
            spoilt = text(*[b"\xff"] * batch.num_rows)
            is_bad = person_id(1) in batch.column("id_number").to_pylist()
            yield batch.set_column(1, batch.schema.field(1), spoilt) if is_bad else batch

    monkeypatch.setattr(CsvDelivery, "_rows", rows)
    with place.opened() as at:
        _, entries, standing = taken(at)
    assert standing == good
    assert not entries["坏.csv"]["readable"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "simulated"), MemoryError("simulated")])
def test_the_machines_own_trouble_still_stops_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    deliver_good(place, "坏.csv", range(1, 3))
    monkeypatch.setattr(CsvDelivery, "_rows", broken_after_a_batch(error))
    with place.opened() as at:
        with pytest.raises(Exception, match="simulated"):
            taken(at)
        assert not at.rows(BATCHES)


def test_a_file_that_vanishes_while_it_is_taken_waits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    good = deliver_good(place, "好.csv", FIRST)
    deliver_good(place, "走.csv", range(1, 3))
    copy = shutil.copyfile

    def gone(source: Path, target: Path) -> Any:
        if source.name == "走.csv":
            source.unlink()
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", gone)
    with place.opened() as at:
        _, entries, standing = taken(at)
    assert standing == good
    assert {*entries} == {"好.csv"}


def test_a_truncated_file_waits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver_good(place, "短.csv", FIRST)
    copy = shutil.copyfile

    def cut(source: Path, target: Path) -> Any:
        os.truncate(source, 100)
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", cut)
    with place.opened() as at:
        assert ingest(at.workspace, at.workspace.catalog.contracts[SOURCE]).waiting == ["短.csv"]


def test_pushed_rows_that_each_name_a_column_are_refused(place: Place) -> None:
    with place.opened() as at:
        rows = Rows(at.workspace.catalog.contracts[SOURCE])
    with pytest.raises(Refusal, match=r"4,096 columns"):
        rows.lines(own_columns().encode(), "application/x-ndjson")
