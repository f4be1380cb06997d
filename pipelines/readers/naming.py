"""A delivered file's name as people read it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path


def shown_name(path: Path) -> str:
    """The name as text on one line: a name in GB18030 bytes, as archives from Windows unpack to, is decoded."""
    name = os.fsencode(path.name)
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("gb18030", "replace")
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in text)
