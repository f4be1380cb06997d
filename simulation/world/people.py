"""The simulated people themselves: number, name, sex, people's group, home, and when they died."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.checksums import id_numbers
from simulation.vocabulary import ETHNICITY, ETHNICITY_SHARES
from simulation.world.calendar import AS_OF_DAY, day_number
from simulation.world.names import person_names
from simulation.world.places import ELSEWHERE, counties, retired

Days = NDArray[np.int64]
Mask = NDArray[np.bool_]
BORN_FIRST = day_number("1932-01-01")
BORN_LAST = day_number("2026-05-31")
ADULT = 24 * 366
WORKING_AGE = 16 * 366


@dataclass
class Numbers:
    """Of everyone: the first 17 digits, the birthday, and whether the household is in another province."""

    first17: Days
    born: Days
    outsider: Mask


@dataclass
class People:
    """A block of people; every sequence is indexed by person."""

    id_number: list[str]
    name: list[str]
    sex: list[str]
    ethnicity: list[str]
    region: list[str]
    born: Days
    died: Days  # -1 for the living
    outsider: Mask
    marital: list[str]

    def __len__(self) -> int:
        return len(self.id_number)

    @property
    def adult(self) -> Mask:
        return self.born + ADULT <= AS_OF_DAY

    @property
    def alive(self) -> Mask:
        return self.died < 0


def draw_numbers(rng: np.random.Generator, count: int) -> Numbers:
    """As many distinct numbers; a third of the older ones carry a region code that is retired today."""
    born = rng.integers(BORN_FIRST, BORN_LAST + 1, count)
    outsider = rng.permutation(count) < max(count // 35, 40)
    outsider &= born + ADULT <= AS_OF_DAY
    old = (born < day_number("1999-01-01")) & (rng.random(count) < 0.35)
    region = np.where(
        outsider,
        _drawn(rng, ELSEWHERE, count),
        np.where(old, _drawn(rng, retired(), count), _drawn(rng, list(counties()), count)),
    )
    calendar = born.astype("datetime64[D]")
    year = calendar.astype("datetime64[Y]").astype(np.int64) + 1970
    month = calendar.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (calendar - calendar.astype("datetime64[M]")).astype(np.int64) + 1
    prefix = region * 10**11 + (year * 10_000 + month * 100 + day) * 1_000
    return Numbers(_with_sequences(rng, prefix), born, outsider)


def _drawn(rng: np.random.Generator, codes: list[str], count: int) -> Days:
    return np.array(codes, dtype=np.int64)[rng.integers(0, len(codes), count)]


def _with_sequences(rng: np.random.Generator, prefix: Days) -> Days:
    """A sequence of 1–980 each, drawn again where two people would share a number (996–999 were centenarians')."""
    first17 = prefix + rng.integers(1, 981, len(prefix))
    while True:
        order = np.argsort(first17, kind="stable")
        again = order[1:][np.diff(first17[order]) == 0]
        if not len(again):
            return first17
        first17[again] = prefix[again] + rng.integers(1, 981, len(again))


def settle(rng: np.random.Generator, numbers: Numbers, dead: int) -> People:
    """Give the people behind the numbers their names and lives."""
    count = len(numbers.first17)
    group = np.array(list(ETHNICITY))[rng.choice(len(ETHNICITY), count, p=ETHNICITY_SHARES)]
    home = np.array(list(counties()))[rng.integers(0, len(counties()), count)]
    elsewhere = (numbers.first17 // 10**11).astype("U6")
    marital = np.where(
        numbers.born + ADULT > AS_OF_DAY, "10", np.array(["20", "20", "20", "10", "40"])[rng.integers(0, 5, count)]
    )
    return People(
        id_number=id_numbers(numbers.first17),
        name=person_names(rng, group == "02"),
        sex=np.where(numbers.first17 % 2 == 1, "1", "2").tolist(),
        ethnicity=group.tolist(),
        region=np.where(numbers.outsider, elsewhere, home).tolist(),
        born=numbers.born,
        died=_deaths(rng, numbers, dead),
        outsider=numbers.outsider,
        marital=marital.tolist(),
    )


def _deaths(rng: np.random.Generator, numbers: Numbers, dead: int) -> Days:
    died = np.full(len(numbers.born), -1, dtype=np.int64)
    old = np.flatnonzero((numbers.born + 30 * 366 <= AS_OF_DAY) & ~numbers.outsider)
    chosen = rng.choice(old, min(dead, len(old)), replace=False)
    # Late enough to have been an adult, early enough for something to be registered afterwards.
    earliest = np.maximum(day_number("2012-01-01"), numbers.born[chosen] + 25 * 366)
    died[chosen] = earliest + (rng.random(len(chosen)) * (AS_OF_DAY - 400 - earliest)).astype(np.int64)
    return died
