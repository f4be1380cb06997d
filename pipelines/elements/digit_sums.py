"""Weighted digit sums of decimal numbers, as the check digits of the GB standards need them."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir


def weighted_sum(number: ir.IntegerValue, weights: Sequence[int], modulus: int) -> ir.IntegerValue:
    """Σ weight × digit, modulo a prime `modulus`, of a non-negative int64 with at most len(weights) ≤ 17 digits.

    `weights` go from the first digit to the last. NULL for NULL.
    """
    # Digit k is (N mod 10^(k+1) - N mod 10^k) / 10^k, and modulo a prime the division is a multiplication by the
    # inverse: one remainder per digit, no division (engines divide integers as doubles, which are too short).
    inverse = pow(10, -1, modulus)
    by_place = [weight * pow(inverse, place, modulus) for place, weight in enumerate(reversed(weights))]
    total = number * (by_place[-1] % modulus)
    for place in range(1, len(weights)):
        total = total + (number % 10**place) * ((by_place[place - 1] - by_place[place]) % modulus)
    return total % modulus
