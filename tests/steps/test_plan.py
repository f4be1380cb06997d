"""The plan of declarations: every table has one writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import open_project
from pipelines.settings import Settings
from pipelines.steps.plan import plan
from tests.support.place import copied_project
from tests.support.tiny_project import tiny_project

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


# A model of the forms of what no source keeps forms of.
FORMS = '''
import ibis.expr.types as ir

from pipelines.modelling import FormsOf, model


@model(title="户号", key="value", inputs={"forms": FormsOf("nowhere")})
def regions(forms: ir.Table) -> ir.Table:
    """Everything."""
    return forms.select("value")
'''


def test_a_model_of_what_no_source_has_is_refused_with_its_line(tmp_path: Path) -> None:
    project = copied_project(tmp_path)
    with (project / "catalog/elements/general.yml").open("a", encoding="utf-8") as elements:
        elements.write("\nnowhere: {title: 无处, grade: internal}\n")
    path = project / "foundation_dbs/person/regions.py"
    path.write_text(FORMS, encoding="utf-8")
    with pytest.raises(
        DeclarationError, match="regions: no source has what forms asks for; take that input out"
    ) as refused:
        plan(open_project(Settings(project=project)))
    assert str(refused.value).startswith(f"{path}:7: ")
