"""Characters that XML cannot hold, as workbooks spell them: `_x000D_` (ECMA-376 part 1, 22.9.2.19)."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column

_UNIT = "_x[0-9A-Fa-f]{4}_"
# A character beyond U+FFFF takes two of them.
_CHARACTER = re.compile("_x([dD][89abAB][0-9A-Fa-f]{2})__x([dD][c-fC-F][0-9A-Fa-f]{2})_|_x([0-9A-Fa-f]{4})_")


def decoded(texts: Column) -> Column:
    """The texts with what their escapes stand for. What stands for no character, or for NUL, stays as it is."""
    escaped = pc.match_substring_regex(texts, _UNIT)
    if not pc.any(escaped).as_py():
        return texts
    found = texts.filter(escaped).to_pylist()
    plain = pa.array([_CHARACTER.sub(_character, text) for text in found], texts.type)
    places = np.flatnonzero(escaped.to_numpy(zero_copy_only=False))
    order = np.arange(len(texts))
    order[places] = len(texts) + np.arange(len(places))
    return pa.concat_arrays([texts, plain]).take(pa.array(order))


def _character(escape: re.Match[str]) -> str:
    units = bytes.fromhex("".join(unit for unit in escape.groups() if unit))
    try:
        return units.decode("utf-16-be") if any(units) else escape[0]
    except UnicodeDecodeError:
        return escape[0]
