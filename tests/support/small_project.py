"""A project cut out of the real one, small enough that a run over a few rows takes seconds, and deliveries for it."""

from __future__ import annotations

import ast
import inspect
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.declarations.catalog import Catalog
from pipelines.modelling import ClaimsOf
from pipelines.project.catalog import read_catalog
from pipelines.project.models import Models, Placed, read_models
from tests.support.deliveries import death, household, marriage, permit

ROOT = Path(__file__).resolve().parents[2]
PERSONS = ("household_registration", "marriage_registration", "death_registration", "residence_permit")
CITIES = ("150100", "150400")


def small_project(
    folder: Path, sources: Collection[str] = PERSONS, cities: Collection[str] = CITIES, every_column: bool = False
) -> Path:
    """Write the real declarations, cut down to `sources`, `cities` and what can be computed from them, into `folder`.

    Golden records lose the other sources; models and findings that need one of those are left out, as are those that
    need what was left out. Contracts lose optional columns that nothing names and no row of ours has, unless
    `every_column`, and the catalog the data elements of none: each costs time in every run. Raises ValueError where a
    source or city is not declared.
    """
    catalog = read_catalog(ROOT)
    if unknown := {*sources} - {*catalog.contracts} | {*cities} - {*catalog.cities}:
        raise ValueError(f"not declared: {', '.join(sorted(unknown))}")
    shutil.copytree(ROOT / "catalog", folder / "catalog")
    _cut(folder / "catalog/cities.yml", cities)
    for name in sources:
        _copied(_declared_in(catalog.contracts[name].database, f"sources/{name}"), folder)
    records = sorted({feeds.record for feeds in (catalog.contracts[name].feeds for name in sources) if feeds})
    lost = {
        name: _keep_sources(_copied(_declared_in(catalog.records[name].database, name), folder), sources)
        for name in records
    }
    made_later = {f"{catalog.records[name].database}_{kind}" for name in records for kind in ("conflict", "finding")}
    _copy_models(read_models(catalog), {*sources, *records, *made_later}, lost, folder)
    for path in (ROOT / "expectations").rglob("*.yml"):
        if path.stem in {"every_source", *sources}:
            _copied(path, folder)
    if not every_column:
        _cut_columns(catalog, sources, folder)
    used = {column.element for contract in read_catalog(folder).contracts.values() for column in contract.columns}
    used |= {name for rule in _read_yaml(folder / "expectations/every_source.yml") for name in rule.get("elements", ())}
    for path in (folder / "catalog/elements").glob("*.yml"):
        _cut(path, {*used, *(part for record in catalog.records.values() for part in record.key)})
    return folder


def _declared_in(database: str, name: str) -> Path:
    return ROOT / "foundation_dbs" / database / f"{name}.yml"


def _copied(path: Path, folder: Path) -> Path:
    place = folder / path.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)
    return place


def _read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _write_yaml(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _cut(path: Path, kept: Collection[str]) -> None:
    _write_yaml(path, {name: value for name, value in _read_yaml(path).items() if name in kept})


def _keep_sources(record: Path, sources: Collection[str]) -> set[str]:
    """Leave only kept sources in `from`; the attributes that none of them gives, which are left out."""
    declared, lost = _read_yaml(record), set()
    for name, attribute in list(declared["attributes"].items()):
        if not (attribute and "from" in attribute):
            continue
        attribute["from"] = [place for place in attribute["from"] if place.partition(".")[0] in sources]
        attribute["until"] = {name: column for name, column in attribute.get("until", {}).items() if name in sources}
        if not attribute["from"]:
            del declared["attributes"][name]
            lost.add(name)
    scope = declared["returns"]["scope"]
    declared["returns"]["scope"] = [name for name in ([scope] if isinstance(scope, str) else scope) if name not in lost]
    _write_yaml(record, declared)
    return lost


def _copy_models(models: Models, known: set[str], lost: Mapping[str, set[str]], folder: Path) -> None:
    """Copy the modules of models and findings whose inputs are there; the others' functions are taken out of them."""
    placed = [*models.tables.values(), *(model for found in models.findings.values() for model in found)]
    kept: list[Placed] = []
    for model in placed:  # in an order in which every input comes before its use
        gone = {name for record in _needs(model) & {*lost} for name in lost[record]}
        if _needs(model) <= known and not gone & _named_in(inspect.getsource(model.declared.function)):
            kept.append(model)
            known = known | {model.declared.name}
    for path in {model.path for model in kept}:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for model in placed:
            if model.path == path and model not in kept:
                body, first = inspect.getsourcelines(model.declared.function)
                lines[first - 1 : first - 1 + len(body)] = [""] * len(body)
        _copied(path, folder).write_text("".join(lines), encoding="utf-8")


def _needs(placed: Placed) -> set[str]:
    """The tables that a model reads; appearances are gathered from whatever sources there are."""
    inputs = placed.declared.inputs.values()
    return {
        wanted.record if isinstance(wanted, ClaimsOf) else wanted
        for wanted in inputs
        if isinstance(wanted, str | ClaimsOf)
    }


def _cut_columns(catalog: Catalog, sources: Collection[str], folder: Path) -> None:
    names, endings = _words(folder)
    said_in_rows = {header for row in (household, marriage, permit, death) for header in row(0)}
    for source in sources:
        contract = catalog.contracts[source]
        shared = contract.responsibility
        wanted = {*contract.key, contract.version, *names, *(shared.columns if shared else ())}
        dropped = {
            column.header
            for column in contract.columns
            if not (column.required or column.header in said_in_rows)
            and not (column.name in wanted or column.name.endswith(endings))
        }
        path = folder / _declared_in(contract.database, f"sources/{source}").relative_to(ROOT)
        declared = _read_yaml(path)
        declared["columns"] = {
            header: column for header, column in declared["columns"].items() if header not in dropped
        }
        declared["aliases"] = {a: header for a, header in declared.get("aliases", {}).items() if header not in dropped}
        _write_yaml(path, declared)


def _words(folder: Path) -> tuple[set[str], tuple[str, ...]]:
    """What the kept records, rules and models name, and the ends of names that models put together."""
    names: set[str] = set()
    endings: set[str] = set()
    for path in [*folder.glob("foundation_dbs/*/*.yml"), *folder.glob("expectations/*/*.yml")]:
        names |= {*path.read_text(encoding="utf-8").translate(str.maketrans(",.:[]{}", " " * 7)).split()}
    for path in folder.glob("*_dbs/*/*.py"):
        text = path.read_text(encoding="utf-8")
        names |= _named_in(text)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.JoinedStr):
                endings |= {str(value.value) for value in node.values if isinstance(value, ast.Constant)}
    return names, tuple(endings)


def _named_in(code: str) -> set[str]:
    """The texts, attributes and keywords in Python code: whatever can name a column."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Constant():
                found.add(str(node.value))
            case ast.Attribute():
                found.add(node.attr)
            case ast.keyword():
                found.add(str(node.arg))
    return found
