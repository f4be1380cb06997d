"""The catalogue as DCAT 3 (W3C), in JSON-LD: a dataset per source and per foundation and theme table.

Frequencies, access rights and media types are those of the EU's and IANA's lists, which harvesters know; the columns of
a dataset are described in CSV on the Web's words. What DCAT has no word for stands in `dct:rights`.
"""

from __future__ import annotations

import json
from typing import Any

from pipelines.declarations.agency import Agency
from pipelines.project.catalogue_entry import (
    AUTHORITY,
    FOUNDATION,
    GRADE_TITLES,
    CatalogueEntry,
    Item,
    database_title,
    strictest,
)
from pipelines.reports.catalogue.described import Described, DescribedTable
from pipelines.tables.layout import TableId
from pipelines.tables.table import ColumnSpec

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "adms": "http://www.w3.org/ns/adms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
FREQUENCIES = {
    "realtime": "UPDATE_CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "yearly": "ANNUAL",
}
ACCESS = "http://publications.europa.eu/resource/authority/access-right/"
MEDIA = "https://www.iana.org/assignments/media-types/"
IN_FILES = {
    "CSV": "text/csv",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "JSONL": "application/jsonl",
    "Parquet": "application/vnd.apache.parquet",
}
DATATYPES = {"date": "xsd:date", "int64": "xsd:integer", "boolean": "xsd:boolean"}
LANGUAGE = "zh"
CHINESE = "http://publications.europa.eu/resource/authority/language/ZHO"


def as_dcat(described: Described, base: str) -> str:
    """The whole catalogue as a JSON-LD document; `base` begins the IRIs of what has none of its own."""
    return json.dumps(_Document(described, base).whole(), ensure_ascii=False, indent=2) + "\n"


class _Document:
    def __init__(self, described: Described, base: str) -> None:
        self._described, self._catalog, self._base = described, described.catalog, base

    def whole(self) -> dict[str, Any]:
        datasets = [
            *(self._source(entry) for entry in self._described.entries),
            *(self._table(table) for table in self._described.tables),
        ]
        moments, released_at = self._described.moments, self._described.moments.released_at
        authority = self._catalog.agencies.get(AUTHORITY)
        catalogue = {
            "@id": f"{self._base}catalog",
            "@type": "dcat:Catalog",
            "dct:title": _text("公共数据目录"),
            "dct:description": _text("基础库、主题库及其数据来源的目录。"),
            "dct:language": {"@id": CHINESE},
            **({"dct:publisher": {"@id": self._agency_id(authority)}} if authority else {}),
            **({"dct:modified": _moment(released_at.isoformat())} if released_at else {}),
            **({"dcat:version": str(moments.release)} if moments.release is not None else {}),
            "dcat:themeTaxonomy": {"@id": f"{self._base}theme"},
            "dcat:dataset": [{"@id": dataset["@id"]} for dataset in datasets],
        }
        return {"@context": CONTEXT, "@graph": [catalogue, *datasets, *self._agencies(), *self._themes()]}

    def _source(self, entry: CatalogueEntry) -> dict[str, Any]:
        contract = entry.contract
        identifier = f"{self._base}source:{contract.name}"
        received = self._described.moments.received.get(contract.name)
        issued = contract.entry.issued_on
        cited = [contract.legal_basis, *([contract.sharing_basis] if contract.sharing_basis else [])]
        return {
            "@id": identifier,
            "@type": "dcat:Dataset",
            "dct:identifier": contract.name,
            **({"adms:identifier": contract.entry.code} if contract.entry.code else {}),
            "dct:title": _text(contract.title),
            "dct:description": _text(entry.summary),
            "dct:language": {"@id": CHINESE},
            "dct:publisher": {"@id": self._agency_id(self._catalog.agencies[contract.responsible])},
            **({"dct:creator": {"@id": self._agency_id(entry.collected_by)}} if entry.collected_by else {}),
            "dct:contributor": [{"@id": self._agency_id(agency)} for agency in entry.provided_by],
            "dct:accrualPeriodicity": {"@id": FREQUENCY + FREQUENCIES[contract.update]},
            "dct:accessRights": {"@id": ACCESS + _access(contract.openness, contract.sharing)},
            "dct:rights": _statement(_rights(entry)),
            "dct:conformsTo": [self._cited(basis) for basis in cited],
            "dcat:theme": {"@id": self._theme_id("foundation", contract.database)},
            "dcat:keyword": [_text(item.title) for item in entry.items],
            **({"dct:issued": {"@value": issued.isoformat(), "@type": "xsd:date"}} if issued else {}),
            **({"dct:modified": _moment(received.isoformat())} if received else {}),
            "csvw:tableSchema": {
                "@type": "csvw:Schema",
                "csvw:primaryKey": [*contract.key],
                "csvw:column": [_item(item) for item in entry.items],
            },
            "dcat:distribution": self._distributions(identifier, entry),
        }

    def _distributions(self, identifier: str, entry: CatalogueEntry) -> list[dict[str, Any]]:
        shared = {"@type": "dcat:Distribution", "dct:rights": _statement(entry.mode)}
        system = _text(f"{entry.contract.system}（{entry.form}）")
        if entry.contract.table:
            own = {"@id": f"{identifier}:table", "dct:title": system, "dct:format": entry.format}
            return [{**own, **shared}]
        return [
            {
                "@id": f"{identifier}:{name.lower()}",
                "dct:title": system,
                "dct:format": name,
                "dcat:mediaType": {"@id": MEDIA + media},
                **shared,
            }
            for name, media in IN_FILES.items()
        ]

    def _table(self, table: DescribedTable) -> dict[str, Any]:
        spec, released_at = table.spec, self._described.moments.released_at
        grade = strictest([column.grade for column in spec.columns])
        authority = self._catalog.agencies.get(AUTHORITY)
        return {
            "@id": self._table_id(spec.id),
            "@type": "dcat:Dataset",
            "dct:identifier": spec.id.path,
            "dct:title": _text(spec.title),
            "dct:description": {"@value": spec.description, "@language": "en"},
            "dct:language": {"@id": CHINESE},
            **({"dct:publisher": {"@id": self._agency_id(authority)}} if authority else {}),
            "dct:accessRights": {"@id": ACCESS + ("RESTRICTED" if grade == "public" else "NON_PUBLIC")},
            "dct:rights": _statement(f"数据级别：{GRADE_TITLES[grade]}"),
            "dcat:theme": {"@id": self._theme_id(spec.id.layer, spec.id.folders[0])},
            **({"dct:modified": _moment(released_at.isoformat())} if released_at else {}),
            "prov:wasDerivedFrom": [{"@id": origin} for origin in dict.fromkeys(map(self._table_id, table.inputs))],
            "csvw:tableSchema": {
                "@type": "csvw:Schema",
                "csvw:primaryKey": [*spec.key],
                "csvw:column": [_column(column) for column in spec.columns],
            },
            "dcat:distribution": [
                {
                    "@id": f"{self._table_id(spec.id)}:delta",
                    "@type": "dcat:Distribution",
                    "dct:title": _text(f"{spec.title}（库表）"),
                    "dct:format": "Delta Lake",
                    "dcat:mediaType": {"@id": MEDIA + IN_FILES["Parquet"]},
                }
            ],
        }

    def _table_id(self, table: TableId) -> str:
        """The dataset that a table belongs to: standard tables are their source's."""
        is_of_source = table.name in self._catalog.contracts and not table.folders
        return (
            f"{self._base}source:{table.name}" if is_of_source else f"{self._base}table:{table.path.replace('/', ':')}"
        )

    def _cited(self, basis: str) -> dict[str, Any]:
        short, _, article = basis.partition(" ")
        regulation = self._catalog.regulations.get(short)
        title = f"《{regulation.title}》{article}" if regulation else basis
        return {"@type": "dct:Standard", "dct:identifier": basis, "dct:title": _text(title)}

    def _agency_id(self, agency: Agency) -> str:
        return f"{self._base}agency:{agency.name}"

    def _agencies(self) -> list[dict[str, Any]]:
        """The agencies that something is said of, and no other."""
        named = {contract.responsible for contract in self._catalog.contracts.values()} | {AUTHORITY}
        for entry in self._described.entries:
            named |= {agency.name for agency in entry.provided_by}
            named |= {entry.collected_by.name} if entry.collected_by else set()
        return [
            {"@id": self._agency_id(agency), "@type": "foaf:Agent", "foaf:name": _text(agency.title)}
            for name, agency in self._catalog.agencies.items()
            if name in named
        ]

    def _theme_id(self, layer: str, database: str) -> str:
        return f"{self._base}theme:{layer}:{database}"

    def _themes(self) -> list[dict[str, Any]]:
        scheme = {
            "@id": f"{self._base}theme",
            "@type": "skos:ConceptScheme",
            "dct:title": _text("政务信息资源分类"),
        }
        used = {("foundation", entry.contract.database): None for entry in self._described.entries}
        used |= {(table.spec.id.layer, table.spec.id.folders[0]): None for table in self._described.tables}
        return [
            scheme,
            *(
                {
                    "@id": self._theme_id(layer, database),
                    "@type": "skos:Concept",
                    "skos:inScheme": {"@id": scheme["@id"]},
                    "skos:prefLabel": _text(self._theme_title(layer, database)),
                }
                for layer, database in used
            ),
        ]

    def _theme_title(self, layer: str, database: str) -> str:
        if layer == "foundation":
            return f"{FOUNDATION}：{database_title(self._catalog, database)}"
        return f"主题信息资源类：{database}"


def _item(item: Item) -> dict[str, Any]:
    return {
        "csvw:name": item.name,
        "csvw:title": _text(item.title),
        "csvw:datatype": _datatype(item.element.type),
        "csvw:required": item.is_required,
        "dct:description": _text(item.element.title),
        "dct:accessRights": _statement(GRADE_TITLES[item.grade]),
    }


def _column(column: ColumnSpec) -> dict[str, Any]:
    return {
        "csvw:name": column.name,
        "csvw:title": _text(column.title),
        "csvw:datatype": _datatype(column.type),
        "dct:accessRights": _statement(GRADE_TITLES[column.grade]),
    }


def _datatype(kind: str) -> str:
    if kind.startswith("timestamp"):
        return "xsd:dateTime"
    return "xsd:decimal" if kind.startswith("decimal") else DATATYPES.get(kind, "xsd:string")


def _access(openness: str, sharing: str) -> str:
    if openness == "unconditional":
        return "PUBLIC"
    return "NON_PUBLIC" if sharing == "none" else "RESTRICTED"


def _rights(entry: CatalogueEntry) -> str:
    stated = [f"共享类型：{entry.sharing}", f"共享范围：{entry.scope}", f"共享方式：{entry.mode}"]
    stated += [f"共享条件：{entry.condition}"] if entry.condition else []
    stated += [f"理由：{entry.contract.reason}"] if entry.contract.reason else []
    stated += [f"开放属性：{entry.openness}"]
    stated += [f"开放条件：{entry.contract.entry.open_condition}"] if entry.contract.entry.open_condition else []
    return "；".join([*stated, f"数据级别：{GRADE_TITLES[entry.grade]}"])


def _text(text: str) -> dict[str, str]:
    return {"@value": text, "@language": LANGUAGE}


def _statement(text: str) -> dict[str, Any]:
    return {"@type": "dct:RightsStatement", "dct:title": _text(text)}


def _moment(instant: str) -> dict[str, str]:
    return {"@value": instant, "@type": "xsd:dateTime"}
