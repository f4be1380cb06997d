"""The covering project covers: whatever kind of thing a declaration can be, one is in it, and deliveries reach it.

Whoever adds a kind of element, rule, resolution, route or format adds one to `tests/support/covering_project`, and with
it to what both engines are compared over.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

import pipelines.readers
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract, Deletes
from pipelines.declarations.element import Element, Grade
from pipelines.declarations.golden_record import Attribute
from pipelines.elements.document import DOCUMENTS
from pipelines.elements.license_identifier import PARTS
from pipelines.elements.registry import KINDS
from pipelines.modelling import ClaimsOf, CodesOf, Finding, FormsOf, Model, Returned, Route
from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from pipelines.readers.delivery import Delivery
from pipelines.rules.batch_rules import titles
from pipelines.rules.predicates import PREDICATES
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import BATCHES, CONFIRMATIONS, OVERRIDES, RULE_RESULTS, VERDICTS
from tests.support.covering_deliveries import first_deliveries, write
from tests.support.covering_project import covering_project
from tests.support.place import PROJECT, Place
from tests.support.two_engines import run_by_its_own_clock


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return covering_project(tmp_path_factory.mktemp("covering") / "project")


@pytest.fixture(scope="module")
def catalog(project: Path) -> Catalog:
    return read_catalog(project)


@pytest.fixture(scope="module")
def declared(catalog: Catalog) -> list[Model | Finding]:
    models = read_models(catalog)
    placed = [*models.tables.values(), *(model for found in models.findings.values() for model in found)]
    return [model.declared for model in placed]


def delivered_elements(catalog: Catalog) -> Iterator[Element]:
    for contract in catalog.contracts.values():
        for column in contract.columns:
            yield catalog.element_of(contract, column.name)


def rule_types(catalog: Catalog) -> set[str]:
    return {rule.type for contract in catalog.contracts.values() for rule in catalog.rules(contract)}


def test_every_kind_of_element_is_delivered(catalog: Catalog) -> None:
    elements = list(delivered_elements(catalog))
    assert {element.normalise for element in elements} == {*KINDS}
    assert {element.normalise for element in elements if element.alias} == {
        name for name, kind in KINDS.items() if kind.old_form
    }
    assert {element.grade for element in elements} == {*get_args(Grade)}
    everywhere = list(delivered_elements(read_catalog(PROJECT)))
    kinds = {element.type.partition("(")[0] for element in elements}
    assert kinds == {"string", "date", "timestamp", "int64", "decimal"}
    for asked in ("type", "compare", "holds", "identifier"):
        assert {getattr(element, asked) for element in everywhere} - {
            getattr(element, asked) for element in elements
        } == set()
    assert any(column.grade for contract in catalog.contracts.values() for column in contract.columns)


def test_every_kind_of_rule_is_declared(catalog: Catalog) -> None:
    assert {*PREDICATES} - rule_types(catalog) == set()
    assert rule_types(read_catalog(PROJECT)) - rule_types(catalog) == set()
    given = [rule.arguments for contract in catalog.contracts.values() for rule in catalog.rules(contract)]
    of_documents = [arguments for arguments in given if "kinds" in arguments]
    kinds = {kind for arguments in of_documents for kind in [*arguments["kinds"].values(), arguments.get("untyped")]}
    assert kinds - {None} == {*DOCUMENTS}
    assert any("patterns" in arguments and "untyped" in arguments for arguments in given)
    assert {arguments["part"] for arguments in given if "part" in arguments} == {*PARTS}


def test_every_resolution_of_a_golden_record_is_declared(catalog: Catalog) -> None:
    attributes = [attribute for record in catalog.records.values() for attribute in record.attributes.values()]
    assert {attribute.resolve for attribute in attributes} == {*get_args(Attribute.model_fields["resolve"].annotation)}
    for asked in ("until", "unless", "others", "compare"):
        assert any(getattr(attribute, asked) for attribute in attributes), asked
    assert any("." in source for attribute in attributes for source in attribute.sources)
    records = catalog.records.values()
    declared = {(a.otherwise, name) for record in records for name, a in record.attributes.items() if a.otherwise}
    known = {(key.name, name) for key in catalog.elements.values() for name in KINDS[key.normalise].derived}
    parts = {part for record in records for part in record.key}
    assert {(key, name) for key, name in known if key in parts} == declared
    assert {name for kind in KINDS.values() for name in kind.derived} == {name for _, name in declared}


def test_a_golden_record_is_fed_by_its_key_and_by_documents_that_may_be_one(catalog: Catalog) -> None:
    fed = {
        catalog.element_of(contract, column).name == part
        for record in catalog.records.values()
        for contract in catalog.feeders(record)
        for column, part in zip(catalog.feeding_key(contract, record), record.key, strict=True)
    }
    assert fed == {True, False}


def test_a_golden_record_has_a_composite_key_with_a_whole_number_in_it(catalog: Catalog) -> None:
    composite = [record for record in catalog.records.values() if len(record.key) > 1]
    assert 0 < len(composite) < len(catalog.records)
    assert any(catalog.elements[part].type == "int64" for record in composite for part in record.key)
    assert any(len(attribute.sources) > 1 for record in composite for attribute in record.attributes.values())
    assert all(record.returns for record in composite)


def test_every_route_to_affected_rows_is_declared(declared: list[Model | Finding]) -> None:
    routes = [route for model in declared for several in model.affected.values() for route in several]
    kinds: list[Any] = [kind for kind in get_args(Route) if isinstance(kind, type)]
    assert len(kinds) == len(get_args(Route)) - 1, "the last one is a function"
    assert [kind for kind in kinds if not any(isinstance(route, kind) for route in routes)] == []
    assert any(callable(route) for route in routes)
    assert any(len(several) > 1 for model in declared for several in model.affected.values())
    assert any({*model.inputs} - {*model.affected} for model in declared), "computed whole"
    inputs = [wanted for model in declared for wanted in model.inputs.values()]
    assert {type(wanted) for wanted in inputs} == {str, FormsOf, ClaimsOf, CodesOf}
    assert {bool(model.about) for model in declared if isinstance(model, Finding)} == {True, False}


def test_every_way_back_to_the_cities_is_declared(catalog: Catalog, declared: list[Model | Finding]) -> None:
    records = [record.returns for record in catalog.records.values() if record.returns]
    assert {len(record.scope) > 1 for record in records} == {True, False}
    assert {bool(record.withhold) for record in records} == {True, False}
    models = [model.returns for model in declared if isinstance(model, Model) and model.returns]
    assert {isinstance(returns.scope, tuple) for returns in models} == {True, False}
    assert any(returns.withhold for returns in models)
    assert {way for returns in models for way in ways_back(returns, catalog)} == {"own", "record", "attribute"}


def ways_back(returned: Returned, catalog: Catalog) -> Iterator[str]:
    for region in returned.regions:
        yield "record" if region in catalog.records else "attribute" if "." in region else "own"


def test_every_kind_of_contract_is_declared(catalog: Catalog) -> None:
    contracts = list(catalog.contracts.values())
    assert {type(contract.deletes) for contract in contracts} == {Deletes, str, type(None)}
    assert {contract.unversioned for contract in contracts} == {
        *get_args(Contract.model_fields["unversioned"].annotation)
    }
    assert {contract.version is None for contract in contracts} == {True, False}
    assert {len(contract.key) > 1 for contract in contracts} == {True, False}
    assert any(contract.delivered_by for contract in contracts)
    assert any(contract.aliases for contract in contracts)
    responsible = [contract.responsibility for contract in contracts if contract.responsibility]
    assert {responsibility.by_provider for responsibility in responsible if not responsibility.columns} == {True}
    assert any(responsibility.columns for responsibility in responsible)
    assert {bool(responsibility.instead) for responsibility in responsible} == {True, False}
    assert {responsibility.level for responsibility in responsible} == {"league", "banner"}
    renamed = [contract.feeds.key for contract in contracts if contract.feeds and contract.feeds.key]
    assert {len(key) > 1 for key in renamed} == {True, False}


@dataclass(frozen=True)
class Filled:
    """What stands in a lake after the first deliveries."""

    rows: dict[str, int]
    broken: set[tuple[str, str]]
    held_for: set[str]
    verdicts: set[str]
    formats: set[str]
    agencies: dict[str, str | None]


@pytest.fixture(scope="module")
def filled(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    place = Place(tmp_path_factory.mktemp("covered"), project=project)
    write(first_deliveries(), place.landing)
    run_by_its_own_clock(place)
    with place.opened() as at:
        lake, verdicts, batches = at.workspace.lake, at.rows(VERDICTS), at.rows(BATCHES)
        return Filled(
            {
                str(spec.id): lake.row_count(spec.id)
                for spec in all_tables(at.workspace)
                if spec not in (CONFIRMATIONS, OVERRIDES)
            },
            {(row["source"], row["rule"]) for row in at.rows(RULE_RESULTS) if row["broken"]},
            {rule for verdict in verdicts for rule in verdict["rules"]},
            {verdict["verdict"] for verdict in verdicts},
            {batch["format"] for batch in batches},
            {batch["file"]: batch["agency"] for batch in batches if batch["source"] == "employment"},
        )


def test_every_table_has_rows(filled: Filled) -> None:
    assert len(filled.rows) > 40
    assert {table for table, rows in filled.rows.items() if not rows} == set()


def test_every_kind_of_rule_is_broken(filled: Filled, catalog: Catalog) -> None:
    broken = {
        rule.type
        for contract in catalog.contracts.values()
        for rule in catalog.rules(contract)
        if (contract.name, rule.code) in filled.broken
    }
    assert rule_types(catalog) - broken == set()


def test_batches_pass_and_are_held_for_every_reason(filled: Filled, catalog: Catalog) -> None:
    assert filled.verdicts == {"passed", "held"}
    of_batches = {rule for contract in catalog.contracts.values() for rule in titles(contract)}
    on_tables = {rule.code for rule in catalog.rules(catalog.contracts["resident"]) if rule.on_table}
    assert filled.held_for == of_batches | on_tables


def test_every_file_format_is_delivered(filled: Filled) -> None:
    for module in pkgutil.walk_packages(pipelines.readers.__path__, f"{pipelines.readers.__name__}."):
        importlib.import_module(module.name)
    formats = {kind.format for kind in Delivery.__subclasses__() if hasattr(kind, "format")}
    assert {"csv", "xlsx"} < formats
    assert filled.formats == formats


def test_a_column_says_who_delivered(filled: Filled) -> None:
    assert {*filled.agencies.values()} == {"human_resources_150400"}
