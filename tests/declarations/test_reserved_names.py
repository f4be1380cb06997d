"""What a declaration may not say although each word of it is known: another's name, or a condition that nobody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from tests.support.tiny_project import tiny_project

SOURCES = "foundation_dbs/person/sources"


def test_a_source_does_not_take_the_place_of_what_reviewers_settle(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    (project / SOURCES / "residence_permit.yml").rename(project / SOURCES / "override.yml")
    with pytest.raises(DeclarationError, match="the name override is that of what reviewers settle: rename the file"):
        read_catalog(project)


def test_a_rule_on_the_whole_table_asks_no_rows_for_codes(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    rules = project / "expectations/person/household_registration.yml"
    lines = ("- rule: rows", "  type: expect_table_row_count_to_be_between", "  title: 行数", "  only: {sex: ['1']}")
    rules.write_text(rules.read_text("utf-8") + "\n".join((*lines, "")), "utf-8")
    with pytest.raises(DeclarationError, match="rule rows: only: a rule on the whole table asks no rows for codes"):
        read_catalog(project)


def test_a_condition_on_a_column_that_there_is_not_is_told(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    rules = project / "expectations/person/household_registration.yml"
    text = rules.read_text("utf-8").replace(
        "  severity: warning\n", "  only: {gender: ['1']}\n  severity: warning\n", 1
    )
    rules.write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match="only: there is no column `gender`"):
        read_catalog(project)
