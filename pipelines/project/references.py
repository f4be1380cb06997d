"""The mistakes that only show between two declarations: every name that one mentions is declared by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis

from pipelines.declarations.agency import AgencyKind
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import CREDIT_CODE, DELETE_FLAG, Column, Contract, KindBy, Responsibility
from pipelines.declarations.fingerprint import fingerprint
from pipelines.declarations.golden_record import Attribute, GoldenRecord
from pipelines.declarations.reading import DeclarationError, Document
from pipelines.declarations.rule import (
    BATCH,
    RECEIVED_ON,
    ROW_HASH,
    ROW_NUMBER,
    SENT,
    SOUND,
    UPSERT,
    Rule,
    business_rule,
    column_rules,
)
from pipelines.elements import alias, derived, has_form, normalise
from pipelines.rules.predicates import predicate
from pipelines.tables.specs import OF_CONFLICT

REGION = "region"  # the normaliser of region codes
# What stands beside the parts of a golden record's key: of its conflicts, of models' claims, of what flows back.
BESIDE_KEY = {*(column.name for column in OF_CONFLICT), "key", "match_key", "city"}
Documents = dict[tuple[str, str], Document]  # (table | element | expectations, name) → where it is declared


def check_elements(catalog: Catalog, documents: Documents) -> None:
    """Raise DeclarationError at the first data element that no expression can be built of.

    Most of what there is to check, and the same for every project over the same catalogue: done once in a process.
    """
    declared = fingerprint(catalog.elements, catalog.codes, catalog.cities)
    if declared not in _SOUND:
        for name in catalog.elements:
            _check_element(catalog, name, documents["element", name])
        _SOUND.add(declared)


_SOUND: set[str] = set()  # of the elements in which no mistake was found


def check_references(catalog: Catalog, documents: Documents) -> None:
    """Raise DeclarationError at the first name that is declared nowhere, or declaration that could never be run."""
    for record in catalog.records.values():
        _check_key(catalog, record, documents["table", record.name])
    for contract in catalog.contracts.values():
        _check_contract(catalog, contract, documents["table", contract.name])
    for record in catalog.records.values():
        _check_record(catalog, record, documents["table", record.name])
    for place, expectation in enumerate(catalog.expectations["every_source"]):
        for element in expectation.elements:
            if element not in catalog.elements:
                document = documents["expectations", "every_source"]
                raise document.error(_no_element(expectation.rule, element), place, "elements")
    for source, expectations in catalog.expectations.items():
        if expectations and source != "every_source":
            _check_expectations(catalog, source, documents["expectations", source])


def check_table(catalog: Catalog, declared: Contract | GoldenRecord, document: Document) -> None:
    """The same for one source or golden record."""
    if isinstance(declared, Contract):
        _check_contract(catalog, declared, document)
        check_entry(catalog, declared, document)
    else:
        _check_key(catalog, declared, document)
        _check_record(catalog, declared, document)


def check_entry(catalog: Catalog, contract: Contract, document: Document) -> None:
    """Raise DeclarationError where a catalogue entry names an agency that there is not."""
    entry = contract.entry
    for field, agency in (("collected_by", entry.collected_by), ("approved_by", entry.approved_by)):
        if agency and agency not in catalog.agencies:
            raise document.error(f"{field}: {_no_agency(catalog, agency)}", "entry", field)


def _no_agency(catalog: Catalog, name: str) -> str:
    return f"no agency `{name}`; declare it in catalog/agencies.yml or name one that there is: {catalog.known_agencies}"


def _check_element(catalog: Catalog, name: str, document: Document) -> None:
    element = catalog.elements[name]
    if element.codes and element.codes not in catalog.codes:
        raise document.error(_no_codes(name, element.codes), name, "codes")
    if element.holds and element.holds not in catalog.elements:
        raise document.error(_no_element(name, element.holds), name, "holds")
    for check, arguments in element.checks.items():
        if arguments.codes and arguments.codes not in catalog.codes:
            raise document.error(_no_codes(name, arguments.codes), name, "checks", check, "codes")
    cell = ibis.null("string")
    try:
        normalise(cell, element, catalog.codes, catalog.cities)
        alias(cell, element)
    except ValueError as error:
        raise document.error(str(error), name, "normalise") from error
    column = Column(header=name, name="value", element=name, title=name)
    rows = ibis.table({"value": element.ibis_type, "value" + SENT: "string", RECEIVED_ON: "date"}, name="rows")
    for rule in column_rules(column, element, lambda _: ["0"]):
        _check_rule(rule, rows, document, name, "checks", rule.code.partition(".")[2])


def _no_element(name: str, element: str) -> str:
    return f"{name}: there is no data element `{element}` in catalog/elements/; correct the name"


def _no_codes(name: str, codes: str) -> str:
    return f"{name}: there is no code list catalog/codes/{codes}.csv; add it or correct the name"


def _check_rule(rule: Rule, rows: ibis.Table, document: Document, *steps: str | int) -> None:
    if rule.on_table:
        if rule.only:
            raise document.error(f"rule {rule.code}: only: a rule on the whole table asks no rows for codes", *steps)
        return
    try:
        predicate(rule, rows)
    except ValueError as error:
        raise document.error(str(error), *steps) from error


def _check_contract(catalog: Catalog, contract: Contract, document: Document) -> None:
    for place, column in enumerate(contract.columns):
        if column.element not in catalog.elements:
            known = ", ".join(sorted(catalog.elements))
            raise document.error(
                f"{column.header}: no data element `{column.element}`; there are {known}", "columns", place
            )
    for provider in contract.providers:
        if provider not in catalog.agencies:
            place = document.value["providers"].index(provider)
            raise document.error(_no_agency(catalog, provider), "providers", place)
    if contract.responsibility:
        _check_responsibility(catalog, contract, contract.responsibility, document)
    _check_basis(catalog, contract.legal_basis, document, "legal_basis")
    if contract.sharing_basis:
        _check_basis(catalog, contract.sharing_basis, document, "sharing_basis")
    if contract.feeds:
        _check_feeds(catalog, contract, document)


def check_kind(
    kinds: Mapping[str, AgencyKind], name: str, level: str, document: Document, field: str, *steps: int
) -> None:
    """Raise DeclarationError where a contract names a kind of agency that there is not, or not at that level."""
    kind = kinds.get(name)
    if kind is None:
        known = ", ".join(kinds) or "none"
        problem = f"{field}: no kind of agency `{name}` in catalog/agency_kinds.yml; there are {known}"
        raise document.error(problem, field, *steps, "kind")
    if level not in kind.levels:
        problem = f"{field}: {name} has no agencies at the level {level}; it has some at {', '.join(kind.levels)}"
        raise document.error(problem, field, *steps, "level")


def _check_responsibility(
    catalog: Catalog, contract: Contract, responsibility: Responsibility, document: Document
) -> None:
    if responsibility.kind:
        check_kind(catalog.kinds, responsibility.kind, responsibility.level, document, "responsibility")
    for city, kind in responsibility.instead.items():
        if city not in catalog.cities:
            raise document.error(
                f"responsibility: instead: {city} is no league or city of catalog/cities.yml; name one by its code",
                *("responsibility", "instead", city),
            )
        check_kind(catalog.kinds, kind, responsibility.level, document, "responsibility")
    for name in responsibility.columns:
        element = catalog.elements[contract.column(name).element]
        if element.normalise not in (REGION, CREDIT_CODE):
            raise document.error(
                f"responsibility: {name} is a {element.name}; name columns of region codes, or of credit codes, which "
                "hold that of whoever gave them",
                *("responsibility", "by"),
            )
    if responsibility.kind_by:
        _check_kinds(catalog, responsibility, responsibility.kind_by, document)


def _check_kinds(catalog: Catalog, responsibility: Responsibility, by: KindBy, document: Document) -> None:
    try:
        kinds = catalog.facts(by.list)
    except ValueError as error:
        raise document.error(f"responsibility: kind_by: {error}", *("responsibility", "kind_by", "list")) from error
    for kind in sorted({*kinds.values()}):
        check_kind(catalog.kinds, kind, responsibility.level, document, "responsibility")


def _check_basis(catalog: Catalog, basis: str, document: Document, *steps: str) -> None:
    short, _, article = basis.partition(" ")
    regulation = catalog.regulations.get(short)
    if regulation is None:
        raise document.error(
            f"{steps[-1]} begins with a short name of catalog/regulations.yml, not `{basis}`; there are "
            f"{', '.join(catalog.regulations)}",
            *steps,
        )
    if not regulation.in_force:
        raise document.error(f"{steps[-1]}: {regulation.title} is no longer in force; cite one that is", *steps)
    if not article.strip():
        raise document.error(f"{steps[-1]} cites an article too, such as `{short} 第十三条（一）`", *steps)


def _check_feeds(catalog: Catalog, contract: Contract, document: Document) -> None:
    assert contract.feeds
    record = catalog.records.get(contract.feeds.record)
    if record is None:
        known = ", ".join(catalog.records)
        raise document.error(
            f"feeds: no golden record `{contract.feeds.record}` in foundation_dbs/; there are {known}",
            "feeds",
            "record",
        )
    key = catalog.feeding_key(contract, record)
    if len(key) != len(record.key):
        raise document.error(
            f"feeds: the key of {record.name} has {len(record.key)} parts ({', '.join(record.key)}), and `key` names "
            f"{len(key)} ({', '.join(key)}): name a column for each part, in that order",
            *("feeds", "key"),
        )
    for place in range(len(key)):
        _check_feeding_part(catalog, contract, record, place, document)


def _check_feeding_part(
    catalog: Catalog, contract: Contract, record: GoldenRecord, place: int, document: Document
) -> None:
    column, part, steps = catalog.feeding_key(contract, record)[place], record.key[place], ("feeds", "key", place)
    if column not in {known.name for known in contract.columns}:
        raise document.error(
            f"feeds: needs a column `{column}` to find the {record.name}; name another one with `key:`", *steps
        )
    element = catalog.element_of(contract, column)
    if part not in (element.name, element.holds):
        raise document.error(
            f"feeds: column {column} is a {element.name}, where the key of {record.name} has {part}: name a column of "
            "that data element, or of one that holds it, with `key:`",
            *steps,
        )
    if element.name != part:
        try:
            has_form(ibis.null("string"), catalog.elements[part])
        except ValueError as error:
            raise document.error(f"feeds: {error}", *steps) from error


def _check_key(catalog: Catalog, record: GoldenRecord, document: Document) -> None:
    for place, part in enumerate(record.key):
        if part not in catalog.elements:
            raise document.error(_no_element("key", part), "key", place)
        if part in record.attributes:
            raise document.error(f"{part} is part of the key: take it out of the attributes", "attributes", part)
        if part in BESIDE_KEY:
            raise document.error(
                f"key: tables beside the record have a column `{part}` of their own: name the data element otherwise",
                *("key", place),
            )


def _check_record(catalog: Catalog, record: GoldenRecord, document: Document) -> None:
    for name, attribute in record.attributes.items():
        _check_attribute(catalog, record, name, attribute, document)
    if record.returns:
        for name in record.returns.scope:
            if name not in record.attributes:
                raise document.error(f"returns: scope {name} is no attribute", "returns", "scope")
        _check_basis(catalog, record.returns.legal_basis, document, "returns", "legal_basis")
        for name in record.returns.withhold:
            if name not in record.attributes:
                raise document.error(f"returns: withhold {name} is no attribute", "returns", "withhold", name)


def _check_attribute(
    catalog: Catalog, record: GoldenRecord, name: str, attribute: Attribute, document: Document
) -> None:
    place = ("attributes", name)
    listed = [place.partition(".")[0] for place in attribute.sources]
    if twice := sorted({source for source in listed if listed.count(source) > 1}):
        raise document.error(f"{name}: {', '.join(twice)} is listed twice in `from`; keep one of its columns", *place)
    for reference in attribute.sources:
        source, _, column = reference.partition(".")
        contract = catalog.contracts.get(source)
        if contract is None or (column or name) not in {c.name for c in contract.columns}:
            wanted = reference if column else f"{reference}.{name}"
            raise document.error(f"{name}: there is no column {wanted} among the sources; correct `from`", *place)
        if not contract.feeds or contract.feeds.record != record.name:
            raise document.error(
                f"{name}: {source} does not declare `feeds: {{record: {record.name}}}`; add it or take it out", *place
            )
    if not catalog.authorities(record, name):
        raise document.error(f"{name}: no source has such a column; name one with `from`, or remove it", *place)
    for source, column in attribute.until.items():
        _check_until(catalog, record, name, source, column, document)
    for source, codes in attribute.unless.items():
        _check_unless(catalog, record, name, source, codes, document)
    if attribute.otherwise:
        try:
            if attribute.otherwise not in record.key:
                raise ValueError(f"`else: {attribute.otherwise}` is not the key {', '.join(record.key)}")
            derived(ibis.null("string"), catalog.elements[attribute.otherwise], name)
        except ValueError as error:
            raise document.error(f"{name}: {error}", *place, "else") from error


def _check_until(
    catalog: Catalog, record: GoldenRecord, name: str, source: str, column: str, document: Document
) -> None:
    place = ("attributes", name, "until", source)
    contract = _source_of(catalog, record, name, source, document, place)
    if column not in {column.name for column in contract.columns}:
        raise document.error(f"{name}: until: {source} has no column {column}", *place)
    if (kind := catalog.element_of(contract, column).type) != "date":
        raise document.error(f"{name}: until: {source}.{column} is a {kind}; name the column of a last day", *place)


def _check_unless(
    catalog: Catalog,
    record: GoldenRecord,
    name: str,
    source: str,
    codes: Mapping[str, Sequence[str]],
    document: Document,
) -> None:
    contract = _source_of(catalog, record, name, source, document, ("attributes", name, "unless", source))
    for column, listed in codes.items():
        place = ("attributes", name, "unless", source, column)
        if column not in {column.name for column in contract.columns}:
            raise document.error(f"{name}: unless: {source} has no column {column}", *place)
        code_list = catalog.element_of(contract, column).code_list
        known = [code.code for code in catalog.codes[code_list]] if code_list else []
        if unknown := [code for code in listed if code not in known]:
            instead = f"catalog/codes/{code_list}.csv has {', '.join(known)}" if code_list else "it has no code list"
            raise document.error(f"{name}: unless: {column} has no code {', '.join(unknown)}: {instead}", *place)


def _source_of(
    catalog: Catalog, record: GoldenRecord, name: str, source: str, document: Document, place: tuple[str, ...]
) -> Contract:
    """The source that `until` or `unless` names at `place` of an attribute."""
    contract = next((contract for contract, _ in catalog.authorities(record, name) if contract.name == source), None)
    if contract is None:
        raise document.error(f"{name}: {place[2]}: {source} is no source of this attribute", *place)
    return contract


def _check_expectations(catalog: Catalog, source: str, document: Document) -> None:
    contract = catalog.contracts.get(source)
    if contract is None:
        raise DeclarationError(
            document.path, 1, f"there is no source {source}: a file of expectations is named like the source it judges"
        )
    for place, expectation in enumerate(catalog.expectations[source]):
        if expectation.patterns_of:
            try:
                catalog.facts(expectation.patterns_of)
            except ValueError as error:
                raise document.error(f"rule {expectation.rule}: patterns_of: {error}", place, "patterns_of") from error
    columns = {column.name: catalog.elements[column.element].ibis_type for column in contract.columns}
    sent = {name + SENT: "string" for name in columns}
    fixed = {RECEIVED_ON: "date", BATCH: "string", ROW_NUMBER: "int64", ROW_HASH: "string"}
    fixed |= {UPSERT: "boolean", SOUND: "boolean", **({DELETE_FLAG: "string"} if contract.delete_flag else {})}
    rows = ibis.table({**columns, **sent, **fixed}, name="rows")
    seen = {rule.code for rule in catalog.rules(contract)[: -len(catalog.expectations[source])]}
    for place, expectation in enumerate(catalog.expectations[source]):
        if expectation.rule in seen:
            raise document.error(f"rule {expectation.rule} is declared twice: rename one", place, "rule")
        seen.add(expectation.rule)
        _check_rule(business_rule(expectation, contract, catalog.facts), rows, document, place)
