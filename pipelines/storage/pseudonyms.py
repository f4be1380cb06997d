"""The key of a lake's pseudonyms: made once, kept in the lake, and readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from pipelines.errors import LakeError
from pipelines.storage.store import Store

KEY = "_pseudonym_key"
KEY_BYTES = 32


def pseudonym_key(store: Store) -> bytes:
    """The 32 secret bytes of a lake, the same whenever they are asked for; made where there are none yet.

    A file of mode 0600 in the lake, or an object of its bucket. Raises LakeError where it cannot be read or is
    damaged.
    """
    made = secrets.token_bytes(KEY_BYTES)
    try:
        key = store.claim(KEY, made) if store.is_s3 else _claim(store.path / KEY, made)
    except PermissionError:
        raise LakeError(
            f"the key of this lake's pseudonyms ({store.uri(KEY)}) can be read by its owner alone",
            "let the account under which huiliu runs write the file for you",
            2,
        ) from None
    if len(key) != KEY_BYTES:
        raise LakeError(
            f"the key of this lake's pseudonyms ({store.uri(KEY)}) is damaged: it has {len(key)} bytes instead of "
            f"{KEY_BYTES}",
            "restore it from a backup, or remove it, and pseudonyms become others than before",
        )
    return key


def _claim(path: Path, content: bytes) -> bytes:
    """Write a file for its owner alone unless it is there, whole or not at all; what it holds then."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name) as part:  # of mode 0600
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            with contextlib.suppress(FileExistsError):  # somebody else was first
                os.link(part.name, path)
    return path.read_bytes()
