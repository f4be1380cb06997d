"""Defects and oddities of values from code lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulation.planting import Defect, Written, accepted, flagged, quarantined
from simulation.vocabulary import other_than
from simulation.world.calendar import full_width

FULL_WIDTH_OR_PADDED = accepted(
    "code_full_width_or_padded",
    full_width,
    lambda code: code + " ",
    lambda code: f"\u3000{full_width(code)} ",
    of_due=True,
)
CODE_ITSELF = accepted("code_other_label", str, of_due=True)
FULL_WIDTH = accepted("code_full_width_or_padded", full_width, of_due=True)


def unlisted(value: str, kind: str = "code_unlisted") -> Defect:
    """A label that no list holds, kept as it is sent."""
    return flagged(kind, value, checks=["listed"])


def unlisted_critical(value: str, kind: str = "code_unlisted") -> Defect:
    """A label that no list holds, where the row is nothing without it."""
    return quarantined(kind, value, checks=["listed"])


def other_label(codes: Mapping[str, Sequence[str]], *which: int, code_itself: bool = False) -> Defect:
    """Other labels of the same code, by their places in the list; after them the code itself."""
    labels = [(lambda code, at=at: codes[code][at % len(codes[code])]) for at in which]
    return accepted("code_other_label", *labels, *([str] if code_itself else []), of_due=True)


def another_code(kind: str, codes: dict[str, list[str]]) -> Defect:
    """A good code, and not the right one."""

    def spell(code: str) -> Written:
        other = other_than(codes, code)
        return Written(codes[other][0], other)

    return flagged(kind, spell, of_due=True)
