"""A project written by hand that most tests run: four sources, the golden record of persons, and what follows of it.

Its sources are the real ones in a few lines: with the columns that tests deliver, under the same names and headers and
with the same rules, which `tests/project/test_tiny_project.py` holds against them. Elements, code lists, agencies and
regulations are the real catalog's; the golden record and its models are its own, and simpler.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
SHARED = ("elements", "codes", "agencies.yml", "agency_kinds.yml", "regulations.yml")


def tiny_project(folder: Path) -> Path:
    """Write the project into `folder`, as one that stands on its own."""
    for name in SHARED:
        path = ROOT / "catalog" / name
        place = folder / "catalog" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place)
    for name in ("catalog", "foundation_dbs", "expectations"):
        shutil.copytree(HERE / name, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
