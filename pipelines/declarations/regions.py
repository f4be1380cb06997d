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
def ever_valid() -> tuple[str, ...]:
    """All six-digit codes that were ever valid, those of Hong Kong, Macao and Taiwan included."""
    codes, province = {"710000", "810000", "820000", "830000"}, ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        code = line.split()[0]
        if line.startswith(" "):
            codes.add(province + code)
        else:
            province = code
    return tuple(sorted(codes))
