"""What a refresh costs at least while a changed row means a new file: every file that it changed, written once more.

`python benchmarks/rewriting.py LAKE`, after a run that changed something: for each table that this run merged into,
DuckDB alone reads the table's files and writes the same rows, in the lake's compression and row groups; nothing is
looked up, compared or committed. Prints seconds by layer, to be set against those of the refresh.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
from deltalake import DeltaTable

ROW_GROUP = 245_760


def main() -> int:
    (lake,) = map(Path, sys.argv[1:])
    seconds: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory(prefix="huiliu-rewriting-") as folder, duckdb.connect() as connection:
        for place, table in _merged(lake):
            layer = place.relative_to(lake).parts[0]
            began = time.perf_counter()
            rows = connection.read_parquet(table.file_uris())
            rows.write_parquet(f"{folder}/rows.parquet", compression="snappy", row_group_size=ROW_GROUP)
            seconds[layer] += time.perf_counter() - began
            counts[layer] += 1
    for layer, spent in seconds.items():
        print(f"{layer:12} {counts[layer]:4} tables {spent:7.2f} s")
    print(f"{'all':12} {sum(counts.values()):4} tables {sum(seconds.values()):7.2f} s")
    return 0


def _merged(lake: Path) -> Iterator[tuple[Path, DeltaTable]]:
    """The tables whose newest commit changed rows that were there, with their places."""
    for log in sorted(lake.rglob("_delta_log")):
        table = DeltaTable(str(log.parent))
        if table.history(1)[0]["operation"] == "MERGE":
            yield log.parent, table


if __name__ == "__main__":
    raise SystemExit(main())
