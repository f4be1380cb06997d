"""Administrative regions: every code ever used (GB/T 2260, from python-stdnum), and the leagues and cities."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from pydantic import Field

from pipelines.declarations.reading import Declared


class City(Declared):
    """A league or city that rows flow back to. `formerly` are retired code prefixes whose ground is its own today."""

    code: str = Field(pattern=r"^15\d{2}00$")
    title: str
    short: str
    formerly: tuple[str, ...] = ()

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.code[:4], *self.formerly)


@dataclass(frozen=True)
class Place:
    """A league or city, or a banner or county, as it is today."""

    code: str
    title: str
    level: Literal["league", "banner"]


def places(cities: Mapping[str, City]) -> dict[str, Place]:
    """By code the declared leagues and cities, each with its banners, counties and districts of today."""
    found = {code: Place(code, city.title, "league") for code, city in cities.items()}
    for code, title, in_force in _lines():
        if in_force and code[:4] + "00" in cities and code not in cities and title != NO_DISTRICT:
            found[code] = Place(code, title, "banner")
    return found


NO_DISTRICT = "市辖区"  # a line of the list that stands for all districts of a city


@functools.cache
def _lines() -> tuple[tuple[str, str, bool], ...]:
    """Code, newest name, and whether the code is still in force."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, str, bool]]:
    province = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        code, _, title = line.strip().partition(" ")
        period, _, name = title.partition('"')[2].rstrip('"').rpartition(",")[2].rpartition("]")
        if line.startswith(" "):
            yield province + code, name, not period or period.endswith("-")
        else:
            province = code


@functools.cache
def titles() -> dict[str, str]:
    """The newest name of each code that was ever valid."""
    found = {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区", "830000": "台湾省"}
    return dict(sorted((found | {code: name for code, name, _ in _lines()}).items()))


@functools.cache
def ever_valid() -> tuple[str, ...]:
    """All six-digit codes that were ever valid, those of Hong Kong, Macao and Taiwan included."""
    return tuple(titles())
