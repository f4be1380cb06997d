"""What the market's organisations pay in taxes, so that tax records and annual reports say the same of it."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from simulation.publications import SPECIAL, organisations_ended
from simulation.world.block import World

YEARS = (2023, 2024)
VALUE_ADDED, PROFITS, WAGES = "10101", "10104", "10106"
ENDS = {3: 31, 6: 30, 9: 30, 12: 31}
CANCELLED = "3"
STEP = 100  # yuan: a hundredth of ten thousand


@dataclass(frozen=True)
class Tax:
    """A tax of a period, in yuan: what is paid is what is owed less relief and arrears."""

    levy: str
    first: str
    last: str
    payable: int
    relieved: int
    arrears: int

    @property
    def paid(self) -> int:
        return self.payable - self.relieved - self.arrears


def traders(world: World) -> list[int]:
    """Organisations of the market that are in order, some of which file annual reports too."""
    organisations = world.organisations
    return [at for at in range(organisations.market) if organisations.state[at] == "1"]


def taxed_though_ended(world: World) -> list[int]:
    """Organisations that were cancelled, and of which the tax office has records of afterwards."""
    ended = organisations_ended(world)
    market = [at for at in ended if at < world.organisations.market and world.organisations.state[at] == CANCELLED]
    return market[:SPECIAL]


def taxes(code: str, year: int) -> list[Tax]:
    """Value added tax by quarter, profit tax by year, and for one in four the tax withheld from wages."""
    found = [
        _tax(code, VALUE_ADDED, f"{year}-{month - 2:02}-01", f"{year}-{month:02}-{day}") for month, day in ENDS.items()
    ]
    found.append(_tax(code, PROFITS, f"{year}-01-01", f"{year}-12-31"))
    if crc32(code.encode()) % 4 == 0:
        found.append(_tax(code, WAGES, f"{year}-01-01", f"{year}-12-31"))
    return found


def _tax(code: str, levy: str, first: str, last: str) -> Tax:
    chance = crc32(f"{code}{levy}{first}".encode())
    steps = 20 + chance % 900
    relieved = steps // 10 if chance % 5 == 0 else 0
    arrears = steps // 5 if chance % 7 == 0 else 0
    return Tax(levy, first, last, steps * STEP, relieved * STEP, arrears * STEP)


def paid_in(code: str, year: int) -> int:
    """What an organisation counts as taxes of its own: not what it withholds from wages."""
    return sum(tax.paid for tax in taxes(code, year) if tax.levy != WAGES)
