"""What Dagster says of each asset and check before anything has run is what the declarations say."""

from __future__ import annotations

import dagster as dg
import pytest

from dagster_project.definitions import build_definitions
from dagster_project.described import asset_key
from pipelines.declarations.catalog import Catalog
from pipelines.project.catalog import read_catalog
from pipelines.settings import Settings
from pipelines.tables import layout
from tests.support.place import PROJECT

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:Starting in dagster 1.11"),
]


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_definitions(Settings())


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(PROJECT)


def _specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {"/".join(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}


def test_an_asset_says_what_its_declaration_says(defs: dg.Definitions, catalog: Catalog) -> None:
    spec = _specs(defs)["standard/death_registration"]
    contract = catalog.contracts["death_registration"]
    assert spec.group_name == f"3_standard/{contract.database}"
    assert spec.tags["huiliu/source"] == "death_registration"
    assert spec.metadata["source_system"].value == contract.system
    assert catalog.agencies[contract.responsible].title in spec.metadata["agencies"].value
    assert contract.title in (spec.description or "")
    assert list(spec.owners) == [f"team:{agency}" for agency in contract.providers]
    assert {"delta", "duckdb"} <= set(spec.kinds)
    columns = {column.name: column for column in spec.metadata["dagster/column_schema"].value.columns}
    assert columns["died_on"].description == contract.column("died_on").title
    assert columns["id_number"].tags["grade"] == "sensitive_personal"
    assert not columns["certificate_number"].constraints.nullable


def test_groups_in_their_order_follow_the_way_of_the_data(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        own = graph.get(key).group_name
        for parent in graph.get(key).parent_keys:
            stage, before = own.split("/")[0], graph.get(parent).group_name.split("/")[0]
            assert before <= stage, f"{key.to_user_string()} comes before {parent.to_user_string()}"
    stages = list(dict.fromkeys(sorted(graph.get(key).group_name.split("/")[0] for key in graph.get_all_asset_keys())))
    assert [stage.split("_")[1] for stage in stages] == [
        "landing", "raw", "standard", "foundation", "theme", "returns", "release"
    ]  # fmt: skip
    golden = {"/".join(key.path) for key in graph.get_all_asset_keys() if "golden" in graph.get(key).kinds}
    assert golden == {"foundation/legal_entity/legal_entity", "foundation/person/person"}


def test_each_rule_of_a_source_is_a_check_that_says_what_it_asks(defs: dg.Definitions, catalog: Catalog) -> None:
    graph = defs.resolve_asset_graph()
    for contract in catalog.contracts.values():
        standard = asset_key(layout.standard(contract.name))
        specs = {key.name: graph.get(key).description for key in graph.asset_check_keys if key.asset_key == standard}
        rules = catalog.rules(contract)
        assert {rule.code.replace(".", "__") for rule in rules} <= {*specs}
        assert len({rule.code.replace(".", "__") for rule in rules}) == len(rules), "no two rules share a check"
        for rule in rules:
            description = specs[rule.code.replace(".", "__")] or ""
            assert description.startswith(rule.title)
            assert f"{rule.severity}: A " in description
            assert (rule.standard or "") in description
    assert all(graph.get(key).description for key in graph.asset_check_keys)


def test_every_asset_has_owners_columns_and_a_description(defs: dg.Definitions) -> None:
    for name, spec in _specs(defs).items():
        assert spec.owners, name
        assert spec.description, name
        assert name.startswith("landing/") or spec.metadata["dagster/column_schema"].value.columns, name


def test_columns_are_traced_to_the_columns_they_come_from(defs: dg.Definitions) -> None:
    def origins(asset: str, column: str) -> set[str]:
        lineage = _specs(defs)[asset].metadata["dagster/column_lineage"].value
        return {f"{'/'.join(dep.asset_key.path)}.{dep.column_name}" for dep in lineage.deps_by_column[column]}

    spouses = {"standard/marriage_registration.husband_id", "standard/marriage_registration.wife_id"}
    assert origins("foundation/person/marriage", "spouse_id") == spouses
    assert "standard/household_registration.person_name" in origins("foundation/person/person", "person_name")
    assert origins("returns/person/marriage", "state") == {"foundation/person/marriage.state"}
    assert origins("returns/person/marriage", "city") == {
        f"foundation/person/person.{region}" for region in ("residence_region", "household_region", "insured_region")
    }
    assert origins("theme/personal_file/person_file", "marital_state") == {"foundation/person/marriage.state"}
