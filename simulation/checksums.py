"""Check digits of id numbers (GB 11643), credit codes (GB 32100) and their parts (GB 11714), licences (GB/T 36904)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ORGANISATION_CHECKS = "0123456789X"
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def id_check(first17: str) -> str:
    """The 18th character of a GB 11643 number (MOD 11-2)."""
    return ID_CHECKS[sum(w * int(d) for w, d in zip(ID_WEIGHTS, first17, strict=True)) % 11]


def id_number(first17: str) -> str:
    """A whole GB 11643 number from its first 17 digits."""
    return first17 + id_check(first17)


def id_numbers(first17: NDArray[np.int64]) -> list[str]:
    """Whole GB 11643 numbers of many 17-digit integers at once."""
    total = np.zeros(len(first17), dtype=np.int64)
    rest = first17.copy()
    for weight in reversed(ID_WEIGHTS):
        rest, digit = np.divmod(rest, 10)
        total += weight * digit
    checks: NDArray[Any] = np.array(list(ID_CHECKS))[total % 11]
    return np.char.add(first17.astype("U17"), checks).tolist()


def registration_number(first14: str) -> str:
    """A whole register number of before the credit code, from six digits of the authority and eight of a sequence.

    The 15th is the check (ISO 7064 MOD 11,10).
    """
    state = 10
    for digit in first14:
        state = ((state + int(digit)) % 10 or 10) * 2 % 11
    return f"{first14}{(11 - state) % 10}"


def organisation_check(first8: str) -> str:
    """The ninth character of a GB 11714 organisation code."""
    total = sum(w * ALPHANUMERIC.index(c) for w, c in zip(ORGANISATION_WEIGHTS, first8, strict=True))
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def credit_check(first17: str) -> str:
    """The 18th character of a GB 32100 credit code (MOD 31)."""
    total = sum(w * CREDIT_ALPHABET.index(c) for w, c in zip(CREDIT_WEIGHTS, first17, strict=True))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def credit_code(department: str, category: str, region: str, organisation8: str) -> str:
    """A whole GB 32100 credit code around eight characters of an organisation code."""
    first17 = department + category + region + organisation8 + organisation_check(organisation8)
    return first17 + credit_check(first17)


def license_check(characters: str) -> str:
    """The check character (ISO 7064 MOD 37,36) of an e-licence's identifier, without its root and dots."""
    state = 36
    for character in characters:
        state = ((state + ALPHANUMERIC.index(character)) % 36 or 36) * 2 % 37
    return ALPHANUMERIC[(1 - state) % 36]
