"""Texts that the next process would else work out again, in a folder of files that may be deleted at any time."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from pathlib import Path

LARGEST = 256_000_000  # bytes in all; what was asked for longest ago goes


class KeptTexts:
    """Texts by hexadecimal digests of what they follow from, which several processes may share.

    Without a folder nothing is kept. One for reading alone, as it may come with an image, is read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._may_write = folder is not None
        self._has_grown = False

    def __bool__(self) -> bool:
        """Whether anything may be kept there: else it takes no digest to look it up."""
        return self._folder is not None

    def text(self, name: str) -> str | None:
        """What is kept under a digest; None where nothing is, or nothing that can be read."""
        if self._folder is None:
            return None
        place = self._place(self._folder, name)
        try:
            text = zlib.decompress(place.read_bytes()).decode()
        except (OSError, zlib.error, UnicodeDecodeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(place)
        return text

    def keep(self, name: str, text: str) -> None:
        """Whole or not at all; what cannot be written is not kept."""
        if self._folder is None or not self._may_write:
            return
        place = self._place(self._folder, name)
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(zlib.compress(text.encode(), 1))
            os.replace(file.name, place)
            self._has_grown = True
        except OSError:
            self._may_write = False

    @staticmethod
    def _place(folder: Path, name: str) -> Path:
        return folder / name[:2] / name

    def close(self) -> None:
        """Remove what was asked for longest ago, where there has come to be too much."""
        if self._folder is None or not self._has_grown:
            return
        try:
            found = [(file.stat(), file) for file in self._folder.glob("*/*")]
            size = sum(stat.st_size for stat, _ in found)
            for stat, file in sorted(found, key=lambda entry: entry[0].st_mtime):
                if size <= LARGEST:
                    break
                file.unlink(missing_ok=True)
                size -= stat.st_size
        except OSError:  # another process has removed it
            return
