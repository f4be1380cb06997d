"""Reading a project's declarations from its folders into a catalog."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from pipelines.declarations import regions
from pipelines.declarations.agency import Agency, AgencyKind, KindAt, RegionalAgency
from pipelines.declarations.catalog import Catalog, Code, Regulation
from pipelines.declarations.contract import Contract
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.reading import DeclarationError, Document, read_text
from pipelines.declarations.regions import City, Place
from pipelines.declarations.rule import Expectation
from pipelines.project.conclusions import Conclusions
from pipelines.project.references import (
    Documents,
    check_elements,
    check_entry,
    check_kind,
    check_references,
    check_table,
)
from pipelines.storage.kept import KeptTexts

OF_CODE = ("code", "title", "also")  # the columns that every code list has
UNFILLED = "请填写"  # what a draft says in the place of what only people know


def read_catalog(root: Path, kept: KeptTexts | None = None) -> Catalog:
    """Read and cross-check every declaration under `root`; raises DeclarationError at the first mistake.

    What was cross-checked by the same code, as `kept` says, is not checked again: to build the expression of each rule
    takes twenty times as long as to read the files.
    """
    if not (root / "catalog").is_dir():
        problem = (
            "is no project: it has no folder catalog; HUILIU_PROJECT should name the folder in which catalog and "
            "foundation_dbs are; where it is not set, a command takes the working folder, or what came with it"
        )
        raise DeclarationError(root, None, problem)
    documents: Documents = {}
    catalog = _read(root, documents)
    about_elements = Conclusions(kept, catalog.elements, catalog.codes, catalog.cities)
    about_elements.of("elements", TypeAdapter(None), lambda: check_elements(catalog, documents))
    conclusions = Conclusions(kept, catalog.premises)
    conclusions.of("references", TypeAdapter(None), lambda: check_references(catalog, documents))
    dated = {element.name for element in catalog.elements.values() if element.is_dated}
    for contract in catalog.contracts.values():
        check_entry(catalog, contract, documents["table", contract.name])  # no premise of what was concluded
        contract.know_dated(dated)
    return catalog


@dataclass(frozen=True)
class Lenient:
    """A reading that goes on after a mistake in a source or a golden record: the mistakes, and how to go on.

    `amended` gives a contract's declarations with a value in the place of each that is missing, and of which it is
    reported already that it is.
    """

    amended: Callable[[Document], dict[str, Any]]
    mistakes: list[DeclarationError] = dataclasses.field(default_factory=list)


def read_all(root: Path, lenient: Lenient) -> tuple[Catalog, Documents]:
    """Read what can be read of sources and golden records, and check each by itself; rules are left out.

    A wrong source is not in the catalog. Golden records are then not held against their sources: that one is missing
    there is no mistake of theirs. What all build on is read as ever: raises DeclarationError at its first mistake.
    """
    documents: Documents = {}
    catalog = _read(root, documents, lenient)
    sound = {
        name: declared
        for name, declared in catalog.contracts.items()
        if _is_sound(catalog, declared, documents, lenient)
    }
    catalog = dataclasses.replace(catalog, contracts=sound)
    if not lenient.mistakes:
        for record in catalog.records.values():
            _is_sound(catalog, record, documents, lenient)
    return catalog, documents


def _is_sound(catalog: Catalog, declared: Contract | GoldenRecord, documents: Documents, lenient: Lenient) -> bool:
    try:
        check_table(catalog, declared, documents["table", declared.name])
    except DeclarationError as error:
        lenient.mistakes.append(error)
        return False
    return True


def _read(root: Path, documents: Documents, lenient: Lenient | None = None) -> Catalog:
    cities = _named(_document(root / "catalog/cities.yml"), City, "code")
    agencies, kinds = _agencies(root / "catalog", cities)
    return Catalog(
        root=root,
        agencies=agencies,
        kinds=kinds,
        regulations=_named(_document(root / "catalog/regulations.yml"), Regulation, "name"),
        cities=cities,
        codes=dict(_code_lists(root / "catalog/codes")),
        elements=dict(_elements(root / "catalog/elements", documents)),
        contracts=dict(_foundation(root, "*/sources/*.yml", Contract, documents, _Providers(agencies, kinds), lenient)),
        records=dict(_foundation(root, "*/*.yml", GoldenRecord, documents, lenient=lenient)),
        expectations={} if lenient else dict(_expectations(root / "expectations", documents)),
    )


def _named(document: Document, model: type[BaseModel], field: str) -> dict[str, Any]:
    """A YAML mapping whose keys are the names of its entries."""
    return {str(name): _entry(document, model, field, name, declared) for name, declared in document.value.items()}


def _entry(document: Document, model: type[BaseModel], field: str, name: Any, declared: Any) -> Any:
    if not isinstance(declared, dict):
        raise document.error(f"`{name}` should be a mapping such as `{name}: {{title: …}}`", name)
    if field in declared:
        raise document.error(f"`{field}` is said by the entry's own name: remove it here", name, field)
    return document.read(model, {field: str(name), **declared}, name)


def _agencies(folder: Path, cities: dict[str, City]) -> tuple[dict[str, Agency], dict[str, AgencyKind]]:
    """Single agencies and those of kinds, by name; a project without kinds needs no file of them."""
    single = _document(folder / "agencies.yml")
    agencies = _named(single, Agency, "name")
    path = folder / "agency_kinds.yml"
    if not path.exists():
        return agencies, {}
    document, places = _document(path), regions.places(cities)
    kinds = _named(document, AgencyKind, "name")
    for kind in kinds.values():
        _check_exceptions(document, kind, places)
        for agency in kind.agencies(places):
            if agency.name in agencies:
                raise single.error(
                    f"{agency.name} is also what agency_kinds.yml makes of {kind.name} and {agency.region}: remove it "
                    "here; another title of it stands there, under `titled`",
                    agency.name,
                )
            agencies[agency.name] = agency
    return agencies, kinds


def _check_exceptions(document: Document, kind: AgencyKind, places: dict[str, Place]) -> None:
    absent: list[tuple[str, str | int, str]] = [("absent", place, code) for place, code in enumerate(kind.absent)]
    for field, step, code in [*(("titled", code, code) for code in kind.titled), *absent]:
        place = places.get(code)
        if place is None:
            raise document.error(
                f"{field}: there is no region {code}: write the code of a league or city of cities.yml, or of a "
                "banner, county or district of today",
                *(kind.name, field, step),
            )
        if place.level not in kind.levels:
            raise document.error(
                f"{field}: {kind.name} has no agency in {place.title} ({code}), which is no "
                f"{' or '.join(kind.levels)}: remove the exception, or add {place.level} to `levels`",
                *(kind.name, field, step),
            )


def _elements(folder: Path, documents: Documents) -> Iterator[tuple[str, Element]]:
    seen: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yml")):
        document = documents["element", path.stem] = _document(path)
        for name, element in _named(document, Element, "name").items():
            if name in seen:
                raise document.error(f"data element {name} is declared in {seen[name].name} too: keep one", name)
            seen[name] = path
            documents["element", name] = document
            yield name, element


def _document(path: Path) -> Document:
    if not path.exists():
        raise DeclarationError(path, None, "this file is missing: every project declares it")
    document = Document(path)
    if not isinstance(document.value, dict):
        raise DeclarationError(path, 1, "should be a YAML mapping (`name: value` lines)")
    return document


def _code_lists(folder: Path) -> Iterator[tuple[str, tuple[Code, ...]]]:
    yield "region", tuple(Code(code, code, ()) for code in regions.ever_valid())
    for path in sorted(folder.glob("*.csv")):
        lines = csv.DictReader(io.StringIO(read_text(path), newline=""))
        entries: dict[str, Code] = {}
        for row in lines:
            if not row.get("code") or not row.get("title"):
                raise DeclarationError(path, lines.line_num, "a code list's line needs `code` and `title`: add them")
            if row["code"] in entries:
                raise DeclarationError(path, lines.line_num, f"code {row['code']} stands twice: keep one line")
            also = [label for label in (row.get("also") or "").split(";") if label]
            facts = {name: cell for name, cell in row.items() if name not in OF_CODE and isinstance(cell, str) and cell}
            entries[row["code"]] = Code(row["code"], row["title"], (row["title"], *also), facts)
        yield path.stem, tuple(entries.values())


@dataclass(frozen=True)
class _Providers:
    """A contract's `providers` may name all agencies of a kind at a level; here are those that there are."""

    agencies: Mapping[str, Agency]
    kinds: Mapping[str, AgencyKind]

    def named(self, document: Document, value: Mapping[str, Any]) -> dict[str, Any]:
        """What a contract says (`value`), with every provider by its name."""
        declared = value.get("providers")
        if not isinstance(declared, list) or not declared:
            return dict(value)
        if isinstance(declared[0], dict):
            problem = "providers: the first is the source's own agency: name one, and then those of a kind"
            raise document.error(problem, "providers", 0)
        names: dict[Any, None] = {}
        for place, provider in enumerate(declared):
            names |= dict.fromkeys(
                self._of_kind(document, place, provider) if isinstance(provider, dict) else [provider]
            )
        return {**value, "providers": list(names)}

    def _of_kind(self, document: Document, place: int, declared: Any) -> list[str]:
        at = document.read(KindAt, declared, "providers", place)
        check_kind(self.kinds, at.kind, at.level, document, "providers", place)
        regional = (agency for agency in self.agencies.values() if isinstance(agency, RegionalAgency))
        return [agency.name for agency in regional if (agency.kind, agency.level) == (at.kind, at.level)]


def _foundation(
    root: Path,
    pattern: str,
    model: type[BaseModel],
    documents: Documents,
    providers: _Providers | None = None,
    lenient: Lenient | None = None,
) -> Iterator[tuple[str, Any]]:
    """Declarations named by their file, in the folder of their database."""
    for path in sorted((root / "foundation_dbs").glob(pattern)):
        try:
            document = _table_document(path, documents)
            amended = lenient.amended(document) if lenient and providers else document.value
            declared = providers.named(document, amended) if providers else amended
            database = path.relative_to(root / "foundation_dbs").parts[0]
            yield path.stem, document.read(model, {"name": path.stem, "database": database, **declared})
        except DeclarationError as error:
            if lenient is None:
                raise
            lenient.mistakes.append(error)


# What stands where a source would, in golden records.
RESERVED = {"override": "what reviewers settle"}


def _table_document(path: Path, documents: Documents) -> Document:
    document = _document(path)
    if (other := documents.get(("table", path.stem))) is not None:
        raise DeclarationError(path, 1, f"{other.path} has the same name: names are unique, rename one file")
    if path.stem in RESERVED:
        raise document.error(f"the name {path.stem} is that of {RESERVED[path.stem]}: rename the file")
    for name in ("name", "database"):
        if name in document.value:
            raise document.error(f"`{name}` is said by the file's own place: remove it here", name)
    _check_filled_in(document)
    documents["table", path.stem] = document
    return document


def _check_filled_in(document: Document, *steps: str | int) -> None:
    """Raise DeclarationError where a draft still says that a person must fill something in."""
    value = document.value
    for step in steps:
        value = value[step]
    if isinstance(value, str) and UNFILLED in value:
        asked = ".".join(str(step) for step in steps if isinstance(step, str))
        raise document.error(f"`{asked}` still says {UNFILLED}: fill it in, since nobody else knows what it is", *steps)
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        _check_filled_in(document, *steps, step)


def _expectations(folder: Path, documents: Documents) -> Iterator[tuple[str, tuple[Expectation, ...]]]:
    yield "every_source", ()
    for path in sorted(folder.rglob("*.yml")):
        document = Document(path)
        if not isinstance(document.value or [], list):
            raise DeclarationError(path, 1, "should be a YAML list of rules (`- rule: …` entries)")
        if (other := documents.get(("expectations", path.stem))) is not None:
            raise DeclarationError(path, 1, f"{other.path} has rules for the same source: put them into one file")
        documents["expectations", path.stem] = document
        yield (
            path.stem,
            tuple(document.read(Expectation, declared, place) for place, declared in enumerate(document.value or [])),
        )
