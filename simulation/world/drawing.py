"""Columns of ordinary values, drawn by chance: any of some choices, addresses, phone numbers."""

from __future__ import annotations

import numpy as np

from simulation.world.places import place_names

STREETS = [
    "新华大街",
    "中山西路",
    "乌兰察布东街",
    "成吉思汗大街",
    "鄂尔多斯大街",
    "光明路",
    "振兴街",
    "草原街",
    "牧人路",
    "团结小区",
]


def pick_of(rng: np.random.Generator, choices: list[str], count: int) -> list[str]:
    """Any of the choices, as often as wanted."""
    return np.array(choices)[rng.integers(0, len(choices), count)].tolist()


def street_addresses(rng: np.random.Generator, regions: list[str]) -> list[str]:
    """A street and number in each region of Inner Mongolia."""
    places = place_names(regions)
    streets = pick_of(rng, STREETS, len(regions))
    numbers = rng.integers(1, 999, len(regions)).tolist()
    return [f"内蒙古自治区{p}{s}{n}号" for p, s, n in zip(places, streets, numbers, strict=True)]


def mobile_numbers(rng: np.random.Generator, count: int) -> list[str]:
    """Mobile numbers."""
    return [f"1{number}" for number in rng.integers(3_000_000_000, 9_999_999_999, count).tolist()]
