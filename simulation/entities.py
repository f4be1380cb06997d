"""The simulated enterprises and civil organisations, and their three registers before anything is planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.checksums import credit_code
from simulation.names import CIVIL_KINDS, FIELDS, TRADES, brand
from simulation.person_sources import addresses, parts, phones, pick_of
from simulation.population import People
from simulation.regions import CITIES, counties
from simulation.table import Table
from simulation.vocabulary import ENTITY_STATE

ENTERPRISE_TYPES = {"1": "有限责任公司", "2": "个体工商户", "3": "农民专业合作社"}


@dataclass
class Entities:
    """Every sequence is indexed by entity; the market's come first, then the civil organisations."""

    credit_code: list[str]
    name: list[str]
    kind: list[str]
    state: list[str]
    region: list[str]
    founded: NDArray[np.int64]
    head: list[int]  # person
    market: int

    def __len__(self) -> int:
        return len(self.credit_code)


def found(rng: np.random.Generator, market: int, civil: int, people: People) -> Entities:
    """Entities with codes and names that no two of them share."""
    count = market + civil
    region = pick_of(rng, list(counties()), count)
    # Drawn without repetition from one half of all organisation codes; new ones come from the other half.
    organisation = _distinct(rng, count, 10_000_000, 50_000_000)
    category = pick_of(rng, ["1", "1", "1", "2", "3"], market) + pick_of(rng, ["1", "2", "3"], civil)
    names = [
        (_market_name if number < market else _civil_name)(number, code, region[number])
        for number, code in enumerate(category)
    ]
    return Entities(
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


def market_register(rng: np.random.Generator, entities: Entities, people: People) -> Table:
    """经营主体登记, with the capital as its usual spelling in ten thousands of yuan."""
    count = entities.market
    region = entities.region[:count]
    state = entities.state[:count]
    capital = [n * 10 for n in rng.integers(1, 500, count).tolist()]
    sent = {
        "credit_code": entities.credit_code[:count],
        "entity_name": entities.name[:count],
        "entity_type": entities.kind[:count],
        "established_on": iso_days(entities.founded[:count]),
        "registered_capital": [f"{amount}万元" for amount in capital],
        "business_scope": [
            f"{TRADES[at % len(TRADES)]}；货物进出口，技术服务（依法须经批准的项目除外）" for at in range(count)
        ],
        "representative_name": [people.name[at] for at in entities.head[:count]],
        "representative_id": [people.id_number[at] for at in entities.head[:count]],
        "registrar": [counties()[code] + "市场监督管理局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in state],
        "approved_on": iso_days(entities.founded[:count] + 400),
        "valid_to": iso_days(entities.founded[:count] + 30 * 365),
        "phone": phones(rng, count),
        "province": ["内蒙古自治区"] * count,
        "registered_region": region,
        "registered_address": addresses(rng, region),
        "updated_at": moments(rng, count, "market_entity"),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "state": list(state),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("market_entity", sent, due, parts(count))


def civil_register(rng: np.random.Generator, entities: Entities, people: People) -> Table:
    """社会组织登记."""
    first = entities.market
    count = len(entities) - first
    region = entities.region[first:]
    capital = rng.integers(1, 50, count).tolist()
    founded = entities.founded[first:]
    sent = {
        "credit_code": entities.credit_code[first:],
        "entity_name": entities.name[first:],
        "entity_type": entities.kind[first:],
        "representative_name": [people.name[at] for at in entities.head[first:]],
        "representative_id": [people.id_number[at] for at in entities.head[first:]],
        "established_on": iso_days(founded),
        "registered_capital": [f"{amount}万元人民币" for amount in capital],
        "business_scope": [f"{FIELDS[at % len(FIELDS)]}交流；公益服务" for at in range(count)],
        "supervisor": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "registrar": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "state": [ENTITY_STATE[code][0] for code in entities.state[first:]],
        "registered_region": region,
        "registered_address": addresses(rng, region),
        "valid_from": iso_days(np.full(count, day_number("2023-01-01"))),
        "valid_to": iso_days(np.full(count, day_number("2027-12-31"))),
        "phone": phones(rng, count),
        "updated_at": moments(rng, count, "civil_organisation"),
    }
    due: dict[str, list[str | None]] = {
        "state": list(entities.state[first:]),
        "registered_capital": [f"{amount * 10_000}.0000" for amount in capital],
        "capital_currency": ["CNY"] * count,
    }
    return Table("civil_organisation", sent, due, [0] * count)


def check_list(rng: np.random.Generator, entities: Entities) -> Table:
    """校核: every credit code that was issued, with the state and name it was issued for."""
    count = len(entities)
    checked = iso_days(np.full(count, day_number("2026-03-15")) + rng.integers(0, 30, count))
    sent = {
        "credit_code": list(entities.credit_code),
        "entity_name": list(entities.name),
        "entity_type": list(entities.kind),
        "code_issuer": [
            counties()[code] + ("市场监督管理局" if at < entities.market else "民政局")
            for at, code in enumerate(entities.region)
        ],
        "code_issued_on": iso_days(entities.founded),
        "state": list(entities.state),
        "check_result": ["一致"] * count,
        "checked_on": checked,
        "updated_at": moments(rng, count, "credit_code_check"),
        "operation": [""] * count,
    }
    return Table("credit_code_check", sent, {}, parts(count))
