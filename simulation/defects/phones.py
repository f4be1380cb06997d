"""Defects and oddities of phone numbers."""

from __future__ import annotations

from simulation.planting import Written, accepted, flagged
from simulation.world.calendar import full_width

SEVERAL = accepted(
    "phone_several",
    Written("13900001234、0471-4567890", "13900001234;0471-4567890"),
    Written("13900001234,13900005678", "13900001234;13900005678"),
    Written("13900001234；13900005678", "13900001234;13900005678"),
    Written("13900001234 13900005678", "13900001234;13900005678"),
    Written("13900001234/13900005678", "13900001234;13900005678"),
    Written(full_width("13900001234"), "13900001234"),
)
DUMMY = flagged("phone_dummy", "0000000", "12345678", "11111111111", checks=["dummy"])
ZEROS = flagged("phone_dummy", "0000000", checks=["dummy"])
TOO_SHORT = flagged("phone_form", "123", "4567", checks=["form"])
