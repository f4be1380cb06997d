"""What an agency's page shows: the conflicts and findings that it must act on, counted, with masked examples."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Agency, Catalog
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.project.workspace import Workspace
from pipelines.reports.site.batches import Batch, Deliveries
from pipelines.reports.site.masked import masked_value
from pipelines.reports.site.sources import EXAMPLES, Source
from pipelines.tables.specs import conflict_spec, finding_spec
from pipelines.tables.verdict import Verdict

KEY_SEPARATOR = "、"


@dataclass(frozen=True)
class Claim:
    """What one source says, masked, and where it stands."""

    source: str
    title: str
    value: str
    label: str | None
    stands: bool
    batch: Batch | None
    row: int


@dataclass(frozen=True)
class Disagreement:
    """One attribute of one golden record on which sources disagree; `key` is masked."""

    key: str
    attribute: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Finding:
    """One row that contradicts another table; `subject` is masked."""

    rule: str
    title: str
    subject: str
    source: str
    source_title: str
    batch: Batch | None
    row: int


@dataclass(frozen=True)
class Doubts:
    """What one golden record's database asks of one agency. Counts are complete, examples are the first 200.

    `conflicts` counts disputed attributes, (title, count) each; `findings` rows, (rule, title, count) each.
    """

    record: GoldenRecord
    key_title: str
    subject_title: str
    conflicts: list[tuple[str, int]]
    disagreements: list[Disagreement]
    findings: list[tuple[str, str, int]]
    found: list[Finding]

    @property
    def conflict_count(self) -> int:
        return sum(count for _, count in self.conflicts)

    @property
    def finding_count(self) -> int:
        return sum(count for _, _, count in self.findings)


@dataclass(frozen=True)
class Part:
    """What of a source is one agency's: the batches that it delivered, and the quarantined rows it must act on."""

    source: Source
    batches: list[Batch]
    quarantined: int

    @property
    def rows(self) -> int:
        return sum(batch.rows for batch in self.batches)

    @property
    def held(self) -> int:
        return sum(batch.verdict == Verdict.HELD for batch in self.batches)


@dataclass(frozen=True)
class AgencyPage:
    """An agency with its part of each source and what it must act on."""

    agency: Agency
    parts: list[Part]
    doubts: list[Doubts]

    @property
    def conflict_count(self) -> int:
        return sum(doubt.conflict_count for doubt in self.doubts)

    @property
    def finding_count(self) -> int:
        return sum(doubt.finding_count for doubt in self.doubts)

    @property
    def quarantined(self) -> int:
        return sum(part.quarantined for part in self.parts)

    @property
    def held(self) -> int:
        return sum(part.held for part in self.parts)


def read_agencies(workspace: Workspace, sources: Iterable[Source], deliveries: Deliveries) -> list[AgencyPage]:
    """A page for every agency that has a part of a source, or that a conflict or finding names."""
    by_agency: dict[str, list[Part]] = {}
    for source in sources:
        for name, part in _parts(source).items():
            by_agency.setdefault(name, []).append(part)
    pages = []
    named = [(record, _named(workspace, record)) for record in workspace.catalog.records.values()]
    for name, agency in workspace.catalog.agencies.items():
        doubts = [_doubts(workspace, record, name, deliveries) for record, acting in named if name in acting]
        if name in by_agency or doubts:
            pages.append(AgencyPage(agency, by_agency.get(name, []), doubts))
    return pages


def _parts(source: Source) -> dict[str, Part]:
    """A source shared out; its own agency has a part of it whatever was delivered."""
    batches: dict[str, list[Batch]] = {source.contract.responsible: []}
    for batch in source.batches:
        batches.setdefault(batch.agency, []).append(batch)
    names = dict.fromkeys([*batches, *source.acting])
    return {name: Part(source, batches.get(name, []), source.acting.get(name, 0)) for name in names}


def _named(workspace: Workspace, record: GoldenRecord) -> set[str]:
    """The agencies that a conflict or finding names: few of all that there are."""
    catalog, lake = workspace.catalog, workspace.lake
    doubts = [lake.read(spec(catalog, record)).select("agency") for spec in (conflict_spec, finding_spec)]
    return {row["agency"] for row in lake.engine.rows(ibis.union(*doubts, distinct=True))}


def _doubts(workspace: Workspace, record: GoldenRecord, agency: str, deliveries: Deliveries) -> Doubts:
    catalog, lake = workspace.catalog, workspace.lake
    conflicts, claims, found = doubts_of(workspace, record, agency)
    items = claims.select(*record.key, "attribute").distinct()
    disputed = items.group_by("attribute").agg(count=items.count())
    broken = found.group_by("rule", "title").agg(count=found.count())
    attributes = [
        (attribute_title(catalog, record, row["attribute"]), row["count"])
        for row in lake.engine.rows(disputed.order_by(disputed["count"].desc(), "attribute"))
    ]
    rules = [
        (row["rule"], row["title"], row["count"])
        for row in lake.engine.rows(broken.order_by(broken["count"].desc(), "rule"))
    ]
    return Doubts(
        record,
        KEY_SEPARATOR.join(catalog.elements[part].title for part in record.key),
        catalog.elements[record.entity].title,
        attributes,
        _disagreements(workspace, record, conflicts, claims, deliveries) if attributes else [],
        rules,
        _found(workspace, record, found, deliveries) if rules else [],
    )


def doubts_of(workspace: Workspace, record: GoldenRecord, agency: str) -> tuple[ir.Table, ir.Table, ir.Table]:
    """All claims in conflict of a golden record, those of them that are the agency's, and the agency's findings."""
    catalog, lake = workspace.catalog, workspace.lake
    conflicts, findings = lake.read(conflict_spec(catalog, record)), lake.read(finding_spec(catalog, record))
    return conflicts, conflicts.filter(conflicts.agency == agency), findings.filter(findings.agency == agency)


def attribute_title(catalog: Catalog, record: GoldenRecord, attribute: str) -> str:
    return catalog.attribute_title(record, attribute) if attribute in record.attributes else attribute


def _evenly(rows: ir.Table, kind: str, order: list[str], most: int) -> ir.Table:
    """The first rows, taken in turn from each `kind` so that none goes unseen; `_item` numbers them."""
    placed = rows.mutate(_turn=ibis.row_number().over(ibis.window(group_by=kind, order_by=order)))
    first = placed.order_by("_turn", kind, *order).limit(most)
    return first.mutate(_item=ibis.row_number().over(ibis.window(order_by=[kind, *order]))).drop("_turn")


def _disagreements(
    workspace: Workspace, record: GoldenRecord, conflicts: ir.Table, claims: ir.Table, deliveries: Deliveries
) -> list[Disagreement]:
    catalog = workspace.catalog
    masked = masked_claims(catalog, record, conflicts, claims, EXAMPLES)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in workspace.lake.engine.rows(masked):
        found.setdefault(row["_item"], []).append(row)
    return [
        Disagreement(
            rows[0]["key"],
            attribute_title(catalog, record, rows[0]["attribute"]),
            tuple(_claim(catalog, record, row, deliveries) for row in rows),
        )
        for rows in found.values()
    ]


def masked_claims(
    catalog: Catalog, record: GoldenRecord, conflicts: ir.Table, own_claims: ir.Table, most: int
) -> ir.Table:
    """All claims on the first disputed attributes, numbered by `_item`, the claim that stands before the others."""
    items = _evenly(own_claims.select(*record.key, "attribute").distinct(), "attribute", [*record.key], most)
    claims = conflicts.inner_join(items, [*record.key, "attribute"])
    masked = claims.select(
        "_item",
        "attribute",
        "source",
        "stands",
        "batch",
        "row",
        key=_masked_key(catalog, record, claims),
        value=_claimed(catalog, record, claims),
    )
    return masked.order_by("_item", masked.stands.desc(), "source", "batch", "row")


def _masked_key(catalog: Catalog, record: GoldenRecord, claims: ir.Table) -> ir.StringValue:
    parts = (_masked_part(catalog, record, part, claims[part].cast("string")) for part in record.key)
    return functools.reduce(lambda joined, part: joined + KEY_SEPARATOR + part, parts)


def _masked_part(catalog: Catalog, record: GoldenRecord, part: str, value: ir.StringValue) -> ir.StringValue:
    of_person = catalog.elements[record.entity].is_personal
    return masked_value(value, catalog.elements[part], catalog, of_person=of_person)


def _claimed(catalog: Catalog, record: GoldenRecord, claims: ir.Table) -> ir.StringValue:
    """A claim's value as the attribute's own element masks it; nothing of an attribute that is not declared."""
    of_person = catalog.elements[record.entity].is_personal
    cases = [
        (
            claims.attribute == name,
            masked_value(claims.value, catalog.attribute_element(record, name), catalog, of_person=of_person),
        )
        for name in record.attributes
    ]
    return ibis.cases(*cases, else_="***")


def _claim(catalog: Catalog, record: GoldenRecord, row: dict[str, Any], deliveries: Deliveries) -> Claim:
    contract = catalog.contracts.get(row["source"])
    return Claim(
        row["source"],
        contract.title if contract else row["source"],
        row["value"],
        _label(catalog, record, row),
        row["stands"],
        deliveries.by_name.get(row["batch"]),
        row["row"],
    )


def _label(catalog: Catalog, record: GoldenRecord, row: Mapping[str, Any]) -> str | None:
    """What a shown code means."""
    if row["attribute"] not in record.attributes:
        return None
    codes = catalog.attribute_element(record, row["attribute"]).codes
    return next((code.title for code in catalog.codes[codes] if code.code == row["value"]), None) if codes else None


def _found(workspace: Workspace, record: GoldenRecord, found: ir.Table, deliveries: Deliveries) -> list[Finding]:
    catalog = workspace.catalog
    return [
        Finding(
            row["rule"],
            row["title"],
            row["subject"],
            row["source"],
            catalog.contracts[row["source"]].title if row["source"] in catalog.contracts else row["source"],
            deliveries.by_name.get(row["batch"]),
            row["row"],
        )
        for row in workspace.lake.engine.rows(masked_findings(catalog, record, found, EXAMPLES))
    ]


def masked_findings(catalog: Catalog, record: GoldenRecord, found: ir.Table, most: int) -> ir.Table:
    """The first findings, numbered by `_item`."""
    items = _evenly(found, "rule", ["subject", "source", "batch", "row"], most)
    subject = _masked_part(catalog, record, record.entity, items.subject)
    return items.select("_item", "rule", "title", "source", "batch", "row", subject=subject).order_by("_item")
