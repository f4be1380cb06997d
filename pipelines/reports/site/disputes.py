"""Disputes about golden records: what is open between sources, and what people have settled, masked for who looks."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.project.workspace import Workspace
from pipelines.reports.site.masked import masked_value
from pipelines.steps.newest_day import newest_day
from pipelines.steps.overrides import last_words
from pipelines.steps.settling import KEY_SEPARATOR
from pipelines.tables.specs import OVERRIDES, conflict_spec


@dataclass(frozen=True)
class Override:
    """The last word of a person on an attribute, as it is shown. `is_over` is whether it has expired."""

    key: str
    attribute: str
    title: str
    value: str
    label: str | None
    reason: str
    expires_on: datetime.date
    is_over: bool
    decided_by: str | None
    settled_at: datetime.datetime


@dataclass(frozen=True)
class OpenConflict:
    """An attribute of a golden record on which sources disagree: the claims of each, the one that stands first."""

    key: str
    attribute: str
    claims: tuple[tuple[str, str], ...]


def overrides(workspace: Workspace, record: GoldenRecord, *, unmasked: bool = False) -> list[Override]:
    """The overrides of a golden record that were not withdrawn, the newest first."""
    catalog, lake = workspace.catalog, workspace.lake
    if not lake.exists(OVERRIDES.id):
        return []
    words = last_words(catalog, record, lake.read(OVERRIDES))
    words = words.filter(~words.withdrawn & words.attribute.isin([*record.attributes]))
    shown = words.select(
        "attribute",
        "reason",
        "expires_on",
        "decided_by",
        "settled_at",
        key=_key(catalog, record, words, unmasked),
        value=_value(catalog, record, words, unmasked),
    )
    day = newest_day(lake)
    return [
        Override(
            row["key"],
            row["attribute"],
            catalog.attribute_title(record, row["attribute"]),
            row["value"],
            _label(catalog, record, row["attribute"], row["value"]),
            row["reason"],
            row["expires_on"],
            bool(day and row["expires_on"] < day),
            row["decided_by"],
            row["settled_at"],
        )
        for row in lake.engine.rows(shown.order_by(shown.settled_at.desc()))
    ]


def open_conflicts(
    workspace: Workspace, record: GoldenRecord, most: int, *, unmasked: bool = False
) -> Iterator[OpenConflict]:
    """The first conflicts of a golden record that nobody has settled."""
    catalog, lake = workspace.catalog, workspace.lake
    conflicts = lake.read(conflict_spec(catalog, record))
    order = [*record.key, "attribute"]
    disputed = conflicts.select(*order).distinct().order_by(order).limit(most)
    claims = conflicts.semi_join(disputed, order)
    shown = claims.order_by([*order, claims.stands.desc(), "source"]).select(
        "attribute",
        "source",
        *record.key,
        shown_key=_key(catalog, record, claims, unmasked),
        shown_value=_value(catalog, record, claims, unmasked),
    )
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in lake.engine.rows(shown):
        found.setdefault(tuple(row[name] for name in order), []).append(row)
    for rows in found.values():
        pairs = tuple((row["source"], row["shown_value"]) for row in rows)
        yield OpenConflict(rows[0]["shown_key"], rows[0]["attribute"], pairs)


def _key(catalog: Catalog, record: GoldenRecord, rows: ir.Table, unmasked: bool) -> ir.StringValue:
    of_person = catalog.elements[record.entity].is_personal
    parts = [rows[part].cast("string") for part in record.key]
    if not unmasked:
        elements = [catalog.elements[part] for part in record.key]
        parts = [
            masked_value(part, element, catalog, of_person=of_person)
            for part, element in zip(parts, elements, strict=True)
        ]
    return functools.reduce(lambda joined, part: joined + KEY_SEPARATOR + part, parts)


def _value(catalog: Catalog, record: GoldenRecord, rows: ir.Table, unmasked: bool) -> ir.StringValue:
    """A value as its attribute's element masks it; nothing of an attribute that is declared no more."""
    if unmasked:
        return rows["value"]
    of_person = catalog.elements[record.entity].is_personal
    cases = [
        (
            rows.attribute == name,
            masked_value(rows["value"], catalog.attribute_element(record, name), catalog, of_person=of_person),
        )
        for name in record.attributes
    ]
    return ibis.cases(*cases, else_="***")


def _label(catalog: Catalog, record: GoldenRecord, attribute: str, value: str) -> str | None:
    codes = catalog.attribute_element(record, attribute).codes
    return next((code.title for code in catalog.codes[codes] if code.code == value), None) if codes else None
