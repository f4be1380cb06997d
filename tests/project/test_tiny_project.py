"""The tiny project's sources are the real ones in a few lines: columns and rules that both have, they declare alike.

Whoever changes one of these learns here that most tests run over something else. What else is declared of persons, and
what is made of it (the golden record, models, findings), is the tiny project's own.
"""

from __future__ import annotations

import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.project.catalog import read_catalog
from tests.support.deliveries import Row, death, household, marriage, permit
from tests.support.place import PROJECT
from tests.support.tiny_project import tiny_project

# Each with a row as tests deliver it.
SOURCES = {
    "household_registration": household(1),
    "marriage_registration": marriage(1),
    "death_registration": death(1),
    "residence_permit": permit(1),
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return read_catalog(tiny_project(tmp_path_factory.mktemp("tiny") / "project"))


@pytest.fixture(scope="module")
def real() -> Catalog:
    return read_catalog(PROJECT)


def test_the_sources_are_those_of_which_rows_are_delivered(catalog: Catalog) -> None:
    assert {*catalog.contracts} == {*SOURCES}
    assert {*catalog.records} == {"person"}
    assert len(catalog.cities) == 2


@pytest.mark.parametrize(("source", "row"), SOURCES.items())
def test_a_source_is_the_real_one_with_fewer_columns(source: str, row: Row, catalog: Catalog, real: Catalog) -> None:
    tiny, whole = catalog.contracts[source], real.contracts[source]
    differing = {name for name in Contract.model_fields if getattr(tiny, name) != getattr(whole, name)}
    assert differing <= {"columns", "aliases", "providers"}
    assert {*tiny.providers} == {*whole.providers} & {*catalog.agencies}
    columns = {column.name: column for column in whole.columns}
    assert [column for column in tiny.columns if column != columns[column.name]] == []
    assert {column.name for column in whole.columns if column.required} <= {column.name for column in tiny.columns}
    assert tiny.aliases.items() <= whole.aliases.items()
    assert {*row} <= {column.header for column in tiny.columns}


@pytest.mark.parametrize("source", SOURCES)
def test_its_rules_are_the_real_ones(source: str, catalog: Catalog, real: Catalog) -> None:
    whole = {rule.code: rule for rule in real.rules(real.contracts[source])}
    rules = catalog.rules(catalog.contracts[source])
    assert rules
    assert [rule for rule in rules if rule != whole[rule.code]] == []


def test_elements_and_cities_are_the_real_ones(catalog: Catalog, real: Catalog) -> None:
    assert catalog.elements == real.elements
    assert catalog.cities.items() <= real.cities.items()
