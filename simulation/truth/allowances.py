"""Allowances due: the times in which a household's support stayed the same, and who cannot have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from simulation.truth.persons import Found, Known, Row, table_due
from simulation.truth.real_estates import with_dwellings
from simulation.truth.writing import Truth

SAME = ("state", "allowance_type", "allowance_region", "household_amount", "covered_members")
KEY = ("id_number", "certificate_number", "valid_from")
ENJOYED, OF_YEAR = ("享受", None), 6


def allowances_due(truth: Truth, rows: Sequence[Row], known: Known) -> Found:
    """Writes the table `allowance` and gives what is found of members."""
    members: dict[tuple[str | None, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        members[row["member_id"], row["certificate_number"]].append(row)
    times = [time for some in members.values() for time in _times(sorted(some, key=lambda row: str(row["paid_in"])))]
    table_due(truth, "allowance", KEY, times, known, "allowance_region")
    found: Found = Counter()
    for row in rows:
        if not known.is_named(row["member_id"], row["name_key"]):
            found["allowance_unlike_household", str(row["member_id"])] += 1
    paid, earned = [row for row in rows if row["state"] in ENJOYED], _earned(known)
    standards = _standards(known)
    housed = with_dwellings(known.rows["real_estate_registration"])
    regions: dict[tuple[str | None, str | None], set[str | None]] = defaultdict(set)
    for row in paid:
        regions[row["member_id"], row["paid_in"]].add(row["allowance_region"])
    for row in paid:
        number, month = str(row["member_id"]), str(row["paid_in"])
        died_in = known.died_in(number)
        found["allowance_after_death", number] += bool(died_in and month > died_in)
        found["allowance_without_household", number] += not known.is_registered(number)
        found["allowance_before_birth", number] += month < number[6:12]
        found["allowance_in_two_counties", number] += len(regions[number, month]) > 1
        found["allowance_of_representative", number] += number in known.world.market_heads
        standard = _standard(row, standards)
        found["allowance_with_housing_fund", number] += standard is not None and earned[number] > standard
        found["allowance_with_dwellings", number] += number in housed
        if rule := _of_amount(row, standard):
            found[rule, number] += 1
    return +found


def _times(months: list[Row]) -> list[Row]:
    """Months in a row in which nothing is another; the last of them is that of today."""
    times: list[list[Row]] = []
    for row in months:
        if times and _next(times[-1][-1]["paid_in"]) == row["paid_in"] and _same(times[-1][-1], row):
            times[-1].append(row)
        else:
            times.append([row])
    return [
        {
            "id_number": first["member_id"],
            "certificate_number": first["certificate_number"],
            "household_relation": max(str(row["household_relation"]) for row in time),
            **{name: first[name] for name in SAME},
            "last_paid_in": time[-1]["paid_in"],
            "is_current": "true" if time is times[-1] else "false",
            "valid_from": _first_day(first["paid_in"]).isoformat(),
            "valid_to": None if time is times[-1] else _last_day(time[-1]["paid_in"]).isoformat(),
        }
        for time in times
        for first in time[:1]
    ]


def _same(row: Row, other: Row) -> bool:
    return all(row[name] == other[name] for name in SAME)


def _first_day(month: str | None) -> date:
    return date(int(str(month)[:4]), int(str(month)[4:]), 1)


def _next(month: str | None) -> str:
    return f"{_last_day(month) + timedelta(days=1):%Y%m}"


def _last_day(month: str | None) -> date:
    after = _first_day(month) + timedelta(days=31)
    return after.replace(day=1) - timedelta(days=1)


Standards = Mapping[tuple[str | None, str | None], list[tuple[str, Decimal]]]


def _standards(known: Known) -> Standards:
    """By region and kind the months from which standards are in force, and what they are for one person."""
    standards: dict[tuple[str | None, str | None], list[tuple[str, Decimal]]] = defaultdict(list)
    for row in known.rows["allowance_standard"]:
        if row["monthly_standard"] is not None:
            since = (str(row["effective_in"]), Decimal(row["monthly_standard"]))
            standards[row["region"], row["allowance_type"]].append(since)
    return standards


def _standard(row: Row, standards: Standards) -> Decimal | None:
    """For one person, where the household is paid, in force in the month."""
    declared = standards.get((row["allowance_region"], row["allowance_type"]), ())
    return max((since for since in declared if since[0] <= str(row["paid_in"])), default=(None, None))[1]


def _earned(known: Known) -> dict[str, Decimal]:
    """The highest base of anybody's housing fund account that is paid into."""
    earned: dict[str, Decimal] = defaultdict(Decimal)
    for account in known.rows["housing_fund"]:
        if account["state"] == "01" and account["base"] is not None:
            number = str(account["document"])
            earned[number] = max(earned[number], Decimal(account["base"]))
    return earned


def _of_amount(row: Row, standard: Decimal | None) -> str | None:
    """Too much by the standard, or so much that a year's amount is meant."""
    if standard is None or row["covered_members"] is None:
        return None
    most = int(row["covered_members"]) * standard
    amount = Decimal(str(row["household_amount"]))
    if amount > most * OF_YEAR:
        return "allowance_of_year"
    return "allowance_above_standard" if amount > most else None
