"""Projects that are written by hand: what one declares itself, beside the parts of the real catalog that all share."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("elements", "codes", "agencies.yml", "agency_kinds.yml", "regulations.yml")


def write_project(declared: Path, folder: Path) -> Path:
    """Write the project whose own declarations stand in `declared` into `folder`, as one that stands on its own."""
    for name in SHARED:
        path = ROOT / "catalog" / name
        place = folder / "catalog" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place)
    for own in (path for path in declared.iterdir() if path.is_dir() and path.name != "__pycache__"):
        shutil.copytree(own, folder / own.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
