"""Arrow columns as they come from a file → one batch of the delivery's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.delivery import DAMAGE, EXTRA, ROW, UNDECODABLE

Column = Any  # pyarrow's stubs do not name "an array of strings" in a way that all kernels accept

_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | {ord('"'): '\\"', ord("\\"): "\\\\"}


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
    filled = [(key, column) for key, column in zip(keys, columns, strict=True) if column.null_count < len(column)]
    if not filled:
        return pa.nulls(len(columns[0]), pa.string())
    # Not null_handling="skip": Arrow 26 leaves a row out of the result when all its values are NULL.
    members = [
        pc.coalesce(pc.binary_join_element_wise(f", {_key(key)}: ", json_string(column), ""), "")
        for key, column in filled
    ]
    joined = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*members, ""), 2)
    objects = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def joined_objects(first: Column | None, second: Column) -> Column:
    """Two columns of JSON objects as one; a row may have neither."""
    if first is None:
        return second
    both = pc.binary_join_element_wise(pc.utf8_slice_codeunits(first, 0, -1), pc.utf8_slice_codeunits(second, 1), ", ")
    return pc.coalesce(both, first, second)


def surplus(cells: Sequence[str]) -> str | None:
    """The cells beyond the header as a JSON object of +1, +2, …; None where there are none."""
    members = (f'"+{place}": "{cell.translate(_ESCAPES)}"' for place, cell in enumerate(cells, 1))
    return "{" + ", ".join(members) + "}" if cells else None


def code_where(where: Column, code: str, damage: Column | None = None) -> Column:
    """`code` where the flag holds; a code that stands already is kept."""
    fresh = pc.if_else(where, pa.scalar(code), pa.scalar(None, pa.string()))
    return fresh if damage is None else pc.coalesce(damage, fresh)


def _key(key: str) -> str:
    return str(json_string(pa.array([key]))[0])


def json_string(column: Column) -> Column:
    """Texts as JSON strings; NULL stays NULL."""
    escaped = pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')
    if pc.any(pc.match_substring_regex(escaped, "[\\x00-\\x1f]")).as_py():
        for code in range(0x20):
            escaped = pc.replace_substring(escaped, chr(code), f"\\u{code:04x}")
    return pc.binary_join_element_wise('"', escaped, '"', "")
