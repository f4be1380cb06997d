"""Several golden records in one database, each with its own conflicts and findings; findings of other databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.workspace import Project, open_project
from pipelines.settings import Settings
from pipelines.steps.tables import integrated_tables
from pipelines.tables.layout import TableId
from pipelines.tables.specs import finding_spec
from tests.support.covering_deliveries import company, listed, resident, stay, write
from tests.support.covering_project import covering_project
from tests.support.deliveries import Delivered
from tests.support.place import Place

# In a database that has no golden record.
FINDING = '''
import ibis
import ibis.expr.types as ir

from pipelines.modelling import finding


@finding(title="有登记而不在名单中"{about})
def unlisted(company: ir.Table, company_list: ir.Table) -> ir.Table:
    """Companies that the list does not name."""
    unknown = company.anti_join(company_list, "credit_code")
    return unknown.select(subject="credit_code", source=ibis.literal("company"), batch="_batch", row="_row")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return covering_project(tmp_path / "project")


def declare_finding(project: Path, about: str) -> Path:
    path = project / "foundation_dbs/economy/findings.py"
    path.write_text(FINDING.format(about=about), encoding="utf-8")
    return path


def test_each_golden_record_has_its_own_tables(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    write(
        [
            Delivered("resident", "1.csv", [resident(1), resident(2)]),
            Delivered("stay", "1.csv", [stay(2), stay(3)]),
            Delivered("company", "1.csv", [company(4), company(5)]),
            Delivered("company_list", "1.csv", [listed(4)]),
        ],
        place.landing,
    )
    place.run()
    with place.opened() as at:
        rows = {table.name: at.workspace.lake.row_count(table) for table in _foundation(at.workspace)}
        catalog = at.workspace.catalog
        found = {name: at.rows(finding_spec(catalog, record)) for name, record in catalog.records.items()}
    assert rows == {
        "person": 3,
        "conflict": 0,
        "finding": 1,
        "employer": 2,
        "employer_conflict": 0,
        "employer_finding": 1,
    }
    broken = {name: [(row["rule"], row["source"], row["row"]) for row in rows] for name, rows in found.items()}
    assert broken == {
        "person": [("stay_of_nobody", "stay", 3)],
        "employer": [("employer_not_listed", "company", 3)],
        "employer_year": [],
    }


def _foundation(project: Project) -> list[TableId]:
    own = {"person", "conflict", "finding", "employer", "employer_conflict", "employer_finding"}
    return [spec.id for spec in integrated_tables(project) if spec.id.layer == "foundation" and spec.id.name in own]


def test_a_finding_that_is_about_no_record_is_refused(project: Path) -> None:
    path = declare_finding(project, "")
    with pytest.raises(DeclarationError) as refused:
        open_project(Settings(project=project))
    assert str(refused.value).startswith(f"{path}:")
    assert "economy has no golden record, or several" in str(refused.value)
    assert "say `about=` with one of these: employer, employer_year, person" in str(refused.value)


def test_a_finding_about_an_unknown_record_is_refused(project: Path) -> None:
    declare_finding(project, ', about="nobody"')
    with pytest.raises(DeclarationError, match="no golden record `nobody`"):
        open_project(Settings(project=project))
