"""Characters that XML cannot hold, as workbooks spell them: `_x000D_` (ECMA-376 part 1, 22.9.2.19)."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column

_ESCAPES = re.compile("(?:_x[0-9A-Fa-f]{4}_)+")
_UNIT = re.compile("_x([0-9A-Fa-f]{4})_")


def decoded(texts: Column) -> Column:
    """The texts with what their escapes stand for. What stands for no character, or for NUL, stays as it is."""
    escaped = pc.match_substring_regex(texts, _UNIT.pattern)
    if not pc.any(escaped).as_py():
        return texts
    found = texts.filter(escaped).to_pylist()
    plain = pa.array([_ESCAPES.sub(_characters, text) for text in found], texts.type)
    places = np.flatnonzero(escaped.to_numpy(zero_copy_only=False))
    order = np.arange(len(texts))
    order[places] = len(texts) + np.arange(len(places))
    return pa.concat_arrays([texts, plain]).take(pa.array(order))


def _characters(escapes: re.Match[str]) -> str:
    units = [int(unit, 16) for unit in _UNIT.findall(escapes[0])]
    try:
        return b"".join(unit.to_bytes(2, "little") for unit in units if _is_sound(unit)).decode("utf-16-le")
    except (UnicodeDecodeError, ValueError):
        return escapes[0]


def _is_sound(unit: int) -> bool:
    if unit == 0:
        raise ValueError("NUL is no character of a text")
    return True
