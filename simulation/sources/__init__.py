"""One module for each source: whose records it holds, where each column comes from, and what is planted in them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from simulation.source import About, Source

# In which order the first sources are delivered; any other one follows them by its name.
_FIRST = (
    "household_registration",
    "residence_permit",
    "social_insurance",
    "death_registration",
    "marriage_registration",
    "market_entity",
    "civil_organisation",
    "credit_code_check",
    "e_license",
)
# They share the random generators, so that the order in which they draw makes their files: insurance comes first.
_DRAWN = ("social_insurance", *(name for name in _FIRST if name != "social_insurance"))


@cache
def sources() -> dict[str, Source]:
    """Every source of the simulation by name, in the order in which they are delivered."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    found: dict[str, Source] = {module.SOURCE.name: module.SOURCE for module in modules}
    return {name: found[name] for name in (*_FIRST, *sorted(found.keys() - {*_FIRST}))}


def first_sources(about: About) -> list[Source]:
    """The first sources about these, in the order in which they draw."""
    return [sources()[name] for name in _DRAWN if sources()[name].about is about]


def later_sources(about: About) -> list[Source]:
    """Sources that came after the first: each has random generators of its own, so no other one's files change."""
    return [source for name, source in sources().items() if name not in _FIRST and source.about is about]
