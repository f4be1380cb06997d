"""Measuring the whole way against a bare copy: the same reader, the same files, streamed into Delta once."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = ("simulate", "copy", "run")


def measure(people: int, seed: int, folder: Path | None, told: Callable[[str], None]) -> dict[str, Any]:
    """Simulate once, then copy and run, each in a process of its own so that neither warms or burdens the other.

    `ratio` is the seconds of the whole run to those of the copy; `ratio_per_row` the same with each divided by the
    rows it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="huiliu-bench-") as scratch:
        root = folder or Path(scratch)
        done = {}
        for step in STEPS:
            if step == "simulate" and (root / "landing").exists():
                continue
            told(f"{step} …")
            done[step] = _in_process(step, root, people, seed)
    copy, run = done["copy"], done["run"]
    per_row = (run["seconds"] / run["rows_written"]) / (copy["seconds"] / copy["rows_written"])
    return {
        "people": people,
        "seed": seed,
        "copy": copy,
        "run": run,
        "ratio": round(run["seconds"] / copy["seconds"], 2),
        "ratio_per_row": round(per_row, 2),
    }


def _in_process(step: str, root: Path, people: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "pipelines.operations.bench", step, str(root), str(people), str(seed)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(finished.stdout))


def _copy(root: Path) -> dict[str, Any]:
    """Every landing file through the reader that ingest uses, into one Delta table per source, and nothing else."""
    from pipelines.declarations.loading import read_catalog
    from pipelines.engines import delta_rs
    from pipelines.lake.specs import raw_spec
    from pipelines.readers import UnreadableFile, open_delivery
    from pipelines.settings import Settings

    catalog = read_catalog(Settings().project)
    started, rows = time.perf_counter(), 0
    for contract in catalog.contracts.values():
        uri = str(root / "copy" / raw_spec(catalog, contract).id.path)
        for path in sorted((root / "landing" / contract.name).glob("*")):
            try:
                delta_rs.append(uri, open_delivery(path, contract).batches(), "{}")
            except UnreadableFile:
                continue
        table = delta_rs.open_table(uri)
        rows += delta_rs.row_count(table) if table else 0
    return {"seconds": round(time.perf_counter() - started, 2), "rows_written": rows}


def _run(root: Path) -> dict[str, Any]:
    from pipelines.settings import Settings
    from pipelines.steps.run import run
    from pipelines.steps.workspace import open_workspace

    started = time.perf_counter()
    with open_workspace(Settings(lake=root / "lake", landing=root / "landing", settle=0)) as workspace:
        done = run(workspace)
    seconds = time.perf_counter() - started
    ingested = sum(one.rows for one in done.ingested.values())
    written = ingested + sum(one.upserted for one in done.refreshed)
    return {
        "seconds": round(seconds, 2),
        "rows_in": ingested,
        "rows_written": written,
        "seconds_per_step": {step: round(spent, 2) for step, spent in done.seconds.items()},
        "rows_in_per_second_per_step": {step: round(ingested / spent) for step, spent in done.seconds.items() if spent},
    }


def _simulate(root: Path, people: int, seed: int) -> dict[str, Any]:
    from simulation import simulate

    started = time.perf_counter()
    simulate(people, seed, root)
    return {"seconds": round(time.perf_counter() - started, 2)}


def main() -> None:
    """One step in this process; prints JSON with the process's own peak memory."""
    import resource

    step, root, people, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    done = _simulate(root, people, seed) if step == "simulate" else _copy(root) if step == "copy" else _run(root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(done | {"peak_memory_mb": round(peak / 1e6)}))


if __name__ == "__main__":
    main()
