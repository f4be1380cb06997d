"""The catalogue in the forms that others read, each read by means that are not ours."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from openpyxl import load_workbook

from pipelines.project.workspace import open_project
from pipelines.reports.catalogue.described import Described, describe
from pipelines.reports.catalogue.export import Form, export_catalogue
from pipelines.settings import Settings
from tests.support.deliveries import Delivered, household, marriage
from tests.support.place import PROJECT, Place
from tests.support.tiny_project import tiny_project

BASE = "https://data.example/"
HOUSEHOLDS = "foundation_dbs/person/sources/household_registration.yml"
CONDITIONAL = (
    "sharing: conditional\nreason: 含敏感个人信息\nsharing_basis: PIPL 第二十八条\ncondition: 仅限民政部门\n"
    "entry: {code: 101001/0001, scope: 民政部门, approved_by: health, issued_on: 2026-01-31, summary: =户籍}"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A small lake; its households are shared on a condition, and their entry says what nothing else tells."""
    folder = tmp_path_factory.mktemp("catalogue")
    made = Place(folder, project=tiny_project(folder / "project"))
    path = made.project / HOUSEHOLDS
    declared = path.read_text(encoding="utf-8")
    path.write_text(declared.replace("sharing: unconditional", CONDITIONAL), encoding="utf-8")
    Delivered("household_registration", "1.csv", [household(1)]).write(made.landing)
    Delivered("marriage_registration", "1.csv", [marriage(2)]).write(made.landing)
    made.run()
    return made


@pytest.fixture(scope="module")
def described(place: Place) -> Described:
    with place.opened() as at:
        return describe(at.workspace)


@pytest.fixture(scope="module")
def exported(described: Described, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_catalogue(described, folder, [*Form], BASE)
    return folder


@pytest.fixture(scope="module")
def really_exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is really declared, without a lake."""
    folder = tmp_path_factory.mktemp("really_exported")
    export_catalogue(describe(open_project(Settings(project=PROJECT))), folder, [*Form], BASE)
    return folder


def nodes(exported: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((exported / "catalog.jsonld").read_text(encoding="utf-8"))
    return {node["@id"]: node for node in document["@graph"]}


def test_dcat_has_a_dataset_for_each_source_and_for_each_foundation_and_theme_table(exported: Path) -> None:
    found = nodes(exported)
    catalogue = found[f"{BASE}catalog"]
    assert catalogue["@type"] == "dcat:Catalog"
    listed = {dataset["@id"].removeprefix(BASE) for dataset in catalogue["dcat:dataset"]}
    assert {"source:household_registration", "source:marriage_registration"} <= listed
    assert {"table:foundation:person:person", "table:foundation:person:conflict"} <= listed
    assert {found[BASE + name]["@type"] for name in listed} == {"dcat:Dataset"}


def test_every_reference_of_dcat_leads_to_a_node_or_to_a_list_of_others(exported: Path) -> None:
    found = nodes(exported)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["@id"]] if set(value) == {"@id"} else []
            return own + [reference for part in value.values() for reference in references(part)]
        return [reference for part in value for reference in references(part)] if isinstance(value, list) else []

    asked = {reference for node in found.values() for reference in references(node) if reference.startswith(BASE)}
    assert asked - set(found) == set()


def test_dcat_says_who_publishes_how_often_and_with_which_rights(exported: Path) -> None:
    found = nodes(exported)
    source = found[f"{BASE}source:household_registration"]
    assert source["dct:publisher"] == {"@id": f"{BASE}agency:public_security"}
    assert found[f"{BASE}agency:public_security"]["foaf:name"]["@value"] == "内蒙古自治区公安厅"
    assert source["dct:accrualPeriodicity"]["@id"].endswith("/frequency/DAILY")
    assert source["dct:accessRights"]["@id"].endswith("/access-right/RESTRICTED")
    assert "共享条件：仅限民政部门" in source["dct:rights"]["dct:title"]["@value"]
    assert source["adms:identifier"] == "101001/0001"
    assert source["dct:issued"]["@value"] == "2026-01-31"
    assert source["dct:modified"]["@type"] == "xsd:dateTime"
    bases = [basis["dct:title"]["@value"] for basis in source["dct:conformsTo"]]
    assert bases == ["《内蒙古自治区公共数据管理暂行办法》第十三条（一）", "《中华人民共和国个人信息保护法》第二十八条"]
    columns = {column["csvw:name"]: column for column in source["csvw:tableSchema"]["csvw:column"]}
    assert columns["id_number"]["dct:accessRights"]["dct:title"]["@value"] == "敏感个人信息"
    assert columns["birth_date"]["csvw:datatype"] == "xsd:date"
    golden = found[f"{BASE}table:foundation:person:person"]
    assert {"@id": f"{BASE}source:household_registration"} in golden["prov:wasDerivedFrom"]


CONTRACTS = sorted(path.stem for path in PROJECT.glob("foundation_dbs/*/sources/*.yml"))


@pytest.mark.parametrize("source", CONTRACTS)
def test_every_data_contract_is_one_by_the_standard_s_own_schema_and_model(source: str, really_exported: Path) -> None:
    text = (really_exported / f"odcs/{source}.odcs.yaml").read_text(encoding="utf-8")
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft201909Validator(schema).validate(yaml.safe_load(text))
    assert OpenDataContractStandard.from_string(text).apiVersion == "v3.2.0"


def test_a_data_contract_says_what_the_contract_says(exported: Path) -> None:
    read = OpenDataContractStandard.from_string(
        (exported / "odcs/household_registration.odcs.yaml").read_text(encoding="utf-8")
    )
    assert read.schema_
    properties = {found.name: found for found in read.schema_[0].properties or []}
    key = properties["id_number"]
    assert (key.primaryKey, key.required, key.classification) == (True, True, "sensitive_personal")
    assert {check.name for check in key.quality or []} >= {"id_number.required"}
    assert {value.value for value in properties["sex"].enum or []} >= {"1", "2"}
    regulated = {found.property: found.value for found in read.customProperties or []}
    assert regulated["sharingBasis"] == "PIPL 第二十八条"
    assert regulated["grade"] == "敏感个人信息"
    assert read.description
    assert read.description.limitations == "仅限民政部门"


def test_the_guide_s_form_has_its_columns_and_a_row_for_each_item(exported: Path, described: Described) -> None:
    (sheet,) = load_workbook(exported / "目录编制指南.xlsx").worksheets
    header, *rows = sheet.iter_rows(values_only=True)
    assert header == (
        *(
            "信息资源分类",
            "信息资源名称",
            "信息资源代码",
            "信息资源提供方",
            "提供方代码",
            "信息资源摘要",
            "信息资源格式",
        ),
        *("信息项名称", "数据类型", "长度", "共享类型", "共享条件", "共享方式", "是否向社会开放", "开放条件"),
        *("更新周期", "发布日期", "关联资源代码"),
    )
    assert len(rows) == sum(len(entry.items) for entry in described.entries)
    named = {row[1]: dict(zip(header, row, strict=True)) for row in rows if row[1]}
    (own,) = [row for row in named.values() if row["信息资源代码"] == "101001/0001"]
    assert (own["共享类型"], own["共享条件"], own["更新周期"]) == ("有条件共享", "仅限民政部门", "每日")
    assert (own["发布日期"], own["信息资源摘要"]) == ("2026-01-31", "=户籍")
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value is not None)
    others = [row for row in named.values() if row is not own]
    assert all(row["发布日期"] for row in others), "the day of the lake's release"


def test_an_export_of_the_same_lake_is_the_same_files(described: Described, exported: Path, tmp_path: Path) -> None:
    again = export_catalogue(described, tmp_path, [*Form], BASE)
    assert len(again) == len(described.entries) + 2
    for path in again:
        assert path.read_bytes() == (exported / path.relative_to(tmp_path)).read_bytes(), path.name


def test_as_a_person_asks_for_one_form(place: Place, tmp_path: Path) -> None:
    done = place.huiliu("catalog", "export", "--out", str(tmp_path / "one"), "--form", "odcs")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"odcs"}
    done = place.huiliu("catalog", "export", "--form", "pdf")
    assert (done.returncode, "there is no form pdf; there are dcat, odcs, guide" in done.stderr) == (2, True)
    elsewhere = Place(tmp_path / "elsewhere", project=place.project)
    elsewhere.folder.mkdir()
    done = elsewhere.huiliu("catalog", "export", "--form", "dcat")
    assert done.returncode == 0, done.stderr
    text = (elsewhere.folder / "catalogue/catalog.jsonld").read_text(encoding="utf-8")
    assert "dct:modified" not in text, "without a lake there is no moment"
