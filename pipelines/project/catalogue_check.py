"""What the catalogue owes the regulations, of every source: C1 what an entry holds, C2 bases, C3 links, C5 one source.

A breach names file and line. All of them are found, those too for which a project is not even opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.reading import DeclarationError, Document
from pipelines.errors import with_todo
from pipelines.project.catalog import Lenient, read_all
from pipelines.project.catalogue_entry import CatalogueEntry, entry_of

NUMBER = "[一二三四五六七八九十百零]+"
# 第十三条（一）, 第十八、十九条, 第二十一条第二款; a plan without articles is cited by its items alone: （八）.
ARTICLE = re.compile(rf"第{NUMBER}(、{NUMBER})*条(第{NUMBER}[款项])*([（(]{NUMBER}[）)])*|([（(]{NUMBER}[）)])+")
JOINED = re.compile(r"[、，;；和]\s*(?=第|[（(])")
# Fields of a contract, what the regulation calls them, and what stands in their place to go on reading.
C1_FIELDS: Mapping[str, tuple[str, Any]] = {
    "title": ("名称", "未命名"),
    "providers": ("提供部门", None),
    "system": ("信息系统", "未命名"),
    "legal_basis": ("目录编制依据", None),
    "update": ("更新频率", "daily"),
    "sharing": ("共享类型", "unconditional"),
    "openness": ("开放属性", "none"),
    "columns": ("信息项", None),
}
NO_SYSTEM = ("无", "未知", "暂无")
C2_BASIS = "2024-19 第二十一条第二款"


@dataclass(frozen=True, order=True)
class Breach:
    """A rule of the catalogue that a declaration breaks, where, and what to do; `rule` is C1, C2, C3, C5 or a form."""

    path: Path
    line: int
    rule: str
    problem: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {with_todo(self.problem, self.todo)}"


@dataclass(frozen=True)
class Collecting:
    """A source that has an item, for which agency, and in which column."""

    source: str
    agency: str
    column: str


@dataclass(frozen=True)
class Duplicate:
    """The same item of the same keys, collected by several agencies, by the rank of their sources."""

    record: str
    item: str
    title: str
    collecting: tuple[Collecting, ...]


@dataclass(frozen=True)
class Checked:
    """What the check of a project's catalogue has found; duplicates are listed and break nothing."""

    entries: int
    breaches: tuple[Breach, ...]
    duplicates: tuple[Duplicate, ...]


def check_catalogue(root: Path) -> Checked:
    """Hold every source of the project under `root` against C1, C2, C3 and C5.

    Raises DeclarationError where what all sources build on (elements, agencies, regulations) cannot be read.
    """
    found: list[Breach] = []

    def amended(document: Document) -> dict[str, Any]:
        own = list(_missing(document))
        found.extend(own)
        return _filled(document.value, own)

    lenient = Lenient(amended)
    catalog, documents = read_all(root, lenient)
    declared = [document for (kind, _), document in documents.items() if kind == "table"]
    for contract in catalog.contracts.values():
        found.extend(_contents(entry_of(catalog, contract), documents["table", contract.name]))
    for record in catalog.records.values():
        found.extend(_authorities(catalog, record, documents["table", record.name]))
    for document in declared:
        found.extend((*_bases(catalog, document), *_links(document)))
    places = {(breach.path, breach.line) for breach in found}
    found.extend(
        Breach(error.path, error.line or 1, _rule_of(error), error.problem)
        for error in lenient.mistakes
        if (error.path, error.line or 1) not in places
    )
    entries = sum(_is_entry(document) for document in declared)
    return Checked(entries, tuple(sorted(set(found))), tuple(duplicates_of(catalog)))


def _is_entry(document: Document) -> bool:
    """Whether it declares a source, and not a golden record."""
    return document.path.parent.name == "sources"


def _rule_of(error: DeclarationError) -> str:
    """A source that leads to no golden record, or to no column of it, is data without a link; an agency is an item."""
    if error.problem.startswith(("no agency", "collected_by", "approved_by")):
        return "C1"
    return "C3" if error.problem.startswith("feeds") else "declaration"


def _missing(document: Document) -> Iterator[Breach]:
    """What an entry must say and does not, by the plain text of its declaration."""
    value = document.value
    for field, (title, _) in C1_FIELDS.items():
        if field not in value or value[field] in (None, "", [], {}):
            yield _breach(document, "C1", f"`{field}`（{title}）is missing", "add it", field)
        elif isinstance(value[field], str) and not value[field].strip():
            yield _breach(document, "C1", f"`{field}`（{title}）is empty", "fill it in", field)
    yield from _unfounded(document)


def _unfounded(document: Document) -> Iterator[Breach]:
    """What a sharing type that is not unconditional must be founded on (第二十一条第二款)."""
    value = document.value
    sharing = value.get("sharing")
    if sharing not in ("conditional", "none"):
        for field in ("condition", "reason", "sharing_basis"):
            if value.get(field):
                problem = f"`{field}` stands in an entry that is shared unconditionally"
                yield _breach(document, "C2", problem, "remove it, or write the sharing type that it founds", field)
        return
    if not _text(value, "reason"):
        yield _breach(document, "C2", f"sharing: {sharing} says no `reason` ({C2_BASIS})", "say why", "sharing")
    if not _text(value, "sharing_basis"):
        problem = f"sharing: {sharing} without a basis: without a basis the type is unconditional ({C2_BASIS})"
        todo = "name the law by `sharing_basis: REGULATION 第…条`, or write `sharing: unconditional`"
        yield _breach(document, "C2", problem, todo, "sharing")
    if sharing == "conditional" and not _text(value, "condition"):
        problem = f"sharing: conditional says no `condition` ({C2_BASIS})"
        yield _breach(document, "C2", problem, "say on what condition", "sharing")


def _text(value: Mapping[str, Any], field: str) -> str:
    return str(value.get(field) or "").strip()


def _filled(value: Mapping[str, Any], breaches: list[Breach]) -> dict[str, Any]:
    """The declaration with something in the place of what is missing, as far as a word can stand there."""
    filled = dict(value)
    for field, (_, word) in C1_FIELDS.items():
        if word is not None and not _text(value, field):
            filled[field] = word
    if any(breach.rule == "C2" for breach in breaches):
        for field in ("reason", "sharing_basis", "condition"):
            filled[field] = _text(value, field) or None
        if not all(filled[field] for field in ("reason", "sharing_basis", "condition")):
            filled["sharing"] = "unconditional"
    return filled


def _bases(catalog: Catalog, document: Document) -> Iterator[Breach]:
    """Whether a cited basis is one of a regulation that is declared and in force, with an article in form."""
    value = document.value
    cited: list[tuple[tuple[str, ...], Any]] = [
        ((field,), value.get(field)) for field in ("legal_basis", "sharing_basis")
    ]
    if isinstance(returns := value.get("returns"), dict):
        stated = returns.get("withhold")
        withheld = stated if isinstance(stated, dict) else {}
        cited += [(("returns", "legal_basis"), returns.get("legal_basis"))]
        cited += [(("returns", "withhold", name), basis) for name, basis in withheld.items()]
    for steps, basis in cited:
        text, field = str(basis or "").strip(), ".".join(steps)
        if not text:
            continue
        short, _, article = text.partition(" ")
        regulation = catalog.regulations.get(short)
        if regulation is None:
            known = ", ".join(catalog.regulations)
            problem = f"{field}: `{short}` is no regulation of catalog/regulations.yml"
            yield _breach(document, "C2", problem, f"begin with one of {known}, or declare it there", *steps)
        elif not regulation.in_force:
            problem = f"{field}: {regulation.title} is no longer in force"
            yield _breach(document, "C2", problem, "cite one that is", *steps)
        if not article.strip() or not all(ARTICLE.fullmatch(part.strip()) for part in JOINED.split(article.strip())):
            problem = f"{field}: `{article.strip()}` is no article"
            yield _breach(document, "C2", problem, f"write one such as `{short} 第十三条（一）`", *steps)


def _contents(entry: CatalogueEntry, document: Document) -> Iterator[Breach]:
    """Whether what follows from elsewhere is there too: agencies, and items that say what they are."""
    agencies = {"采集部门": ("collected_by", entry.collected_by), "核准部门": ("approved_by", entry.approved_by)}
    for title, (field, agency) in agencies.items():
        if agency is None:
            todo = f"name an agency by `entry: {{{field}: …}}`"
            yield _breach(document, "C1", f"the {title} of the entry is known by nothing", todo, "entry", field)
    if entry.contract.openness == "conditional" and not entry.contract.entry.open_condition:
        todo = "say it by `entry: {open_condition: …}`"
        yield _breach(document, "C1", "openness: conditional says no condition", todo, "openness")
    for place, item in enumerate(entry.items):
        if not item.title.strip():
            problem = f"the item {item.name} has no title"
            yield _breach(document, "C1", problem, "give it one", "columns", place)


def _links(document: Document) -> Iterator[Breach]:
    """Data and system: a source names the information system that its data are of. Its tables follow from itself."""
    if _text(document.value, "system") in NO_SYSTEM:
        yield _breach(document, "C3", "system: names no information system", "name that which holds the data", "system")


def _authorities(catalog: Catalog, record: GoldenRecord, document: Document) -> Iterator[Breach]:
    """For each attribute one authority comes first (一数一源): listed, or by a rank that no other feeder shares."""
    for name, attribute in record.attributes.items():
        if attribute.sources:
            continue
        ranked = [
            (contract.feeds.rank if contract.feeds else 0, contract.name) for contract in _having(catalog, record, name)
        ]
        first = [source for rank, source in ranked if rank == min(ranked)[0]]
        if len(first) > 1:
            problem = f"{name}: {', '.join(first)} are its authority alike, and one comes first by its name alone"
            todo = "list them in order by `from`, or give their `feeds` different ranks"
            yield _breach(document, "C5", problem, todo, "attributes", name)


def _having(catalog: Catalog, record: GoldenRecord, name: str) -> list[Contract]:
    return [
        contract
        for contract in catalog.feeders(record)
        if any(column.name == name and column.element in catalog.elements for column in contract.columns)
    ]


def duplicates_of(catalog: Catalog) -> Iterator[Duplicate]:
    """Items that feeders of one golden record collect for different agencies."""
    for declared in catalog.records.values():
        record = _of_known_sources(catalog, declared)
        for name, collecting in [*_of_attributes(catalog, record), *_beside_attributes(catalog, record)]:
            if len({collector.agency for collector in collecting}) > 1:
                yield Duplicate(record.name, name, _title(catalog, record, name, collecting[0]), tuple(collecting))


def _title(catalog: Catalog, record: GoldenRecord, name: str, first: Collecting) -> str:
    if name in record.attributes:
        return catalog.attribute_title(record, name)
    return catalog.contracts[first.source].column(first.column).title


def _of_known_sources(catalog: Catalog, record: GoldenRecord) -> GoldenRecord:
    """The record without the sources that could not be read, and the attributes that nobody else has."""
    attributes = {
        name: attribute.model_copy(
            update={"sources": tuple(at for at in attribute.sources if at.partition(".")[0] in catalog.contracts)}
        )
        for name, attribute in record.attributes.items()
    }
    known = record.model_copy(update={"attributes": attributes})
    heard = {name: attribute for name, attribute in attributes.items() if catalog.authorities(known, name)}
    return record.model_copy(update={"attributes": heard})


def _of_attributes(catalog: Catalog, record: GoldenRecord) -> Iterator[tuple[str, list[Collecting]]]:
    """Attributes with their authorities, whatever these call it; a stand-in is an attribute by its own name."""
    for name in record.attributes:
        element = catalog.attribute_element(record, name).name
        yield (
            name,
            [
                Collecting(contract.name, contract.responsible, column)
                for contract, column in catalog.authorities(record, name)
                if contract.column(column).element == element and (column == name or column not in record.attributes)
            ],
        )


def _beside_attributes(catalog: Catalog, record: GoldenRecord) -> Iterator[tuple[str, list[Collecting]]]:
    """Columns of one name and data element that are no attribute.

    An element that has other names too says what kind of value it is, not which: each certificate has its own day.
    """
    feeders = catalog.feeders(record)
    columns = [(contract, column) for contract in feeders for column in contract.columns]
    named: dict[str, set[str]] = {}
    for _, column in columns:
        named.setdefault(column.element, set()).add(column.name)
    items = dict.fromkeys(
        (column.name, column.element) for _, column in columns if column.name not in record.attributes
    )
    for name, element in items:
        if len(named[element]) == 1:
            yield (
                name,
                [
                    Collecting(contract.name, contract.responsible, name)
                    for contract, column in columns
                    if (column.name, column.element) == (name, element)
                    and name not in (*catalog.feeding_key(contract, record), *contract.key, contract.version)
                ],
            )


def _breach(document: Document, rule: str, problem: str, todo: str, *steps: str | int) -> Breach:
    return Breach(document.path, document.line(*steps) or 1, rule, problem, todo)
