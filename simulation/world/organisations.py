"""The simulated organisations themselves: code, name, kind, state, home, and who heads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulation.checksums import credit_code, registration_number
from simulation.world.calendar import AS_OF_DAY, day_number
from simulation.world.drawing import pick_of
from simulation.world.names import CIVIL_KINDS, FIELDS, TRADES, brand
from simulation.world.people import People
from simulation.world.places import CITIES, counties

OTHERS_FEWEST, OTHERS_MOST = 360, 30_000
ENTERPRISE_TYPES = {"1": "有限责任公司", "2": "个体工商户", "3": "农民专业合作社"}


@dataclass
class Organisations:
    """Every sequence is indexed by entity; the market's come first, then those that `issuer` gives codes to."""

    credit_code: list[str]
    name: list[str]
    kind: list[str]
    state: list[str]
    region: list[str]
    founded: NDArray[np.int64]
    head: list[int]  # person
    market: int
    issuer: str = "民政局"
    registration_number: list[str] = field(default_factory=list)  # of before the credit code; some were given out twice

    def __len__(self) -> int:
        return len(self.credit_code)


def found(rng: np.random.Generator, market: int, civil: int, people: People) -> Organisations:
    """Organisations with codes and names that no two of them share."""
    count = market + civil
    region = pick_of(rng, list(counties()), count)
    # Drawn without repetition from one half of all organisation codes; new ones come from the other half.
    organisation = _distinct(rng, count, 10_000_000, 50_000_000)
    category = pick_of(rng, ["1", "1", "1", "2", "3"], market) + pick_of(rng, ["1", "2", "3"], civil)
    names = [
        (_market_name if number < market else _civil_name)(number, code, region[number])
        for number, code in enumerate(category)
    ]
    return Organisations(
        credit_code=[
            credit_code("9" if number < market else "5", category[number], region[number], str(organisation[number]))
            for number in range(count)
        ],
        name=names,
        kind=[
            ENTERPRISE_TYPES[code] if number < market else CIVIL_KINDS[code][0] for number, code in enumerate(category)
        ],
        state=pick_of(rng, ["1"] * 9 + ["2", "3"], count),
        region=region,
        founded=rng.integers(day_number("1996-01-01"), AS_OF_DAY - 900, count),
        head=rng.choice(np.flatnonzero(people.adult & people.alive), count).tolist(),
        market=market,
        registration_number=[
            _registration_number(number, region) if number < market else f"蒙民证字第{number:06}号"
            for number in range(count)
        ],
    )


def _registration_number(number: int, region: list[str]) -> str:
    """One in eight is that of the enterprise before it, given out once more."""
    own = number - 1 if shares_number(number) else number
    return registration_number(f"{region[own]}{own:08}")


def shares_number(number: int) -> bool:
    """Whether an enterprise has the register number of the one before it."""
    return number % 8 == 1


# The name of the organisation of a number, by the first two characters of its code and its region.
Naming = Callable[[int, str, str], str]


def found_others(
    rng: np.random.Generator,
    kinds: Mapping[str, str],
    people: People,
    total: int,
    issuer: str,
    name: Naming,
    usual: str | None = None,
) -> Organisations:
    """Organisations of which another register holds none: `kinds` by the first two characters of their codes.

    Those of the kind `usual` are as many as all others. No department and category are those of `found`, so no code is.
    """
    begins = [*kinds, *([usual] * len(kinds) if usual else [])]
    count = min(max(total // 100, OTHERS_FEWEST), OTHERS_MOST)
    region, begin = pick_of(rng, list(counties()), count), pick_of(rng, begins, count)
    organisation = _distinct(rng, count, 10_000_000, 50_000_000)
    return Organisations(
        credit_code=[
            credit_code(start[0], start[1], code, str(n))
            for start, code, n in zip(begin, region, organisation, strict=True)
        ],
        name=[name(number, start, code) for number, (start, code) in enumerate(zip(begin, region, strict=True))],
        kind=[kinds[start] for start in begin],
        state=pick_of(rng, ["1"] * 9 + ["3"], count),
        region=region,
        founded=rng.integers(day_number("1996-01-01"), AS_OF_DAY - 2_200, count),
        head=rng.choice(np.flatnonzero(people.adult & people.alive), count).tolist(),
        market=0,
        issuer=issuer,
    )


def _distinct(rng: np.random.Generator, count: int, low: int, high: int) -> NDArray[np.int64]:
    step = (high - low) // count
    return low + rng.permutation(count) * step + rng.integers(0, step, count)


def new_codes(rng: np.random.Generator, department: str, regions: list[str]) -> list[str]:
    """Credit codes that no entity of `found` has."""
    organisation = _distinct(rng, len(regions), 50_000_000, 99_999_999)
    return [credit_code(department, "1", code, str(n)) for code, n in zip(regions, organisation, strict=True)]


def _market_name(number: int, category: str, region: str) -> str:
    trade = TRADES[number % len(TRADES)]
    place = CITIES[region[:4] + "00"]
    if category == "2":
        return f"{counties()[region]}{brand(number)}{trade}店"
    if category == "3":
        return f"{counties()[region]}{brand(number)}农牧业专业合作社"
    if number % 10 == 0:
        return f"内蒙古{brand(number)}{trade}（集团）有限责任公司"
    return f"{place}{brand(number)}{trade}有限公司"


def _civil_name(number: int, category: str, region: str) -> str:
    field = FIELDS[number % len(FIELDS)]
    return f"{CITIES[region[:4] + '00']}{brand(number)}{field}{CIVIL_KINDS[category][1]}"
