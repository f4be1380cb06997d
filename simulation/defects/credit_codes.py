"""Defects and oddities of credit codes (GB 32100) and the organisation codes in them (GB 11714)."""

from __future__ import annotations

from collections.abc import Callable

from simulation.checksums import CREDIT_ALPHABET, ORGANISATION_CHECKS, credit_check, id_number, organisation_check
from simulation.planting import accepted, flagged, quarantined
from simulation.world.calendar import full_width
from simulation.world.places import DEVELOPMENT_ZONES


def _wrong_check(code: str) -> str:
    return code[:17] + CREDIT_ALPHABET[(CREDIT_ALPHABET.index(code[17]) + 5) % 31]


def of_development_zone(code: str, at: int) -> str:
    """Authorities of development zones issue codes under regions that no list holds."""
    first17 = code[:2] + DEVELOPMENT_ZONES[at % len(DEVELOPMENT_ZONES)] + code[8:17]
    return first17 + credit_check(first17)


def around_another_check(code: str) -> str:
    """A code that was issued around an organisation code whose own check is another one."""
    right = organisation_check(code[8:16])
    wrong = ORGANISATION_CHECKS[(ORGANISATION_CHECKS.index(right) + 4) % len(ORGANISATION_CHECKS)]
    first17 = code[:16] + wrong
    return first17 + credit_check(first17)


# Of records that no register is held against: codes that were issued although a rule denies them.
OF_DEVELOPMENT_ZONE = flagged("credit_region_unknown", lambda code: of_development_zone(code, 0), checks=["region"])
AROUND_ANOTHER_CHECK = flagged("organisation_check", around_another_check, checks=["organisation_check"])
LOWER_CASE = accepted("credit_lower_case", str.lower)
FULL_WIDTH = accepted("credit_full_width_or_spaced", full_width)
SPACED = accepted("credit_full_width_or_spaced", lambda code: f" {code[:2]} {code[2:8]} {code[8:]}\u3000")
WRONG_CHECK_DIGIT = quarantined("credit_check_digit", _wrong_check, checks=["check_digit"])
NO_CODE = quarantined(
    "credit_form",
    lambda code: code[:17],
    lambda code: code[:9] + "O" + code[10:],
    lambda code: code[:8],
    checks=["form"],
)
OF_ANOTHER_LENGTH = quarantined(
    "credit_form",
    lambda code: code[:17],
    lambda code: code + "0",
    lambda code: code[:9] + "I" + code[10:],
    lambda code: code[:9] + "O" + code[10:],
    checks=["form"],
)
# What stands in the wrong column: an organisation code, the number of a register of old, a person; with what it breaks.
OF_ANOTHER_KIND: list[tuple[Callable[[str], str], tuple[str, ...]]] = [
    (lambda code: code[8:17], ("form",)),
    (lambda code: code[2:8] + "000012345", ("form",)),
    # The number of a person born in 1982 has the form of a credit code; its check is another one.
    (lambda code: _person(code[2:8]), ("check_digit", "region")),
]


def _person(region: str) -> str:
    numbers = (id_number(f"{region}19820417{sequence:03}") for sequence in range(101, 110))
    return next(number for number in numbers if credit_check(number[:17]) != number[17])
