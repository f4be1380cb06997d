"""A source as a data contract of the Open Data Contract Standard (Bitol), version 3.2, in YAML.

Rules stand as quality checks of Great Expectations' own types. What the standard has no field for, such as the sharing
type and its basis, stands in its custom properties, under the words of the regulation.
"""

from __future__ import annotations

import datetime
from typing import Any

import yaml

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.fingerprint import fingerprint
from pipelines.declarations.rule import SENT, Rule
from pipelines.project.catalogue_entry import GRADE_TITLES, CatalogueEntry, Item

API_VERSION = "v3.2.0"
MOST_CODES = 100  # a code list of more is named and not written out
LOGICAL = {"date": "date", "timestamp": "timestamp", "int64": "integer", "string": "string"}
FREQUENCIES = {"daily": (1, "d"), "weekly": (7, "d"), "monthly": (1, "m"), "quarterly": (3, "m"), "yearly": (1, "y")}


def as_odcs(catalog: Catalog, entry: CatalogueEntry) -> str:
    """The contract as YAML; its version is a digest of what is declared."""
    return yaml.safe_dump(_contract(catalog, entry), allow_unicode=True, sort_keys=False, width=120)


def _contract(catalog: Catalog, entry: CatalogueEntry) -> dict[str, Any]:
    contract = entry.contract
    rules = catalog.rules(contract)
    return _filled_in(
        {
            "apiVersion": API_VERSION,
            "kind": "DataContract",
            "id": contract.name,
            "version": fingerprint(contract, contract.entry, [item.element for item in entry.items]),
            "name": contract.title,
            "status": "active",
            "domain": contract.database,
            "tags": [*entry.classification],
            "description": {"purpose": entry.summary, "usage": entry.scope, "limitations": entry.condition},
            "servers": [_server(entry)],
            "schema": [
                {
                    "id": contract.name,
                    "name": contract.name,
                    "businessName": contract.title,
                    "logicalType": "object",
                    "physicalType": "table" if contract.table else "file",
                    "properties": [_property(catalog, entry, item, rules) for item in entry.items],
                    "quality": [_quality(rule) for rule in rules if not _is_of_one_column(rule, entry)],
                }
            ],
            "team": {"name": catalog.agencies[contract.responsible].title, "members": _members(entry)},
            "roles": [{"role": entry.sharing, "access": "read", "description": entry.mode}],
            "slaProperties": _agreed(entry),
            "customProperties": [
                {"property": name, "value": value} for name, value in _regulated(catalog, entry).items() if value
            ],
            "contractCreatedTs": _midnight(contract.entry.issued_on),
        }
    )


def _filled_in(value: Any) -> Any:
    """What is known of a value: fields that hold nothing are left out."""
    if isinstance(value, dict):
        return {name: _filled_in(part) for name, part in value.items() if part not in (None, [], {})}
    return [_filled_in(part) for part in value] if isinstance(value, list) else value


def _server(entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "server": "delivery",
        "type": "custom",
        "description": f"{entry.contract.system}：{entry.form}，{entry.format}",
    }


def _property(catalog: Catalog, entry: CatalogueEntry, item: Item, rules: tuple[Rule, ...]) -> dict[str, Any]:
    contract, element = entry.contract, item.element
    codes = catalog.codes.get(element.code_list or "", ())
    header = contract.column(item.name).header
    return {
        "id": item.name,
        "name": item.name,
        "physicalName": header,
        "businessName": item.title,
        "description": element.title,
        "logicalType": LOGICAL.get(element.type, "number"),
        "physicalType": element.type,
        "required": item.is_required,
        "primaryKey": item.is_key,
        "primaryKeyPosition": contract.key.index(item.name) + 1 if item.is_key else None,
        "classification": item.grade,
        "enum": [{"value": code.code, "label": code.title} for code in codes] if len(codes) <= MOST_CODES else None,
        "quality": [
            _quality(rule) for rule in rules if _is_of_one_column(rule, entry) and rule.columns[0] == item.name
        ],
        "customProperties": [
            {"property": name, "value": value}
            for name, value in (
                ("dataElement", element.name),
                ("standard", element.standard),
                ("codeList", element.code_list),
            )
            if value
        ],
    }


def _is_of_one_column(rule: Rule, entry: CatalogueEntry) -> bool:
    return len(rule.columns) == 1 and rule.columns[0] in {item.name for item in entry.items}


def _conditions(rule: Rule) -> dict[str, Any]:
    """The rows that a rule applies to: those with a value in some columns, or one of some codes."""
    sent = [name.removesuffix(SENT) for name in rule.where if not name.startswith("_")]
    codes = {name: list(codes) for name, codes in rule.only.items()}
    return {name: value for name, value in (("whereFilled", sent), ("whereCodes", codes)) if value}


def _quality(rule: Rule) -> dict[str, Any]:
    arguments = {name: value for name, value in rule.arguments.items() if not _is_long(value)}
    return {
        "name": rule.code,
        "description": rule.title,
        "type": "custom",
        "engine": "greatExpectations",
        "severity": rule.severity,
        "implementation": {"type": rule.type, "kwargs": _plain(arguments), **_conditions(rule)},
    }


def _is_long(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > MOST_CODES


def _plain(value: Any) -> Any:
    """A value as YAML writes it, whatever Python calls it."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _members(entry: CatalogueEntry) -> list[dict[str, Any]]:
    roles = [("采集部门", entry.collected_by), ("核准部门", entry.approved_by)]
    roles += [("提供部门", agency) for agency in entry.provided_by]
    return [{"username": agency.name, "name": agency.title, "role": role} for role, agency in roles if agency]


def _agreed(entry: CatalogueEntry) -> list[dict[str, Any]]:
    amount = FREQUENCIES.get(entry.contract.update)
    if amount is None:
        return [{"property": "frequency", "value": entry.contract.update, "description": entry.update}]
    return [{"property": "frequency", "value": amount[0], "unit": amount[1], "description": entry.update}]


def _regulated(catalog: Catalog, entry: CatalogueEntry) -> dict[str, str | None]:
    contract, declared = entry.contract, entry.contract.entry
    return {
        "catalogueCode": declared.code,
        "legalBasis": contract.legal_basis,
        "sharing": entry.sharing,
        "sharingReason": contract.reason,
        "sharingBasis": contract.sharing_basis,
        "sharingCondition": contract.condition,
        "sharingScope": entry.scope,
        "sharingMode": entry.mode,
        "openness": entry.openness,
        "openCondition": declared.open_condition,
        "dataForm": entry.form,
        "dataFormat": entry.format,
        "system": contract.system,
        "classification": "/".join(entry.classification),
        "grade": GRADE_TITLES[entry.grade],
    }


def _midnight(day: datetime.date | None) -> str | None:
    return f"{day.isoformat()}T00:00:00+08:00" if day else None
