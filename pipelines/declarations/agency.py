"""Agencies: single ones, and kinds of agency that exist in many regions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, model_validator

from pipelines.declarations.reading import Declared, mistake
from pipelines.declarations.regions import Place

REGION = "{region}"


class Agency(Declared):
    """An agency that provides data or must act on a finding; `credit_code` is its unified social credit code."""

    name: str
    title: str
    level: str
    credit_code: str | None = Field(None, pattern=r"^[0-9A-Z]{18}$")


class RegionalAgency(Agency):
    """An agency that a kind has in one region; its name is `<kind>_<region code>`."""

    kind: str
    region: str


Level = Literal["league", "banner"]


class KindAt(Declared):
    """All agencies of a kind at a level, as a contract's `providers` name them."""

    kind: str
    level: Level


class AgencyKind(Declared):
    """A kind of agency: crossed with the regions of its `levels` it gives an agency of each.

    `pattern` is their title with `{region}` in the place of the region's. `titled` are those that are named otherwise,
    and `absent` the regions that have none, both by region code. That of the autonomous region, if it has one, is the
    single agency that is named like the kind.
    """

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    title: str
    pattern: str
    levels: tuple[Level, ...] = Field(min_length=1)
    titled: dict[str, str] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> AgencyKind:
        if REGION not in self.pattern or re.search("[{}]", self.pattern.replace(REGION, "")):
            raise mistake(f"pattern: write where the region's title stands, such as `{REGION}公安局`", "pattern")
        if both := [code for code in self.absent if code in self.titled]:
            raise mistake(f"absent: {', '.join(both)} is also `titled`: keep one of the two", "absent")
        return self

    def agencies(self, places: Mapping[str, Place]) -> Iterator[RegionalAgency]:
        """The agency of each region that has one."""
        for code, place in places.items():
            if place.level in self.levels and code not in self.absent:
                title = self.titled.get(code) or self.pattern.replace(REGION, place.title)
                name = f"{self.name}_{code}"
                yield RegionalAgency(name=name, title=title, level=place.level, kind=self.name, region=code)
