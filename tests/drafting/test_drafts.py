"""A draft fails closed: no run reads it before a person has moved it, filled it in, and classified its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from pipelines.tables.shown import Masking, shown
from pipelines.tables.specs import quarantine_spec, raw_spec, standard_spec
from tests.drafting.test_adding_a_source import drafted, huiliu, project, ran, rows, write

__all__ = ["project"]  # the fixture


def test_a_draft_is_read_by_no_run_until_it_is_moved(project: Path, tmp_path: Path) -> None:
    done = huiliu("source", "draft", write(tmp_path / "s.csv", rows()), "--name", "heating_subsidy")
    draft, active = (
        project / f"foundation_dbs/person/{folder}/heating_subsidy.yml" for folder in ("drafts", "sources")
    )
    assert f"mv {draft} {active} && " in done.output
    assert "heating_subsidy" not in read_catalog(project).contracts
    draft.rename(active)
    lines = active.read_text(encoding="utf-8").splitlines()
    asked = {line.partition(":")[0]: number for number, line in enumerate(lines, start=1) if ": 请填写" in line}
    assert {*asked} == {"title", "system", "legal_basis", "sharing"}, "the provider is asked for in a list"
    with pytest.raises(DeclarationError) as error:
        read_catalog(project)
    assert f"heating_subsidy.yml:{asked['title']}: `title` still says 请填写" in str(error.value)


@pytest.mark.parametrize("field", ["providers", "sharing", "legal_basis"])
def test_every_placeholder_stops_a_run_with_its_line(project: Path, tmp_path: Path, field: str) -> None:
    drafted(project, write(tmp_path / "s.csv", rows()))
    path = project / "foundation_dbs/person/sources/heating_subsidy.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(f"{field}:"))
    lines[place] = f"{field}: [请填写]" if field == "providers" else f"{field}: 请填写"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DeclarationError, match=rf"heating_subsidy\.yml:{place + 1}: `{field}` still says 请填写"):
        read_catalog(project)


def test_what_nobody_classified_is_masked_in_every_table(project: Path, tmp_path: Path) -> None:
    contract = drafted(project, write(tmp_path / "landing/heating_subsidy/s.csv", rows()))
    catalog = read_catalog(project)
    unclassified = {column.name for column in contract.columns if column.grade}
    headers = {column.header for column in contract.columns if column.grade}
    assert {"补贴户号", "补贴基数", "补贴状态", "备注: 其他", "职工户口所在地", "开通日期"} - headers <= {"补贴户号"}
    for spec in (raw_spec(catalog, contract), standard_spec(catalog, contract), quarantine_spec(catalog, contract)):
        for name in unclassified:
            assert (spec.column(name).is_personal, spec.column(name).mask) == (True, None), (spec.id.path, name)
    with ran(project, tmp_path) as workspace:
        spec = standard_spec(catalog, contract)
        stored = workspace.lake.read(spec)
        columns = shown(spec, stored, Masking(b"simulated", frozenset(), None))
        seen = workspace.lake.engine.rows(stored.select(**{column.name: column.value for column in columns}))
    assert {row["column_5"] for row in seen} == {"*" * len("5000.50")}
