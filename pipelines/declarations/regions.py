"""Administrative regions: every code ever used (GB/T 2260, from python-stdnum), and the leagues and cities."""

from __future__ import annotations

import functools
from importlib.resources import files

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


@functools.cache
def titles() -> dict[str, str]:
    """The newest name of each code that was ever valid."""
    found = {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区", "830000": "台湾省"}
    province = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        code, _, said = line.strip().partition(" ")
        name = said.partition('"')[2].rstrip('"').rpartition(",")[2].rpartition("]")[2]
        if line.startswith(" "):
            found[province + code] = name
        else:
            province = code
    return dict(sorted(found.items()))


@functools.cache
def ever_valid() -> tuple[str, ...]:
    """All six-digit codes that were ever valid, those of Hong Kong, Macao and Taiwan included."""
    return tuple(titles())
