"""Defects and oddities of whole numbers: of people, households, members."""

from __future__ import annotations

from simulation.planting import Written, accepted, flagged

SPELT = accepted("count_spelling", Written("1,234", "1234"), Written("12.0", "12"), Written("１２", "12"))
MISSPELT = flagged("count_unreadable", "若干", checks=["form"], due=None)
NOT_NEGATIVE = flagged("count_negative", "-3", checks=["not_negative"])
