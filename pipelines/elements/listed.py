"""Whether a value is in a list, at the same price for a list of ten and one of thousands."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Sequence

import ibis.expr.types as ir

LONG = 200


def listed(value: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
    """Whether `value` is one of `values`; NULL for NULL.

    A long list becomes one regular expression: as a list, each of its values would be an expression of its own,
    compiled anew at every use.
    """
    if len(values) <= LONG:
        return value.isin(list(values))
    return value.re_search(f"^{_any_of(tuple(sorted(values)))}$")


@functools.cache
def _any_of(words: tuple[str, ...]) -> str:
    """A regular expression for the words, common beginnings said once, beginnings with the same rest joined."""
    rests: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if word:
            rests[word[0]].append(word[1:])
    beginnings: dict[str, list[str]] = defaultdict(list)
    for first, rest in rests.items():
        beginnings[_any_of(tuple(rest)) if any(rest) else ""].append(re.escape(first))
    parts = [(f"[{''.join(firsts)}]" if len(firsts) > 1 else firsts[0]) + rest for rest, firsts in beginnings.items()]
    joined = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    return f"(?:{joined})?" if "" in words else joined
