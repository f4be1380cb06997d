"""Parity: the whole declared lake of simulated people, built by both engines and compared table by table.

`python benchmarks/parity.py [--people 500] [--seed 21] [--once]`, or `make parity`. Each engine builds a lake of the
same deliveries; then, unless they build only `--once`, each source's newest file is delivered, and both engines go on,
with their own lakes and with the other's. Every declared table is compared whole: types, rows, timestamps, lists and
NULLs. Prints the tables compared, what differs, and seconds by engine. Exit code 1 where something differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.project.workspace import open_project
from pipelines.settings import Settings
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import CONFIRMATIONS
from pipelines.tables.table import TableSpec
from simulation import simulate
from tests.support.lakes_compared import connection, differences
from tests.support.place import PROJECT, Place
from tests.support.spark import JAVA_FOR_SMALL_DATA
from tests.support.two_engines import CROSSED, UNDISTURBED, Lakes, lakes_of_both


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=500, help="simulated people, 500 by default")
    parser.add_argument("--seed", type=int, default=21, help="seed of the simulation")
    parser.add_argument("--once", action="store_true", help="both build a lake of everything, and nothing comes later")
    asked = parser.parse_args()
    os.environ.update(JAVA_FOR_SMALL_DATA)
    # Nobody has to confirm anything on this way.
    tables = [spec for spec in all_tables(open_project(Settings(project=PROJECT))) if spec != CONFIRMATIONS]
    with tempfile.TemporaryDirectory(prefix="huiliu-parity-") as name:
        folder = Path(name)
        simulate(asked.people, asked.seed, folder)
        later = {} if asked.once else hold_back(folder)
        lakes = lakes_of_both(folder, lambda: deliver(later), goes_on=not asked.once)
        found = {pair: list(compared(tables, *places)) for pair, places in pairs(lakes).items()}
    for run, seconds in lakes.seconds.items():
        print(f"{run:28} {seconds:7.0f} s")
    for pair, differing in found.items():
        print(f"{pair}: {len(tables)} tables compared, {len(differing)} differ", *differing, sep="\n  ")
    return 1 if any(found.values()) else 0


def hold_back(folder: Path) -> dict[Path, Path]:
    """Take each source's newest file out of landing, to be delivered later: place in landing → where it waits."""
    later = {}
    for source in sorted((folder / "landing").iterdir()):
        *before, last = sorted(source.iterdir())
        if before:
            later[last] = folder / "waiting" / source.name / last.name
            later[last].parent.mkdir(parents=True)
            shutil.move(last, later[last])
    return later


def deliver(held: Mapping[Path, Path]) -> None:
    """Put files that were held back into their places."""
    for path, waiting in held.items():
        shutil.move(waiting, path)


def pairs(lakes: Lakes) -> dict[str, tuple[Place, Place]]:
    """The lakes that must hold the same rows, by what the comparison shows."""
    found = {"built by either engine": (lakes.built["duckdb"], lakes.built["spark"])}
    for first, then in CROSSED if lakes.gone_on else ():
        found[f"{first}, then {then}"] = (lakes.gone_on[UNDISTURBED], lakes.gone_on[first, then])
    return found


def compared(tables: list[TableSpec], first: Place, other: Place) -> Iterator[str]:
    """What differs in each table of two lakes."""
    with connection() as opened:
        for spec in tables:
            yield from differences(opened, spec, first.lake, other.lake)


if __name__ == "__main__":
    raise SystemExit(main())
