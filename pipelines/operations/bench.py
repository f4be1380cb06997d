"""Measuring the whole way against a bare copy: the same reader, the same files, streamed into Delta once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.operations.bench_push import measure_push
from pipelines.settings import EngineName
from pipelines.storage.scratch import Scratch

RATE = 200  # rows a second


@dataclass(frozen=True)
class Wanted:
    """What is measured: `tenth` is a run over a tenth of the people as well, `push` for how many seconds rows come."""

    people: int
    seed: int
    engines: Sequence[EngineName]
    tenth: bool = False
    push: int = 0


def measure(wanted: Wanted, folder: Path | None, show_progress: Callable[[str], None]) -> dict[str, Any]:
    """Simulate once, copy, then run on each engine, each in a process of its own so that none warms another.

    `ratio` is the seconds of an engine's whole run to those of the copy; `ratio_per_row` the same with each divided
    by the rows it wrote. `refresh` is the run after one key in a thousand has changed. With both engines,
    `spark_to_duckdb` is the seconds of Spark's run to those of DuckDB's; `tenth` has the seconds of the whole run to
    those of one over a tenth of the people, `push` what `measure_push` gives.
    """
    with Scratch("bench-") as scratch:
        root, people, seed = folder or Path(scratch), wanted.people, wanted.seed
        _simulated(root, people, seed, show_progress)
        show_progress("copy …")
        copy = _in_process("copy", root, people, seed)
        runs: dict[str, dict[str, Any]] = {}
        for engine in wanted.engines:
            show_progress(f"run on {engine} …")
            runs[engine] = _in_process("run", root, people, seed, engine)
            runs[engine] |= _ratios(runs[engine], copy)
            show_progress(f"one key in a thousand changes, on {engine} …")
            runs[engine]["refresh"] = _refreshed(root, people, seed, engine, runs[engine]["seconds"])
        done = {"people": people, "seed": seed, "copy": copy, "runs": runs}
        if set(EngineName) <= runs.keys():
            done["spark_to_duckdb"] = round(runs["spark"]["seconds"] / runs["duckdb"]["seconds"], 2)
        if wanted.tenth and "duckdb" in runs:
            done["tenth"] = _tenth(root / "tenth", people // 10, seed, runs["duckdb"]["seconds"], show_progress)
        if wanted.push and "duckdb" in runs:
            done["push"] = measure_push(root, wanted.push, RATE, show_progress)
    return done


def _simulated(root: Path, people: int, seed: int, show_progress: Callable[[str], None]) -> None:
    if not (root / "landing").exists():
        show_progress("simulate …")
        _in_process("simulate", root, people, seed)


def _tenth(root: Path, people: int, seed: int, seconds: float, show_progress: Callable[[str], None]) -> dict[str, Any]:
    """The whole run over a tenth of the people; `growth` is how many times as long all of them took."""
    _simulated(root, people, seed, show_progress)
    show_progress("run over a tenth …")
    done = _in_process("run", root, people, seed)
    return {"seconds": done["seconds"], "growth": round(seconds / done["seconds"], 2)}


def _refreshed(root: Path, people: int, seed: int, engine: EngineName, run_seconds: float) -> dict[str, Any]:
    """The run that follows a delivery of changes; `ratio` is its seconds to those of the whole run."""
    changes = _in_process("changes", root, people, seed, engine)
    done = _in_process("refresh", root, people, seed, engine)
    return done | {"changed": changes["changed"], "ratio": round(done["seconds"] / run_seconds, 3)}


def _ratios(run: dict[str, Any], copy: dict[str, Any]) -> dict[str, float]:
    per_row = (run["seconds"] / run["rows_written"]) / (copy["seconds"] / copy["rows_written"])
    return {"ratio": round(run["seconds"] / copy["seconds"], 2), "ratio_per_row": round(per_row, 2)}


def _in_process(
    step: str, root: Path, people: int, seed: int, engine: EngineName = EngineName.DUCKDB
) -> dict[str, Any]:
    command = [sys.executable, "-m", "pipelines.operations.bench", step, str(root), str(people), str(seed), engine]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(finished.stdout))


def _copy(root: Path) -> dict[str, Any]:
    """Every landing file through the reader that ingest uses, into one Delta table per source, and nothing else."""
    from pipelines.engines import delta_files, delta_rs
    from pipelines.project.catalog import read_catalog
    from pipelines.readers import UnreadableFile, open_delivery
    from pipelines.settings import Settings
    from pipelines.tables.specs import raw_spec

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
        rows += delta_files.row_count(table) if table else 0
    return {"seconds": round(time.perf_counter() - started, 2), "rows_written": rows}


def _changes(root: Path, engine: EngineName) -> dict[str, Any]:
    from pipelines.operations.changed_delivery import deliver_changes
    from pipelines.project.workspace import open_workspace
    from pipelines.settings import Settings

    with open_workspace(Settings(engine=EngineName.DUCKDB, lake=root / f"lake_{engine}")) as workspace:
        return {"changed": deliver_changes(workspace, root / f"changes_{engine}")}


def _run(root: Path, engine: EngineName, landing: str = "landing") -> dict[str, Any]:
    """The whole way from landing; Spark's start is part of it, as a person would wait for it."""
    from pipelines.project.workspace import open_workspace
    from pipelines.settings import Settings
    from pipelines.steps.run import run

    started = time.perf_counter()
    lake = root / f"lake_{engine}"
    with open_workspace(Settings(engine=engine, lake=lake, landing=root / landing, settle=0)) as workspace:
        done = run(workspace)
        jvm = _jvm_peak() if engine == EngineName.SPARK else 0
    seconds = time.perf_counter() - started
    ingested = sum(source.rows for source in done.ingested.values())
    written = ingested + sum(refreshed.upserted for refreshed in done.refreshed)
    return {
        "seconds": round(seconds, 2),
        "jvm_peak_mb": round(jvm / 1e6),
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


def _jvm_peak() -> int:
    """Bytes that Spark's JVM, a child of this process, held at most at once (Linux only)."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    assert gateway is not None
    for line in Path(f"/proc/{gateway.proc.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """One step in this process; prints JSON with the process's own peak memory."""
    import resource

    step, root, people, seed, engine = sys.argv[1:]
    kind = EngineName(engine)
    match step:
        case "simulate":
            done = _simulate(Path(root), int(people), int(seed))
        case "copy":
            done = _copy(Path(root))
        case "changes":
            done = _changes(Path(root), kind)
        case "refresh":
            done = _run(Path(root), kind, f"changes_{kind}")
        case _:
            done = _run(Path(root), kind)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(done | {"peak_memory_mb": round(peak / 1e6) + done.get("jvm_peak_mb", 0)}))


if __name__ == "__main__":
    main()
