"""Words of `docs/naming.md` that no name in code consists of any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.test_project import MODULES, ROOT, TESTS, read, shown

RETIRED = {"one", "said", "told", "mine", "ours", "theirs", "alone", "go_on", "let_go"}
CONSTANTS = {"NOTHING", "MANY", "FEW", "RARELY"}


def named_in(code: str) -> Iterator[tuple[int, str]]:
    """(line, name) of all that a module gives names to: variables, parameters, functions, classes and attributes."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name


def retired_in(code: str) -> list[tuple[int, str]]:
    bare = ((line, name, name.strip("_")) for line, name in named_in(code))
    return sorted((line, name) for line, name, word in bare if word.lower() in RETIRED or word in CONSTANTS)


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=shown)
def test_no_name_is_a_word_that_says_nothing_of_the_domain(path: Path) -> None:
    assert retired_in(read(path)) == [], "docs/naming.md says what stands instead"


def test_names_are_found_wherever_they_are_given() -> None:
    code = "def told(one, *said, alone=1): self.mine = [ours for ours in one]\nclass _Told: go_on: int\nFEW = 1\n"
    names = ["alone", "mine", "one", "ours", "said", "told", "_Told", "go_on", "FEW"]
    assert [name for _, name in retired_in(code)] == names
    assert retired_in("row.one()\nsaid_of(told_by)\nfew = 1\n") == []


def test_every_retired_word_is_explained() -> None:
    page = read(ROOT / "docs" / "naming.md").partition("## In code")[2]
    assert {word for word in RETIRED | CONSTANTS if f"`{word}`" not in page} == set()
