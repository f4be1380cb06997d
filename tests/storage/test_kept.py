"""Texts that are kept: found again under their digest, and never in the way of whoever cannot find or keep them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from pipelines.storage.kept import KeptTexts

NAME, OTHER = "a" * 64, "b" * 64


@contextmanager
def reading_alone() -> Iterator[None]:
    """Folders as they are where an image was mounted for reading alone; tests may run as who may write anywhere."""
    refused = OSError(errno.EROFS, "Read-only file system")
    with (
        patch("tempfile.NamedTemporaryFile", side_effect=refused),
        patch("os.utime", side_effect=refused),
        patch.object(Path, "mkdir", side_effect=refused),
    ):
        yield


def test_a_text_is_found_by_the_next_process(tmp_path: Path) -> None:
    KeptTexts(tmp_path).keep(NAME, "姓名")
    assert KeptTexts(tmp_path).text(NAME) == "姓名"
    assert KeptTexts(tmp_path).text(OTHER) is None


def test_a_damaged_file_is_none_and_is_written_again(tmp_path: Path) -> None:
    KeptTexts(tmp_path).keep(NAME, "text")
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    for damaged in (b"", whole[:5], whole[:-1], b"text", whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(damaged)
        assert KeptTexts(tmp_path).text(NAME) is None
    KeptTexts(tmp_path).keep(NAME, "text")
    assert KeptTexts(tmp_path).text(NAME) == "text"


def test_a_folder_for_reading_alone_is_read_to_the_end(tmp_path: Path) -> None:
    KeptTexts(tmp_path).keep(NAME, "text")
    kept = KeptTexts(tmp_path)
    with reading_alone():
        kept.keep(OTHER, "more")
        assert kept.text(NAME) == "text"
        assert kept.text(OTHER) is None
        kept.close()


def test_without_a_folder_nothing_is_kept() -> None:
    kept = KeptTexts()
    kept.keep(NAME, "text")
    assert kept.text(NAME) is None
    assert not kept
    kept.close()
