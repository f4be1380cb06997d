"""File names under which programs keep what they are still writing."""

from __future__ import annotations

from pathlib import Path

_SUFFIXES = {
    ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", ".swo", ".lock", ".bak",
}  # fmt: skip
_NAMES = {"thumbs.db", "desktop.ini"}


def looks_temporary(path: Path) -> bool:
    """Whether the name says that the file is not a delivery: half-written, an editor's lock, or a system's own."""
    name = path.name.lower()
    return name.startswith((".", "~")) or name.endswith("~") or name in _NAMES or path.suffix.lower() in _SUFFIXES
