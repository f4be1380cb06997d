"""E-licences: their types, identifiers and holders, and good ones without end for pushing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from simulation.checksums import ALPHANUMERIC, credit_code, license_check
from simulation.contracts import contract
from simulation.vocabulary import HOLDER_CODE_TYPE, LICENSE_STATE
from simulation.world.calendar import AS_OF, day_number, iso
from simulation.world.people import draw_numbers, settle
from simulation.world.places import CITIES, counties

ROOT = "1.2.156.3005.2."
PERSON, ORGANISATION = "111", "001"
YEARS_VALID = 6
_SOME_PEOPLE = 1_000


@dataclass(frozen=True)
class Holder:
    """A person by id number, or an organisation (`code_type` ORGANISATION) by credit code, with the name."""

    code: str
    name: str
    code_type: str = PERSON


@dataclass(frozen=True)
class LicenseType:
    """A type of licence: who defined it, who may hold it, and which office of a banner issues it."""

    name: str
    number: int
    held_by: str
    office: str

    @property
    def code(self) -> str:
        """The defining agency's credit code, and three characters."""
        return credit_code("1", "1", "100000", f"{20_000_000 + self.number}") + f"{self.number:03}"

    def issuer(self, region: str) -> tuple[str, str]:
        """The issuing agency's credit code and name."""
        organisation = 30_000_000 + list(counties()).index(region) * 100 + self.number
        return credit_code("1", "1", region, str(organisation)), counties()[region] + self.office


TYPES = [
    LicenseType("食品经营许可证", 1, ORGANISATION, "市场监督管理局"),
    LicenseType("道路运输经营许可证", 2, ORGANISATION, "交通运输局"),
    LicenseType("建筑业企业资质证书", 3, ORGANISATION, "住房和城乡建设局"),
    LicenseType("机动车驾驶证", 4, PERSON, "公安局"),
    LicenseType("护士执业证书", 5, PERSON, "卫生健康委员会"),
    LicenseType("职业资格证书", 6, PERSON, "人力资源和社会保障局"),
]


@cache
def _issuers(kind: LicenseType) -> list[tuple[str, str]]:
    return [kind.issuer(region) for region in counties() if region[:4] + "00" in CITIES]


def identifier(type_code: str, issuer_code: str, serial: str, version: int) -> str:
    """A whole identifier (GB/T 36904-2018)."""
    body = f"{type_code}.{issuer_code}.{serial}.{version:03}"
    return f"{ROOT}{body}.{license_check(body.replace('.', ''))}"


def with_version(whole: str, version: int) -> str:
    """The identifier of another version of the same licence."""
    type_code, issuer_code, serial = whole.removeprefix(ROOT).split(".")[:3]
    return identifier(type_code, issuer_code, serial, version)


def with_serial(whole: str, serial: str) -> str:
    """The identifier of the first version of another licence of the same type and issuer."""
    type_code, issuer_code = whole.removeprefix(ROOT).split(".")[:2]
    return identifier(type_code, issuer_code, serial, 1)


def with_type(whole: str, type_code: str) -> str:
    """The identifier of a licence of another type."""
    issuer_code, serial, version = whole.removeprefix(ROOT).split(".")[1:4]
    return identifier(type_code, issuer_code, serial, int(version))


def with_another_check(whole: str) -> str:
    """The identifier with a wrong check character."""
    return whole[:-1] + ALPHANUMERIC[(ALPHANUMERIC.index(whole[-1]) + 7) % 36]


def stream(
    seed: int,
    count: int,
    *,
    start: int = 0,
    holders: Sequence[Holder] = (),
    updated_at: datetime | None = None,
) -> Iterator[dict[str, str]]:
    """`count` good e-licences, header → cell as the contract's layout has them, for pushing row by row.

    Each number of each seed has a serial number of its own, so every row is a licence of its own: to go on later,
    `start` where the last call ended. `holders` are whoever shall hold them, by default some invented people. All are
    issued by agencies of banners, so that each belongs to a city. `updated_at` is the first one's, in Asia/Shanghai
    (default: the simulation's day, 08:00); each further one is a second later.
    """
    rng = np.random.default_rng([seed, 4, start])
    named = contract("e_license").headers
    first = updated_at or datetime(AS_OF.year, AS_OF.month, AS_OF.day, 8)
    people = holders or invented_people(seed)
    for number in range(count):
        holder = people[int(rng.integers(len(people)))]
        row = draw_license(rng, holder, f"S{seed:07}{start + number:011}")
        row["updated_at"] = (first + timedelta(seconds=number)).strftime("%Y-%m-%d %H:%M:%S")
        yield {header: row[column] for column, header in named.items()}


def invented_people(seed: int) -> list[Holder]:
    """Living adults that no delivered file speaks of but by chance."""
    rng = np.random.default_rng([seed, 5])
    people = settle(rng, draw_numbers(rng, _SOME_PEOPLE), 0)
    return [Holder(people.id_number[at], people.name[at]) for at in np.flatnonzero(people.adult).tolist()]


def draw_license(rng: np.random.Generator, holder: Holder, serial: str) -> dict[str, str]:
    """The first version of some licence that the holder may hold, column → cell."""
    kinds = [kind for kind in TYPES if kind.held_by == holder.code_type]
    kind = kinds[int(rng.integers(len(kinds)))]
    issuers = _issuers(kind)
    issuer_code, issuer = issuers[int(rng.integers(len(issuers)))]
    issued = int(rng.integers(day_number("2021-01-01"), day_number("2024-06-30")))
    return {
        "license_identifier": identifier(kind.code, issuer_code, serial, 1),
        "type_name": kind.name,
        "type_code": kind.code,
        "license_number": f"蒙{kind.number:02}-{serial}",
        "issuer": issuer,
        "issuer_code": issuer_code,
        "issued_on": iso(issued),
        "valid_from": iso(issued),
        "valid_to": iso(issued + YEARS_VALID * 365),
        "holder_name": holder.name,
        "holder_code": holder.code,
        "holder_code_type": HOLDER_CODE_TYPE[holder.code_type][0],
        "state": LICENSE_STATE["01"][0],
        "predecessor": "",
        "updated_at": "",
        "operation": "",
    }
