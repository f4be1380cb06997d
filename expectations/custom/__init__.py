"""Expectation types of our own. Importing the package registers every type of its modules with Great Expectations."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
