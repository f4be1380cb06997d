"""Several golden records in one database, each with its own conflicts and findings; findings of other databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import Project, open_project
from pipelines.settings import Settings
from pipelines.steps.tables import integrated_tables
from pipelines.tables.layout import TableId
from pipelines.tables.specs import finding_spec
from tests.support.deliveries import household
from tests.support.place import Place
from tests.support.small_project import Delivered, permit, small_project

HOUSEHOLD, PERMIT = "household_registration", "residence_permit"
RESIDENT: dict[str, Any] = {
    "title": "居住证持有人",
    "description": "One row per holder of a residence permit.",
    "key": "id_number",
    "attributes": {"person_name": {"from": [PERMIT]}, "residence_region": {"from": [PERMIT], "title": "居住地"}},
    "returns": {"scope": ["residence_region"], "legal_basis": "2024-19 第十八条"},
}
# In a database that has no golden record.
FINDING = '''
import ibis.expr.types as ir

from pipelines.modelling import finding


@finding(title="有居住证而无户籍"{about})
def unknown_at_home(residence_permit: ir.Table, household_registration: ir.Table) -> ir.Table:
    """Holders of a permit of whom no household is known."""
    unknown = residence_permit.anti_join(household_registration, "id_number")
    return unknown.select(subject="id_number", source=unknown.person_name.nullif("-").isnull().ifelse("x", "{source}"),
                          batch="_batch", row="_row")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = small_project(tmp_path / "project", [HOUSEHOLD, PERMIT])
    person, contract = (
        folder / "foundation_dbs/person/person.yml",
        folder / f"foundation_dbs/person/sources/{PERMIT}.yml",
    )
    declared = yaml.safe_load(person.read_text(encoding="utf-8"))
    for name, attribute in [*declared["attributes"].items()]:
        attribute["from"] = [source for source in attribute.get("from", []) if not source.startswith(PERMIT)]
        attribute.pop("until", None)
        if not attribute["from"]:
            del declared["attributes"][name]
    declared["returns"]["scope"] = ["household_region"]
    person.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("record: person", "record: resident"), encoding="utf-8"
    )
    (person.parent / "resident.yml").write_text(yaml.safe_dump(RESIDENT, allow_unicode=True), encoding="utf-8")
    return folder


def declare_finding(project: Path, about: str) -> Path:
    path = project / "foundation_dbs/economy/findings.py"
    path.parent.mkdir()
    (path.parent / "__init__.py").touch()
    path.write_text(FINDING.format(about=about, source=PERMIT), encoding="utf-8")
    return path


def test_each_golden_record_has_its_own_tables(project: Path, tmp_path: Path) -> None:
    declare_finding(project, ', about="resident"')
    place = Place(tmp_path, project=project)
    Delivered(HOUSEHOLD, "1.csv", [household(1), household(2)]).write(place.landing)
    Delivered(PERMIT, "1.csv", [permit(2), permit(3)]).write(place.landing)
    place.run()
    with place.opened() as at:
        rows = {table.name: at.workspace.lake.row_count(table) for table in _foundation(at.workspace)}
        catalog = at.workspace.catalog
        found = at.rows(finding_spec(catalog, catalog.records["resident"]))
    assert rows == {
        "person": 2,
        "conflict": 0,
        "finding": 0,
        "resident": 2,
        "resident_conflict": 0,
        "resident_finding": 1,
    }
    assert [(finding["rule"], finding["source"], finding["row"]) for finding in found] == [
        ("unknown_at_home", PERMIT, 3)
    ]


def _foundation(project: Project) -> list[TableId]:
    own = {"person", "conflict", "finding", "resident", "resident_conflict", "resident_finding"}
    return [spec.id for spec in integrated_tables(project) if spec.id.layer == "foundation" and spec.id.name in own]


def test_a_finding_that_is_about_no_record_is_refused(project: Path) -> None:
    path = declare_finding(project, "")
    with pytest.raises(DeclarationError) as refused:
        open_project(Settings(project=project))
    assert str(refused.value).startswith(f"{path}:")
    assert "economy has no golden record, or several" in str(refused.value)
    assert "say `about=` with one of these: person, resident" in str(refused.value)


def test_a_finding_about_an_unknown_record_is_refused(project: Path) -> None:
    declare_finding(project, ', about="nobody"')
    with pytest.raises(DeclarationError, match="no golden record `nobody`"):
        open_project(Settings(project=project))
