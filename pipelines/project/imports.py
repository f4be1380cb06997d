"""Which modules of a project a module's results follow from: itself, and what it imports from the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# What a project declares in Python. Ours is in every digest already, and where the command is installed every library
# lies beside the project.
DECLARED = ("foundation_dbs", "theme_dbs", "expectations")


def modules_of(root: Path, path: Path) -> set[Path]:
    """The module at `path` and every module under `root` that it imports, by way of others too.

    Told from their text, so that an edit is seen whatever has been imported in this process; what is imported by a name
    that is only known when it runs is not found.
    """
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imported_by(root, module)
    return found


def _imported_by(root: Path, path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _files(root, alias.name.split("."))
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = module.split(".") if module else []
                if level:
                    package = path.relative_to(root).parts[:-1]
                    parts = [*package[: len(package) - level + 1], *parts]
                for alias in names:
                    yield from _files(root, [*parts, alias.name])


def _files(root: Path, parts: list[str]) -> Iterator[Path]:
    """The modules of a dotted name: every package on the way to it, and itself where it is no object of one."""
    if parts[0] not in DECLARED:
        return
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        for candidate in (place / "__init__.py", place.with_suffix(".py")):
            if candidate.is_file():
                yield candidate
