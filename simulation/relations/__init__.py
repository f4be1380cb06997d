"""What shows only when registers are held against each other: a module for each finding, conflict or agreement."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from simulation.planting import Relation
from simulation.source import About


@cache
def relations(about: About) -> list[Relation]:
    """What all modules plant among these subjects."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return [relation for module in modules for relation in module.PLAN if relation.about is about]
