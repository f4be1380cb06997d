"""Value sets on their way through Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence

SEPARATOR = "\x1f"


def packed(value_set: Sequence[str]) -> list[str]:
    """A value set as one string: Great Expectations copies every element of a rule's arguments hundreds of times."""
    return [SEPARATOR.join(value_set)] if value_set else []


def unpacked(value_set: Sequence[str]) -> list[str]:
    """The values of a set that may be `packed`."""
    return [value for entry in value_set for value in entry.split(SEPARATOR)]
