"""What a power cut would leave: files and folders as they were when they were last written through to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

State = tuple[int, int]


class Disk:
    """What has been written through since it was recorded; `on_sync` hears of each file or folder just before."""

    def __init__(self) -> None:
        self.written: dict[Path, State] = {}
        self.on_sync: Callable[[Path], None] = lambda path: None

    def sync(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        self.on_sync(path)
        self.written[path] = _state(path)

    def moved(self, path: Path, to: Path) -> None:
        if path in self.written:
            self.written[to] = _state(to)

    def would_be_lost(self, *folders: Path, under: Path) -> list[str]:
        """Files and folders at and below `folders` that a cut would lose, those up to `under` that name them too."""
        there = {path for folder in folders for path in (folder, *folder.rglob("*"))}
        there |= {parent for path in there for parent in path.parents if parent.is_relative_to(under)}
        return sorted(path.relative_to(under).as_posix() for path in there if self.written.get(path) != _state(path))


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Record what this process writes through, and follow what it renames."""
    disk, fsync, replace = Disk(), os.fsync, os.replace

    def syncing(descriptor: int) -> None:
        fsync(descriptor)
        disk.sync(descriptor)

    def replacing(path: Path, to: Path) -> None:
        replace(path, to)
        disk.moved(Path(path), Path(to))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", syncing)
        patched.setattr(os, "replace", replacing)
        yield disk


def _state(path: Path) -> State:
    """A folder is as it was while no name in it is added or removed."""
    state = path.stat()
    return (0 if path.is_dir() else state.st_size), state.st_mtime_ns
