"""Arrow columns as they come from a file → one batch of the delivery's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.delivery import DAMAGE, EXTRA, ROW, UNDECODABLE

Column = Any  # pyarrow's stubs do not name "an array of strings" in a way that all kernels accept


def assemble(
    schema: pa.Schema,
    rows: Column,
    cells: Mapping[str, Column],
    extra: Column | None = None,
    damage: Column | None = None,
    undecodable: Column | None = None,
) -> pa.RecordBatch:
    """A batch of `schema`; what is not given is NULL."""
    given = {**cells, ROW: rows, EXTRA: extra, DAMAGE: damage, UNDECODABLE: undecodable}
    arrays = []
    for field in schema:
        column = given.get(field.name)
        arrays.append(pa.nulls(len(rows), field.type) if column is None else column)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def json_objects(keys: Sequence[str], columns: Sequence[Column]) -> Column:
    """One JSON object per row from text columns; a NULL cell has no key, and a row without any is NULL."""
    # Not null_handling="skip": Arrow 26 leaves a row out of the result when all its values are NULL.
    members = [
        pc.coalesce(pc.binary_join_element_wise(f", {_key(key)}: ", json_string(column), ""), "")
        for key, column in zip(keys, columns, strict=True)
    ]
    joined = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*members, ""), 2)
    objects = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _key(key: str) -> str:
    return str(json_string(pa.array([key]))[0])


def json_string(column: Column) -> Column:
    """Texts as JSON strings; NULL stays NULL."""
    escaped = pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')
    if pc.any(pc.match_substring_regex(escaped, "[\\x00-\\x1f]")).as_py():
        for code in range(0x20):
            escaped = pc.replace_substring(escaped, chr(code), f"\\u{code:04x}")
    return pc.binary_join_element_wise('"', escaped, '"', "")
