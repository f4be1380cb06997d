"""Rights in real estate due, holder by holder, and which of them contradict something."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from simulation.truth.persons import Found, Known, Row
from simulation.truth.writing import Truth
from simulation.world.places import city_of

CURRENT, OVER = "1", ("2", "3")
SOLE, BY_SHARES = "0", "2"
HOUSES, DWELLING = ("4", "6", "8"), "住宅"
ABOUT = (
    "certificate",
    "right_type",
    "registration_type",
    "location",
    "planned_use",
    "building_area",
    "co_ownership",
    "registered_region",
    "right_state",
    "registered_on",
)


@dataclass(frozen=True)
class Holder:
    """Who is named in a row, by number and the key of a name, and with which part of the whole."""

    number: str
    key: str
    share: Fraction | None


def holders(row: Row) -> list[Holder]:
    """Those whom the cells list, one after another."""
    numbers = re.split("[、;；，,|/]", str(row["document"]))
    keys = re.split("[、;；，,|/]", str(row["name_key"]))
    shares = re.split("[、;；，,|]", str(row["share"])) if row["share"] else []
    keys = keys if len(keys) == len(numbers) else [str(row["name_key"])] * len(numbers)
    parts = [_part(share) for share in shares] if len(shares) == len(numbers) else [None] * len(numbers)
    return [Holder(*values) for values in zip(numbers, keys, parts, strict=True)]


def _part(share: str) -> Fraction | None:
    """To the millionth."""
    try:
        part = Fraction(share.removesuffix("%")) / (100 if share.endswith("%") else 1)
    except ValueError:
        return None
    return Fraction(int(part * 1_000_000 + Fraction(1, 2)), 1_000_000) if part <= 1 else None


def _is_person(number: str) -> bool:
    return re.fullmatch("[0-9]{17}[0-9X]", number) is not None


def real_estates_due(truth: Truth, rows: Sequence[Row], known: Known) -> Found:
    """Writes the table `real_estate` and gives what is found of holders."""
    days: dict[str | None, set[str]] = defaultdict(set)
    for row in rows:
        days[row["unit_number"]].add(str(row["registered_on"]))
    rights = [_right(row, holder, days) for row in rows for holder in holders(row) if _is_person(holder.number)]
    columns = {name: [right[name] for right in rights] for name in rights[0]}
    truth.table("foundation/person/real_estate", columns)
    regions = [
        region if city_of(region) else known.region(number)
        for region, number in zip(columns["registered_region"], columns["id_number"], strict=True)
    ]
    key = {name: columns[name] for name in ("id_number", "unit_number", "business_number")}
    truth.returned("person/real_estate", regions, key)
    return _of_holders(rows, known)


def _right(row: Row, holder: Holder, days: dict[str | None, set[str]]) -> Row:
    later = [day for day in days[row["unit_number"]] if day > str(row["registered_on"])]
    share = Fraction(1) if row["co_ownership"] == SOLE else holder.share
    until = date.fromisoformat(min(later)) - timedelta(days=1) if later and row["right_state"] in OVER else None
    return {
        "id_number": holder.number,
        "unit_number": row["unit_number"],
        "business_number": row["business_number"],
        **{name: row[name] for name in ABOUT},
        "share": None if share is None else f"{float(share):.6f}",
        "valid_from": row["registered_on"],
        "valid_to": None if until is None else until.isoformat(),
        "is_current": "true" if row["right_state"] == CURRENT else "false",
    }


def _of_holders(rows: Sequence[Row], known: Known) -> Found:
    found: Found = Counter()
    shares: dict[tuple[str | None, str | None], list[Fraction | None]] = defaultdict(list)
    for row in rows:
        if row["co_ownership"] == BY_SHARES:
            shares[row["business_number"], row["unit_number"]] += [holder.share for holder in holders(row)]
    for row in rows:
        parts = shares[row["business_number"], row["unit_number"]]
        is_whole = None not in parts and abs(sum(filter(None, parts)) - 1) <= Fraction(1, 100_000)
        for holder in {holder.number: holder for holder in holders(row)}.values():
            number = holder.number
            if not _is_person(number):
                continue
            found["real_estate_of_dead", number] += row["right_state"] == CURRENT and bool(known.died_in(number))
            found["real_estate_unlike_household", number] += not known.is_named(number, holder.key)
            found["real_estate_shares", number] += row["co_ownership"] == BY_SHARES and not is_whole
    return +found


def with_dwellings(rows: Sequence[Row]) -> set[str]:
    """Who holds two dwellings or more."""
    held: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        if (row["right_state"], row["planned_use"]) == (CURRENT, DWELLING) and row["right_type"] in HOUSES:
            for holder in holders(row):
                held[holder.number].add(row["unit_number"])
    return {number for number, units in held.items() if len(units) > 1}
