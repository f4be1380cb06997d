"""Fuzzing: deliveries with random bytes changed must stop nothing, stick nothing and alter no cell.

`python benchmarks/fuzzing.py --seed S --count N [--format csv]` lands N damaged files of each format, a few at a time,
in one lake, with a good file beside each few. After every ingest and standardise the good rows must stand, every
damaged file must have its entry, and each row of it that is not marked must hold what another program reads there.
Exit code 1 where that is not so, with what repeats it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.forked import Marks, forked, import_everything
from tests.support.deliveries import cells_of, csv_text, household, json_lines, workbook
from tests.support.tiny_project import tiny_project

# What is no text has spellings: raw's are held against the values in tests.
_IS_OTHERWISE = re.compile(
    r"\[|\{|.*[eE][+-]?\d+$|-?(nan|inf|infinity)$|\d{4}-\d\d-\d\d \d\d|\d{1,5}-\d\d-\d\d |-?\d+\.0$"
)
SOURCE = "household_registration"
ROWS, AT_ONCE, GOOD = 12, 20, 3
FIRST_GOOD = 5_000


@dataclass(frozen=True)
class Damaged:
    """A damaged file: what was done to it, and its bytes."""

    file: str
    changes: str
    content: bytes


@dataclass
class Report:
    """What all rounds of one call came to, by format and by what became of the files."""

    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _arguments(arguments)
    import_everything()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="huiliu-fuzzing-") as folder:
        project = tiny_project(Path(folder) / "project")
        for kind in options.format or FORMATS:
            lake = 0
            for first in range(0, options.count, AT_ONCE):
                files = [damaged(kind, options.seed, n) for n in range(first, min(first + AT_ONCE, options.count))]
                if not _round(Path(folder) / f"{kind}{lake}", project, kind, first, files, report):
                    lake += 1  # so that what is stuck hides nothing that comes later
    _print(report)
    return 1 if report.failures else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same changes")
    parser.add_argument("--count", type=int, default=40, help="how many files of each format are damaged")
    parser.add_argument("--format", action="append", choices=FORMATS, help="this format alone (may be given again)")
    return parser.parse_args(arguments)


def damaged(kind: str, seed: int, number: int) -> Damaged:
    """The file of this number, which is the same for the same seed."""
    chance = random.Random(f"{seed}/{kind}/{number}")
    whole = FORMATS[kind](chance)
    while True:
        if kind == "xlsx" and chance.random() < 0.7:
            changes, content = _within(chance, whole)
        else:  # what moves the pages of a Parquet file is always seen: most changes leave them where they are
            changes, content = _changed(chance, whole, kept=kind == "parquet" and chance.random() < 0.8)
        if content != whole:
            return Damaged(f"{number:04d}.{kind}", changes, content)


def _changed(chance: random.Random, whole: bytes, kept: bool = False) -> tuple[str, bytes]:
    """One to eight bytes set, put in or taken out, or the end cut off; `kept` is the length, and one byte changes."""
    content, changes = bytearray(whole), []
    if not kept and chance.random() < 0.05:
        length = chance.randrange(len(whole))
        return f"cut to {length}", whole[:length]
    for _ in range(1 if kept else chance.randint(1, 8)):
        at = chance.randrange(len(content))
        if not kept and chance.random() < 0.3:
            at = max(0, len(content) - 1 - chance.randrange(min(len(content), 300)))
        how = chance.choice(["set", "set", "bit", "insert", "delete"][: 3 if kept else None])
        byte = chance.choice([0, 0x22, 0x2C, 0x0A, 0x0D, 0x80, 0xFF, chance.randrange(256), chance.randrange(256)])
        if how == "bit":
            content[at] ^= 1 << chance.randrange(8)
        elif how == "set":
            content[at] = byte
        elif how == "insert":
            content.insert(at, byte)
        elif len(content) > 1:
            del content[at]
        changes.append(f"{how} {at}")
    return ", ".join(changes), bytes(content)


def _within(chance: random.Random, whole: bytes) -> tuple[str, bytes]:
    """Bytes changed in one part of a workbook, which is packed again."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        parts = before.infolist()
        chosen = chance.choice([part for part in parts if "sheet" in part.filename or "haredStrings" in part.filename])
        changes = ""
        for part in parts:
            content = before.read(part)
            if part is chosen:
                changes, content = _changed(chance, content, kept=chance.random() < 0.8)
            after.writestr(part.filename, content)
    return f"{chosen.filename}: {changes}", written.getvalue()


def _people(chance: random.Random) -> list[dict[str, str]]:
    return [household(number) for number in chance.sample(range(1_000), ROWS)]


def _csv(chance: random.Random) -> bytes:
    text = csv_text(cells_of(_people(chance)))
    return text.encode(chance.choice(["utf-8", "utf-8", "utf-8-sig", "gb18030", "gb18030", "utf-16"]))


def _json_lines(chance: random.Random) -> bytes:
    people: list[Any] = [
        {**person, "附": {"额": 1.5, "序": [number, None]}} for number, person in enumerate(_people(chance))
    ]
    return json_lines(people).encode(chance.choice(["utf-8", "utf-8", "gb18030"]))


def _parquet(chance: random.Random) -> bytes:
    header, *rows = cells_of(_people(chance))
    columns: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    whole = list(range(len(rows)))
    columns |= {
        "整数": pa.array(whole),
        "小数": pa.array([number / 8 for number in whole]),
        "时刻": pa.array(whole, pa.timestamp("us")),
        "十进": pa.array(whole, pa.int64()).cast(pa.decimal128(21, 2)),
        "列": [[number, None] for number in whole],
        "映": pa.array([[("甲", number)] for number in whole], pa.map_(pa.string(), pa.int64())),
    }
    written = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        written,
        compression=chance.choice(["none", "none", "snappy", "zstd"]),
        use_dictionary=chance.random() < 0.5,
        data_page_version=chance.choice(["1.0", "2.0"]),
        write_page_checksum=chance.random() < 0.2,
    )
    return written.getvalue()


FORMATS: Mapping[str, Callable[[random.Random], bytes]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
    "xlsx": lambda chance: workbook(cells_of(_people(chance))),
}


def _round(place: Path, project: Path, kind: str, first: int, files: Sequence[Damaged], report: Report) -> bool:
    """Land some damaged files and a good one, ingest and standardise them; False where the lake is of no use now."""
    landing = place / "landing" / SOURCE
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    for damaged in files:
        (landing / damaged.file).write_bytes(damaged.content)
    numbers = range(FIRST_GOOD + first, FIRST_GOOD + first + GOOD)
    good = [household(number) for number in numbers]
    (landing / f"good{first}.csv").write_text(csv_text(cells_of(good)), encoding="utf-8")
    marks_of = {damaged.file: damaged.changes for damaged in files}
    ended = forked(
        lambda marks: _taken(marks, place, project, files, [row["公民身份号码"] for row in good]), place / "x"
    )
    if ended.how != "finished":
        report.failures.append(f"{kind} {first}–: {ended.how} in {ended.step}\n{ended.error}")
        print(f"FAILED {report.failures[-1]}", flush=True)
        return False
    for what, times in ended.result["files"].items():
        report.files[kind, what] += times
    report.cells[kind] += ended.result["cells"]
    for file, what in ended.result["failures"]:
        report.failures.append(f"{file} ({marks_of.get(file)}): {what}")
        print(f"FAILED {report.failures[-1]}", flush=True)
    return True


def _taken(marks: Marks, place: Path, project: Path, files: Sequence[Damaged], good: Sequence[str]) -> dict[str, Any]:
    from pipelines.project.workspace import open_workspace
    from pipelines.settings import Settings
    from pipelines.steps.ingest import ingest
    from pipelines.steps.standardise import standardise
    from pipelines.tables.specs import BATCHES, raw_spec, standard_spec

    variables: dict[str, Any] = {"landing": place / "landing", "lake": place / "lake", "memory": "4GB", "lease_wait": 5}
    with open_workspace(Settings(project=project, settle=0, **variables)) as at:
        contract = at.catalog.contracts[SOURCE]
        marks.step = "ingest"
        ingest(at, contract)
        marks.step = "standardise"
        standardise(at, contract)
        marks.step = "comparing"
        rows = at.lake.engine.rows(at.lake.read(raw_spec(at.catalog, contract)))
        standing = at.lake.engine.rows(at.lake.read(standard_spec(at.catalog, contract)).select("id_number"))
        entries = {row["file"]: row for row in at.lake.engine.rows(at.lake.read(BATCHES))}
    missing = {*good} - {row["id_number"] for row in standing}
    found = _Compared(contract.cells)
    if missing:
        found.failures.append(("the good file", f"{len(missing)} of its rows do not stand"))
    for damaged in files:
        if damaged.file not in entries:
            found.failures.append((damaged.file, "has no entry"))
            continue
        entry = entries[damaged.file]
        found.compare(damaged, entry, [row for row in rows if row["_batch"] == entry["batch"]], place)
    return {"files": dict(found.files), "cells": found.cells, "failures": found.failures}


class _Compared:
    """Raw's rows of damaged files, held against what another program reads."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self.files: Counter[str] = Counter()
        self.cells = 0
        self.failures: list[tuple[str, str]] = []

    def compare(
        self, damaged: Damaged, entry: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], place: Path
    ) -> None:
        from benchmarks.second_reading import second_reading

        if not entry["readable"]:
            self.files["refused"] += 1
            if rows or not entry["problems"]:
                self.failures.append((damaged.file, "is refused, but has rows in raw, or nothing is said of it"))
            return
        reading = second_reading(damaged.content, entry, str(place / "second"))
        marked = sum(row["_damage"] is not None for row in rows)
        self.files["read, rows marked" if marked else "read"] += 1
        if reading is None:
            self.files["(no second reading)"] += 1
            return
        if len(rows) != entry["rows"] or {row["_row"] for row in rows} != set(reading):
            self._lost(damaged, rows, reading)
        for row in rows:
            other = reading.get(row["_row"])
            if row["_damage"] is None and other is not None:
                self._row(damaged, row, other)

    def _lost(self, damaged: Damaged, rows: Sequence[Mapping[str, Any]], reading: Mapping[int, Any]) -> None:
        """Where a quote was put in or lost, row numbers may differ after a row that is marked."""
        if not any(row["_damage"] for row in rows):
            self.failures.append((damaged.file, f"{len(rows)} rows in raw, and {len(reading)} by the second reading"))

    def _row(self, damaged: Damaged, row: Mapping[str, Any], other: Mapping[str, str | None]) -> None:
        extra = json.loads(row["_extra"] or "{}")
        for header, sent in other.items():
            name = self._columns.get(header.strip())
            kept = row[name] if name else extra.get(header)
            if (
                (name or header in extra)
                and sent != "…"
                and (kept or "") != (sent or "")
                and not _IS_OTHERWISE.match(sent or "")
            ):
                self.failures.append((damaged.file, f"row {row['_row']}, column {header}: another cell than was sent"))
            self.cells += 1


def _print(report: Report) -> None:
    for (kind, what), times in sorted(report.files.items()):
        print(f"{kind}: {times} {what}")
    for kind, cells in report.cells.items():
        print(f"{kind}: {cells:,} cells compared")
    print(f"{len(report.failures)} failures")


if __name__ == "__main__":
    raise SystemExit(main())
