"""The digest of code names what makes rows: what changes no row changes no digest, and what may change one does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.project import digest as digests
from pipelines.project.digest import digest, logic_of

STEPS = [f"pipelines.steps.{step}" for step in ("standardise", "integrate", "derive", "return_flow")]


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the pipelines that may be edited; digests are taken of it."""
    copy = tmp_path / "pipelines"
    shutil.copytree(digests.PIPELINES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "PIPELINES", copy)
    forget_code()
    yield copy
    forget_code()


def forget_code() -> None:
    """As a process that has asked for no digest yet."""
    digests._own_module.cache_clear()
    digests._step_logic.cache_clear()


def digests_now() -> dict[str, str]:
    forget_code()
    return {step: digest(step) for step in STEPS}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("module", ["elements/phone.py", "steps/standardise.py", "engines/geometry.py", "cli/run.py"])
def test_a_comment_a_docstring_and_an_import_change_nothing(code: Path, module: str) -> None:
    before = digests_now()
    edit(code / module, '"""', '"""Other words. ')
    edit(code / module, "\n\n\n", "\n\n\nimport sys  # a reason that was not said\n\n\n")
    assert digests_now() == before


def test_a_module_that_makes_no_rows_changes_nothing(code: Path) -> None:
    before = digests_now()
    for module in ("cli/run.py", "reports/summary.py", "lake/lake.py", "readers/csv.py", "steps/landing.py"):
        with (code / module).open("a", encoding="utf-8") as file:
            file.write("\nOTHER = 1\n")
    assert digests_now() == before


@pytest.mark.parametrize(
    ("module", "concerned"),
    [
        ("elements/phone.py", {"standardise"}),
        ("engines/checksums.py", {"standardise", "integrate", "derive", "return_flow"}),
        ("engines/base.py", {"standardise", "integrate", "derive", "return_flow"}),
        ("steps/typed_rows.py", {"standardise"}),
        ("steps/integrate.py", {"integrate"}),
        ("steps/return_flow.py", {"return_flow"}),
    ],
)
def test_what_computes_changes_the_digest_of_what_it_touches(code: Path, module: str, concerned: set[str]) -> None:
    before = digests_now()
    with (code / module).open("a", encoding="utf-8") as file:
        file.write("\nOTHER = 1\n")
    changed = {step.rpartition(".")[2] for step, now in digests_now().items() if now != before[step]}
    assert concerned <= changed
    assert changed - concerned <= ({"integrate", "derive", "return_flow"} if module.startswith("elements/") else set())


def test_a_moved_module_changes_nothing(code: Path) -> None:
    before = digests_now()
    shutil.move(code / "elements/bound.py", code / "elements/tied.py")
    for path in code.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("pipelines.elements.bound", "pipelines.elements.tied"), encoding="utf-8")
    assert digests_now() == before


def test_what_a_declaration_says_changes_the_digest() -> None:
    assert digest(STEPS[0], {"a": 1}) != digest(STEPS[0], {"a": 2})


def test_modules_of_a_project_are_told_by_what_they_do(tmp_path: Path) -> None:
    first, other = tmp_path / "one.py", tmp_path / "other.py"
    first.write_text('"""A model."""\nimport ibis\n\nLIMIT = 3  # years\n', encoding="utf-8")
    other.write_text("import ibis as i\nLIMIT = 3\n", encoding="utf-8")
    assert logic_of([first]) == logic_of([other])
    other.write_text("LIMIT = 4\n", encoding="utf-8")
    assert logic_of([first]) != logic_of([other])
