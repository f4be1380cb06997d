"""The catalog: everything declared under a project's root, read, checked against each other, and looked up by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pipelines.declarations.agency import Agency, AgencyKind, RegionalAgency
from pipelines.declarations.contract import Column, Contract
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import Attribute, GoldenRecord
from pipelines.declarations.reading import Declared
from pipelines.declarations.regions import City
from pipelines.declarations.rule import Expectation, Rule, business_rule, column_rules, delivery_rules, where_content

# The code list of what a row does: to be inserted, to replace another, or to delete one.
OPERATION = "operation"


class Regulation(Declared):
    """A text that a `legal_basis` may cite by its short name."""

    name: str
    title: str
    number: str | None = None
    in_force: bool


@dataclass(frozen=True)
class Code:
    """One entry of a code list; `labels` are the ways in which files write it.

    `facts` are what further columns of the list's file say of it, by their headers; an empty cell says nothing.
    """

    code: str
    title: str
    labels: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Catalog:
    """All declarations of one project. Build it with `read_catalog`."""

    root: Path
    agencies: Mapping[str, Agency]
    kinds: Mapping[str, AgencyKind]
    regulations: Mapping[str, Regulation]
    cities: Mapping[str, City]
    codes: Mapping[str, tuple[Code, ...]]
    elements: Mapping[str, Element]
    contracts: Mapping[str, Contract]
    records: Mapping[str, GoldenRecord]
    expectations: Mapping[str, tuple[Expectation, ...]]

    @property
    def premises(self) -> dict[str, Any]:
        """All that is declared, wherever it stands."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name != "root"}

    def element_of(self, contract: Contract, column: str) -> Element:
        """The data element of a column; one with a grade of its own is masked wholly, and joined by nobody."""
        declared = contract.column(column)
        element = self.elements[declared.element]
        if declared.grade is None:
            return element
        grade = element.grade if element.grade == "sensitive_personal" else declared.grade
        return element.model_copy(update={"grade": grade, "mask": None})

    def rules(self, contract: Contract) -> tuple[Rule, ...]:
        """Every rule of a source: required columns, element checks, those of every source, its own business rules."""
        rules: list[Rule] = []
        for column in contract.columns:
            where = where_content(contract, column.name)
            rules.extend(column_rules(column, self.elements[column.element], self._values, where))
        rules.extend(delivery_rules(contract, self.is_dated(contract), self._values(OPERATION)))
        business = (*self.expectations["every_source"], *self.expectations.get(contract.name, ()))
        return (*rules, *(rule for expectation in business for rule in self._business_rules(expectation, contract)))

    def value_rules(self, columns: Mapping[str, Element]) -> tuple[Rule, ...]:
        """What values of elements can break by themselves and stand all the same: their warnings, on `columns`."""
        found: list[Rule] = []
        for name, element in columns.items():
            column = Column(header=element.title, name=name, element=element.name, title=element.title)
            rules = column_rules(column, element, self._values)
            found.extend(r for r in rules if r.severity == "warning" and r.columns == [name] and not r.where)
        return tuple(found)

    def _business_rules(self, expectation: Expectation, contract: Contract) -> Iterator[Rule]:
        rule = business_rule(expectation, contract, self.facts)
        if not expectation.elements:
            yield rule
        elif found := [name for element in expectation.elements for name in self.columns_of(contract, element)]:
            yield rule.model_copy(update={"arguments": {**rule.arguments, "of_columns": found}})

    def columns_of(self, contract: Contract, element: str) -> list[str]:
        """The columns of a source that hold values of a data element, if beside others."""
        return [
            column.name
            for column in contract.columns
            if element in (column.element, self.elements[column.element].holds)
        ]

    def facts(self, place: str) -> dict[str, str]:
        """What a further column of a code list says of each code, by `<list>.<column>`; ValueError for one unknown."""
        name, _, column = place.partition(".")
        if name not in self.codes:
            raise ValueError(f"there is no code list catalog/codes/{name}.csv")
        found = {code.code: code.facts[column] for code in self.codes[name] if column in code.facts}
        if not found:
            raise ValueError(f"catalog/codes/{name}.csv has no column `{column}`, or nothing in it")
        return found

    def _values(self, codes: str) -> list[str]:
        return [code.code for code in self.codes.get(codes, ())]

    def is_dated(self, contract: Contract) -> bool:
        """Whether a source's version is a date or a time, which can be compared with that of its receipt."""
        return contract.version is not None and self.element_of(contract, contract.version).is_dated

    def place_of(self, declared: Contract | GoldenRecord) -> Path:
        """The file that a source or a golden record is declared in."""
        folder = self.root / "foundation_dbs" / declared.database
        return (folder / "sources" if isinstance(declared, Contract) else folder) / f"{declared.name}.yml"

    def main_record(self, database: str) -> GoldenRecord | None:
        """The golden record that a database is about: that of its name, or the only one."""
        found = [record for record in self.records.values() if record.database == database]
        named = [record for record in found if record.name == database]
        return next(iter(named or (found if len(found) == 1 else [])), None)

    def table_beside(self, record: GoldenRecord, kind: str) -> str:
        """The table of a record's conflicts or findings: `conflict`, and `<record>_conflict` for all but the main."""
        return kind if record == self.main_record(record.database) else f"{record.name}_{kind}"

    def name_beside(self, record: GoldenRecord, kind: str) -> str:
        """The name by which models read that table: `<database>_conflict`, or `<record>_conflict`."""
        beside = self.table_beside(record, kind)
        return f"{record.database}_{kind}" if beside == kind else beside

    def feeders(self, record: GoldenRecord) -> tuple[Contract, ...]:
        """The sources of a golden record, in order of rank, then name."""
        found = [c for c in self.contracts.values() if c.feeds and c.feeds.record == record.name]
        return tuple(sorted(found, key=lambda c: (c.feeds.rank if c.feeds else 0, c.name)))

    def feeding_key(self, contract: Contract, record: GoldenRecord) -> tuple[str, ...]:
        """The columns of a source that hold the parts of the golden record's key, in their order."""
        return contract.feeds.key if contract.feeds and contract.feeds.key else record.key

    def authorities(self, record: GoldenRecord, name: str) -> tuple[tuple[Contract, str], ...]:
        """Sources and their columns for one attribute, in order: those it lists, then other feeders that have it."""
        attribute: Attribute = record.attributes[name]
        listed = []
        for place in attribute.sources:
            source, _, column = place.partition(".")
            listed.append((self.contracts[source], column or name))
        if attribute.others == "none":
            return tuple(listed)
        known = {contract.name for contract, _ in listed}
        for contract in self.feeders(record):
            if contract.name not in known and any(column.name == name for column in contract.columns):
                listed.append((contract, name))
        return tuple(listed)

    def attribute_element(self, record: GoldenRecord, name: str) -> Element:
        """The data element of an attribute: that of its first authority's column."""
        contract, column = self.authorities(record, name)[0]
        return self.element_of(contract, column)

    def attribute_title(self, record: GoldenRecord, name: str) -> str:
        contract, column = self.authorities(record, name)[0]
        return record.attributes[name].title or contract.column(column).title

    @property
    def single_agencies(self) -> dict[str, Agency]:
        """The agencies that are declared one by one."""
        return {name: agency for name, agency in self.agencies.items() if not isinstance(agency, RegionalAgency)}

    @property
    def known_agencies(self) -> str:
        """What agencies there are, for a message: single ones, and what those of kinds are called."""
        kinds = f"; and <kind>_<region code> of {', '.join(self.kinds)}" if self.kinds else ""
        return ", ".join(self.single_agencies) + kinds

    def city_prefixes(self) -> list[tuple[str, str]]:
        """(code prefix, city code), longest prefix first: the first that fits a region says whose it is."""
        pairs = [(prefix, city.code) for city in self.cities.values() for prefix in city.prefixes]
        return sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0]))
