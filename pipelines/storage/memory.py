"""Amounts of memory as settings say them."""

from __future__ import annotations

import re

SIZE = r"^(\d+(?:\.\d+)?)\s*([KMGT])(i?)B$"


def in_bytes(memory: str) -> float:
    """`2GB`, `1.5 GiB` as bytes: what matches `SIZE`, decimal or binary as it says."""
    found = re.fullmatch(SIZE, memory)
    assert found, memory
    return float(found[1]) * (1024 if found[3] else 1000) ** (" KMGT".index(found[2]))
