"""Libraries that another one imports with itself and hardly ever asks for: imported when something does ask.

Great Expectations imports SciPy for expectations about distributions and Altair for their charts, more than a second
of each process that validates; none of our rules uses either.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """Stands for a module until it is asked for something."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked of every module by whoever looks through them all
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def deferred(*names: str) -> Iterator[None]:
    """Whoever imports one of `names` meanwhile gets what stands for it; where it has been imported, it itself."""
    standing = {name: _Deferred(name) for name in names if name not in sys.modules}
    for name, module in standing.items():
        package, _, own = name.rpartition(".")
        if package:
            setattr(importlib.import_module(package), own, module)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name, module in standing.items():
            package, _, own = name.rpartition(".")
            if package and vars(sys.modules[package]).get(own) is module:
                delattr(sys.modules[package], own)
            if sys.modules.get(name) is module:
                del sys.modules[name]
