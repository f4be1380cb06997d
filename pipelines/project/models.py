"""The Python models and findings of `foundation_dbs/` and `theme_dbs/`, found and put in their order."""

from __future__ import annotations

import graphlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.reading import DeclarationError
from pipelines.modelling import ClaimsOf, CodesOf, Finding, FormsOf, Model
from pipelines.project.digest import logic_of
from pipelines.project.imports import modules_of

FOLDERS: Mapping[str, Literal["foundation", "theme"]] = {"foundation_dbs": "foundation", "theme_dbs": "theme"}


@dataclass(frozen=True)
class Placed:
    """A model or finding with the layer and database of the folder it stands in.

    `logic` is a hash of what its module does, and all that this imports from the project.
    """

    declared: Model | Finding
    layer: Literal["foundation", "theme"]
    database: str
    path: Path
    logic: str

    def error(self, problem: str) -> DeclarationError:
        """A mistake in this model, at the line where its function begins."""
        return DeclarationError(self.path, self.declared.function.__code__.co_firstlineno, problem)


@dataclass(frozen=True)
class Models:
    """All models by name, in an order in which every input comes before its use, and findings by golden record."""

    tables: Mapping[str, Placed]
    findings: Mapping[str, tuple[Placed, ...]]


def read_models(catalog: Catalog) -> Models:
    """Import every module of the model folders; raises DeclarationError for what cannot be imported or ordered."""
    with _imports_from(catalog.root):
        placed = [model for folder, layer in FOLDERS.items() for model in _found(catalog.root, folder, layer)]
    tables: dict[str, Placed] = {}
    records = catalog.records.values()
    made_later = {catalog.name_beside(record, kind) for record in records for kind in ("conflict", "finding")}
    taken = {*catalog.contracts, *catalog.records, *made_later}
    for model in placed:
        if isinstance(model.declared, Model):
            if model.declared.name in taken:
                raise model.error(f"the name {model.declared.name} is taken: names are unique, rename the function")
            taken.add(model.declared.name)
            tables[model.declared.name] = model
    for model in placed:
        _check_inputs(model, taken, catalog)
        _check_layers(model, tables, made_later)
    findings: dict[str, list[Placed]] = {}
    for model in placed:
        if isinstance(model.declared, Finding):
            findings.setdefault(_about(model, model.declared, catalog), []).append(model)
    return Models(_ordered(tables), {record: tuple(found) for record, found in findings.items()})


def _about(placed: Placed, finding: Finding, catalog: Catalog) -> str:
    """The golden record whose entity is a finding's subject."""
    record = catalog.records.get(finding.about) if finding.about else catalog.main_record(placed.database)
    if record is None:
        known = ", ".join(sorted(catalog.records)) or "none yet"
        what = (
            f"no golden record `{finding.about}`"
            if finding.about
            else f"{placed.database} has no golden record, or several"
        )
        raise placed.error(
            f"{finding.name}: {what}, and a finding is kept beside the record that it is about: "
            f"say `about=` with one of these: {known}"
        )
    return record.name


def _found(root: Path, folder: str, layer: Literal["foundation", "theme"]) -> Iterator[Placed]:
    for path in sorted((root / folder).glob("*/*.py")):
        if path.name == "__init__.py":
            continue
        module = _imported(root, path)
        logic = logic_of(modules_of(root, path))
        for declared in vars(module).values():
            if isinstance(declared, Model | Finding):
                yield Placed(declared, layer, path.parent.name, path, logic)


def _imported(root: Path, path: Path) -> ModuleType:
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        raise DeclarationError(path, line, f"{type(error).__name__}: {error}") from error
    return module


@contextmanager
def _imports_from(root: Path) -> Iterator[None]:
    """What models import beside them comes from their own project, and as it is now: it goes into the digest."""
    for name in [module for module in [*sys.modules] if module.partition(".")[0] in FOLDERS]:
        del sys.modules[name]
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(root))


def _check_inputs(placed: Placed, known: set[str], catalog: Catalog) -> None:
    name = placed.declared.name
    for parameter, wanted in placed.declared.inputs.items():
        if isinstance(wanted, FormsOf) and wanted.element not in catalog.elements:
            raise placed.error(f"{name}: no data element {wanted.element}; correct FormsOf")
        if isinstance(wanted, ClaimsOf) and wanted.attribute not in getattr(
            catalog.records.get(wanted.record), "attributes", {}
        ):
            raise placed.error(f"{name}: no attribute {wanted.record}.{wanted.attribute}; correct ClaimsOf")
        if isinstance(wanted, CodesOf):
            listed = catalog.codes.get(wanted.list, ())
            unknown = [fact for fact in wanted.facts if all(fact not in code.facts for code in listed)]
            if not listed or unknown:
                raise placed.error(
                    f"{name}: catalog/codes/{wanted.list}.csv has no {', '.join(unknown) or 'entries'}; correct CodesOf"
                )
        if isinstance(wanted, str) and wanted not in known:
            raise placed.error(f"{name}: parameter {parameter} names no table; there are {', '.join(sorted(known))}")


def _check_layers(placed: Placed, tables: Mapping[str, Placed], made_later: set[str]) -> None:
    """Foundation comes before findings and themes: a model that reads them there would read the last run's rows."""
    for wanted in placed.declared.inputs.values():
        is_theme = isinstance(wanted, str) and wanted in tables and tables[wanted].layer == "theme"
        is_finding = isinstance(wanted, str) and wanted in made_later and wanted.endswith("_finding")
        if placed.layer == "foundation" and (is_theme or is_finding):
            raise placed.error(f"{placed.declared.name}: {wanted} is made after it; move the model to theme_dbs/")


def _ordered(tables: dict[str, Placed]) -> dict[str, Placed]:
    graph = {name: {i for i in table.declared.inputs.values() if i in tables} for name, table in tables.items()}
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        circle = " → ".join(error.args[1])
        raise tables[error.args[1][0]].error(f"models need each other: {circle}; take one input away") from error
    return {name: tables[name] for name in order}
