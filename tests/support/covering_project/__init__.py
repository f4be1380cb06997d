"""A small project written by hand that has every kind of element, rule, resolution, model route and flow.

Elements, code lists, agencies and regulations are the real catalog's, beside elements of a type that it has none of;
sources, golden records, models and expectations are its own. `tests/project/test_covering_project.py` says what is
missing in it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
SHARED = ("elements", "codes", "agencies.yml", "agency_kinds.yml", "regulations.yml")


def covering_project(folder: Path) -> Path:
    """Write the project into `folder`, as one that stands on its own."""
    for name in SHARED:
        path = ROOT / "catalog" / name
        place = folder / "catalog" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place)
    for name in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(HERE / name, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
