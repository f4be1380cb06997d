"""A short hash of declarations, as they are and not as they are written."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pipelines.declarations.reading import Declared


def fingerprint(*declared: Any) -> str:
    """A hash that changes when any of the given declarations does: 16 hexadecimal digits."""
    text = json.dumps(declared, sort_keys=True, default=plain, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """A declaration as JSON holds it, with its fields in their order."""
    return value.model_dump(mode="json") if isinstance(value, Declared) else str(value)
