"""What a run costs in a project of many sources: the tables at rest, and the planning and compiling around few rows.

`python benchmarks/many_sources.py K` writes the project K times side by side, each copy with databases, sources,
records and models of its own and files of 1,000 simulated people, and measures seconds of all cores (user and system,
of the whole process and what it starts) and of the wall. Beside them stand the aims, for the K that has some. What is
measured is each time a process of its own, as people start it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation import simulate

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = 1_000
DECLARED = ("foundation_dbs", "theme_dbs", "expectations")
SHARED = {"custom", "reading", "every_source"}  # of the expectations: what belongs to no source
SMALL = "household_registration"
CHANGED_ROWS = 3  # in each source

OPEN = """
from pipelines.project.workspace import open_workspace; from pipelines.settings import Settings
with open_workspace(Settings(), writes=False): pass
"""
HUILIU = "from pipelines.cli.main import main; main()"
DAGSTER = "import dagster as dg; from dagster_project.definitions import defs; dg.Definitions.validate_loadable(defs)"
CHANGES = """
from pathlib import Path
from pipelines.operations.changed_delivery import deliver_changes; from pipelines.settings import Settings
from pipelines.project.workspace import open_existing
import sys; folder, keys = sys.argv[1:]
with open_existing(Settings()) as workspace: deliver_changes(workspace, Path(folder), int(keys))
"""

# Seconds of all cores by K; of the wall where that was asked too.
AIMS: Mapping[int, Mapping[str, str]] = {
    1: {"few rows everywhere": "8", "few rows once more": "8"},
    6: {
        "open": "1",
        "open once more": "1",
        "first load": "90",
        "status": "3",
        "no news": "4",
        "one small file": "8",
        "few rows everywhere": "75, wall 45",
        "few rows once more": "75, wall 45",
        "huiliu --help": "0.5",
        "Dagster's definitions": "wall 5",
        "definitions once more": "wall 5",
    },
}


@dataclass(frozen=True)
class Spent:
    """Seconds of all cores, and of the wall."""

    cores: float
    wall: float


def main(arguments: Sequence[str] | None = None) -> int:
    options = _arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="huiliu-many-") as scratch:
        folder = options.dir or Path(scratch)
        write_project(folder, options.copies)
        write_landing(folder, options.copies, options.people)
        aims = AIMS.get(options.copies, {})
        print(f"{options.copies} copies, {options.people} people in each\n{'':24}{'cores':>8}{'wall':>8}   aim")
        for what, work in _measured(folder).items():
            spent = work()
            print(f"{what:24}{spent.cores:8.1f}{spent.wall:8.1f}   {aims.get(what, '')}".rstrip(), flush=True)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("copies", type=int, help="how many times the project's databases stand side by side")
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many people each copy's files are about")
    parser.add_argument("--dir", type=Path, help="a new folder in which project and lake stay, to be looked at")
    return parser.parse_args(arguments)


def write_project(folder: Path, copies: int) -> None:
    """Write the project's declarations into `folder`, `copies` times; names of the first copy are the project's own."""
    shutil.copytree(ROOT / "catalog", folder / "catalog")
    own = _own_names()
    _add_namesakes(folder / "catalog", own, copies)
    for copy in range(1, copies + 1):
        for path in _declarations():
            place = path.relative_to(ROOT)
            is_shared = place.parts[0] == "expectations" and not SHARED.isdisjoint([*place.parts, place.stem])
            if copy > 1 and (is_shared or len(place.parts) == 2):
                continue
            target = folder.joinpath(*(_renamed(part, own, copy) for part in place.parts))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_renamed(path.read_text(encoding="utf-8"), own, copy), encoding="utf-8")


def write_landing(folder: Path, copies: int, people: int) -> None:
    """Write simulated files into `folder/landing`: in each copy the same, for its own sources."""
    simulate(people, 1, folder / "simulated")
    own = _own_names()
    for copy in range(1, copies + 1):
        for source in sorted((folder / "simulated/landing").iterdir()):
            shutil.copytree(source, folder / "landing" / _renamed(source.name, own, copy))


def _add_namesakes(catalog: Path, names: frozenset[str], copies: int) -> None:
    """What of the catalogue has a database's, a source's or a table's name, once more under each copy's name."""
    later = range(2, copies + 1)
    for path in catalog.rglob("*.yml"):
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
        added = {_renamed(name, names, copy): declared[name] for name in declared if name in names for copy in later}
        if added:
            with path.open("a", encoding="utf-8") as file:
                yaml.safe_dump(added, file, allow_unicode=True)
    for codes in [path for path in (catalog / "codes").glob("*.csv") if path.stem in names]:
        for copy in later:
            shutil.copy2(codes, codes.with_stem(_renamed(codes.stem, names, copy)))


def _declarations() -> Iterator[Path]:
    for name in DECLARED:
        yield from sorted(file for file in (ROOT / name).rglob("*") if file.suffix in (".yml", ".py"))


def _own_names() -> frozenset[str]:
    """What must be unique in a project: databases, sources, golden records, models, and tables named by databases."""
    databases = {
        folder.name for name in DECLARED[:2] for folder in (ROOT / name).iterdir() if (folder / "__init__.py").exists()
    }
    declared = [file for name in DECLARED[:2] for file in (ROOT / name).rglob("*.yml")]
    modules = [module.read_text(encoding="utf-8") for name in DECLARED[:2] for module in (ROOT / name).rglob("*.py")]
    models = [name for text in modules for name in re.findall(r"^@model\((?:.|\n)*?^\)\ndef (\w+)", text, re.MULTILINE)]
    made = [f"{database}_{kind}" for database in databases for kind in ("conflict", "finding")]
    return frozenset([*databases, *(file.stem for file in declared), *models, *made])


def _renamed(text: str, names: frozenset[str], copy: int) -> str:
    """The text with each of `names` as copy number `copy` has it: `person` is `person_b` in the second, where its
    findings are; a letter, for kinds of agencies have no figure in their names.
    """
    letter = string.ascii_lowercase[copy - 1]

    def named(found: re.Match[str]) -> str:
        name = found[0]
        if copy == 1 or name not in names:
            return name
        database, _, kind = name.rpartition("_")
        return f"{database}_{letter}_{kind}" if kind in ("conflict", "finding") else f"{name}_{letter}"

    return re.sub(r"\w+", named, text, flags=re.ASCII)


def _measured(folder: Path) -> Mapping[str, Callable[[], Spent]]:
    """What is measured, in its order: each works on what the one before left."""
    return {
        "huiliu --help": lambda: spent(folder, HUILIU, "--help"),
        "open": lambda: spent(folder, OPEN),
        # What the process before has concluded from declarations and code is kept by now.
        "open once more": lambda: spent(folder, OPEN),
        "Dagster's definitions": lambda: spent(folder, DAGSTER),
        "definitions once more": lambda: spent(folder, DAGSTER),
        "first load": lambda: spent(folder, HUILIU, "run"),
        "status": lambda: spent(folder, HUILIU, "status"),
        "no news": lambda: spent(folder, HUILIU, "run"),
        "one small file": lambda: _after_changes(folder, [SMALL]),
        "few rows everywhere": lambda: _after_changes(folder),
        # What the run before compiled is kept by now.
        "few rows once more": lambda: _after_changes(folder, rows=CHANGED_ROWS + 1),
    }


def _after_changes(folder: Path, sources: Sequence[str] = (), rows: int = CHANGED_ROWS) -> Spent:
    """A run after so many rows have changed in each of `sources`, or of all that have not been changed already."""
    name = f"changes_{rows}"
    changes = folder / name
    if not changes.exists():
        spent(folder, CHANGES, name, str(rows))
    for source in sources or sorted(path.name for path in changes.iterdir()):
        shutil.move(changes / source / "changes.jsonl", folder / "landing" / source / f"{name}.jsonl")
        (changes / source).rmdir()
    return spent(folder, HUILIU, "run")


def spent(folder: Path, program: str, *arguments: str) -> Spent:
    """What a Python program costs that is started in the project; raises SystemExit with what it said if it fails."""
    here = {
        "PYTHONPATH": str(ROOT),
        "HUILIU_PROJECT": str(folder),
        "HUILIU_SETTLE": "0",
        "HUILIU_CACHE": str(folder / "cache"),
    }
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=folder,
            env={**os.environ, **here},
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in ((0, 1) if program == HUILIU else (0,)):  # 1: a batch is held, as is simulated
            output.seek(0)
            raise SystemExit(output.read().decode(errors="replace"))
    return Spent(usage.ru_utime + usage.ru_stime, time.monotonic() - began)


if __name__ == "__main__":
    raise SystemExit(main())
