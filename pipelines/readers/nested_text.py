"""Nested Arrow values as JSON: numbers as they are stored, keys in their order, and each of them as often as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.arrow_text import Rendered, plain
from pipelines.readers.cells import Column, json_string

_NONE = pa.scalar(None, pa.string())
_NO_NUMBER = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def as_json(column: Column) -> Rendered:
    """Each value as JSON text without blanks (RFC 8259), NULL where it is NULL; raises pa.ArrowException.

    What JSON has no word for is a string: dates, times, NaN and the infinities; bytes that are no text are hex. A map
    is an object, or a list of pairs where a key stands twice in it.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType) and kind != pa.uuid():
        return as_json(column.storage)
    if pa.types.is_dictionary(kind):
        return as_json(column.dictionary_decode())
    if pa.types.is_map(kind):
        return _map(column)
    if pa.types.is_struct(kind):
        return _object(column)
    if pa.types.is_nested(kind):
        return _list(column)
    return _single(column)


def _single(column: Column) -> Rendered:
    kind = column.type
    if pa.types.is_null(kind):
        return Rendered(pa.nulls(len(column), pa.string()))
    found = plain(column, bytes_are_text=False)
    if pa.types.is_floating(kind):
        return Rendered(_floating(column, found.text))
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        return found
    return Rendered(json_string(found.text), found.undecodable)


def _floating(column: Column, text: Column) -> Column:
    """A whole number has `.0`, so that it is told apart from an integer."""
    text = pc.replace_substring_regex(text, r"^(-?\d+)$", r"\1.0")
    if not pc.all(pc.is_finite(column)).as_py():
        for word, quoted in _NO_NUMBER.items():
            text = pc.if_else(pc.equal(text, word), quoted, text)
    return text


def _filled(text: Column) -> Column:
    return pc.coalesce(text, "null")


def _object(column: Column) -> Rendered:
    names = [column.type.field(at).name for at in range(column.type.num_fields)]
    parts = [as_json(part) for part in column.flatten()]
    opened = [f"{',' if at else ''}{json_string(pa.array([name]))[0]}:" for at, name in enumerate(names)]
    members = [member for key, part in zip(opened, parts, strict=True) for member in (key, _filled(part.text))]
    whole = pc.binary_join_element_wise("{", *members, pa.repeat("}", len(column)), "")
    found = [part.undecodable for part in parts if part.undecodable is not None]
    return Rendered(pc.if_else(column.is_null(), _NONE, whole), together(found))


@dataclass(frozen=True)
class _Values:
    """The values of all lists of a column, one after another, and where each list begins and the last one ends."""

    values: Column
    starts: np.ndarray

    @classmethod
    def of(cls, column: Column) -> _Values:
        lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        return cls(column.flatten(), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))

    def joined(self, texts: Column) -> Column:
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(self.starts), texts), ",")

    @property
    def owners(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def undecodable(self, found: Column | None) -> Column | None:
        """The hex of what is undecodable in each list."""
        if found is None:
            return None
        kept = np.full(len(self.starts) - 1, None, object)
        places = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        for place, sent in zip(self.owners[places], found.take(pa.array(places)).to_pylist(), strict=True):
            kept[place] = sent if kept[place] is None else f"{kept[place]} {sent}"
        return pa.array(kept, pa.string())


def _list(column: Column) -> Rendered:
    found = _Values.of(column)
    inner = as_json(found.values)
    whole = pc.binary_join_element_wise("[", found.joined(_filled(inner.text)), "]", "")
    return Rendered(pc.if_else(column.is_null(), _NONE, whole), found.undecodable(inner.undecodable))


def _map(column: Column) -> Rendered:
    kind = column.type
    pairs = column.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
    found = _Values.of(pairs)
    keys, values = (as_json(part) for part in found.values.flatten())
    names, inner = _filled(keys.text), _filled(values.text)
    quoted = pc.if_else(pc.starts_with(names, '"'), names, json_string(names))
    members = found.joined(pc.binary_join_element_wise(quoted, inner, ":"))
    whole = pc.binary_join_element_wise("{", members, "}", "")
    twice = _has_twins(found.owners, quoted, len(column))
    if twice.any():
        listed = found.joined(pc.binary_join_element_wise("[", names, ",", inner, "]", ""))
        whole = pc.if_else(pa.array(twice), pc.binary_join_element_wise("[", listed, "]", ""), whole)
    bad = together([mask for mask in (keys.undecodable, values.undecodable) if mask is not None])
    return Rendered(pc.if_else(column.is_null(), _NONE, whole), found.undecodable(bad))


def _has_twins(owners: np.ndarray, keys: Column, length: int) -> np.ndarray:
    """Which of the maps hold a key more than once."""
    counted = pa.table({"owner": owners, "key": keys}).group_by(["owner", "key"]).aggregate([([], "count_all")])
    twice = np.zeros(length, bool)
    twice[counted.filter(pc.greater(counted["count_all"], 1))["owner"].to_numpy()] = True
    return twice


def together(found: list[Column]) -> Column | None:
    """Several columns of hex as one: what stands in the same row is separated by a blank."""
    if len(found) < 2:
        return found[0] if found else None
    filled = [pc.coalesce(text, "") for text in found]
    joined = pc.utf8_trim(pc.binary_join_element_wise(*filled, " "), " ")
    return pc.if_else(pc.equal(joined, ""), _NONE, pc.replace_substring_regex(joined, " +", " "))
