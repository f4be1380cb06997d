"""Digests of what rows follow from: declarations, and the code that computes with them."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.declarations.catalog import OPERATION, Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.fingerprint import fingerprint

PIPELINES = Path(__file__).parents[1]
# Rooms whose expressions make rows. What a step uses of them is found by its imports.
COMPUTING = ("elements", "modelling", "rules", "steps")
# How an engine spells what is no plain SQL decides values too, and is told to it by nobody's import.
EVERYWHERE = ("engines/base.py", "engines/checksums.py", "engines/geometry.py", "engines/spark/regex.py")


def digest(step: str, *declared: Any) -> str:
    """A hash that changes when any of the given declarations does, or the code that computes with them.

    `step` is the name of the module that computes: its code counts, and what it imports of the rooms that compute. A
    comment, a docstring, an import or a module's place changes nothing.
    """
    return fingerprint(_step_logic(step), *declared)


def standard_digest(catalog: Catalog, contract: Contract) -> str:
    """A hash of all that a source's standard rows and verdicts follow from, beside what was delivered."""
    elements = [catalog.elements[column.element] for column in contract.columns]
    lists = [element.codes for element in elements if element.codes]
    lists += [OPERATION] if contract.delete_flag else []
    labels = [catalog.codes.get(name, ()) for name in lists]
    expectations = _expectations(catalog.root)
    step = "pipelines.steps.standardise"
    return digest(step, contract, catalog.rules(contract), elements, labels, catalog.cities, expectations)


def logic_of(paths: Iterable[Path]) -> str:
    """A hash of what modules do, whatever their order, their comments and their places."""
    return _all_of(_logic(ast.parse(path.read_bytes())) for path in paths)


def _all_of(logic: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(logic)).encode()).hexdigest()


def _logic(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [statement for statement in body if not _says_nothing(statement)]
    return hashlib.sha256(ast.dump(tree, annotate_fields=False).encode()).hexdigest()


def _says_nothing(node: ast.stmt) -> bool:
    """Whether a statement is an import, or text by itself, as docstrings are."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


@functools.cache
def _step_logic(step: str) -> str:
    found: set[Path] = set()
    waiting = [PIPELINES.joinpath(*step.split(".")[1:]).with_suffix(".py")]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _own_module(path)[1]
    return _all_of(_own_module(path)[0] for path in [*found, *(PIPELINES / place for place in EVERYWHERE)])


@functools.cache
def _own_module(path: Path) -> tuple[str, tuple[Path, ...]]:
    """What a module of ours does, as it was when the process began to ask, and what it imports of computing rooms."""
    tree = ast.parse(path.read_bytes())
    imported = tuple(_imported(tree))
    return _logic(tree), imported


def _imported(tree: ast.Module) -> Iterator[Path]:
    """The modules of computing rooms that a module imports by name, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pipelines."):
            place = PIPELINES.joinpath(*node.module.split(".")[1:])
            if place.relative_to(PIPELINES).parts[0] in COMPUTING:
                parts = (place, place / "__init__", *(place / alias.name for alias in node.names))
                yield from (part.with_suffix(".py") for part in parts if part.with_suffix(".py").is_file())


@functools.cache
def _expectations(root: Path) -> str:
    """A hash of a project's own expectations, which a process imports once."""
    return logic_of((root / "expectations").rglob("*.py"))
