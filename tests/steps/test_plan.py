"""The plan of declarations: every table has one writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import open_project
from pipelines.settings import Settings
from pipelines.steps.plan import plan
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
# A model whose table is that of the findings.
MODEL = '''
import ibis.expr.types as ir

from pipelines.modelling import model


@model(title="核查", key="id_number")
def finding(person: ir.Table) -> ir.Table:
    """Everybody."""
    return person.select("id_number")
'''


def test_two_declarations_that_would_write_one_table_are_refused(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    (project / "foundation_dbs/person/findings_of_ours.py").write_text(MODEL, encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        plan(open_project(Settings(project=project)))
    assert "foundation/person/finding would be written twice" in str(refused.value)
    assert "give one of them another name" in str(refused.value)
